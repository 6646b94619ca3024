using System.Diagnostics;
using System.Globalization;
using System.Numerics;

namespace Strata.Conformance.Differential;

/// <summary>
/// Makes a differing case smaller while it still differs: units are left out (in halves, then quarters, then one by one), then registers
/// start as 0 or 1.
/// </summary>
/// <param name="differs">Runs a candidate; true when it still differs.</param>
public sealed class Shrinker(Func<Parameters, bool> differs)
{
    /// <summary>Candidates tried at most; each is a start of both machines.</summary>
    private const int Limit = 200;

    /// <summary>Time after which the best so far is taken.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(2);

    private readonly long _start = Stopwatch.GetTimestamp();
    private int _tried;

    /// <summary>Shrinks one case.</summary>
    /// <param name="single">Parameters of the case alone.</param>
    /// <param name="expected">What the oracle printed for it, with its units.</param>
    public Parameters Shrink(Parameters single, ProgramOutput expected)
    {
        int units = expected.Lines.Count(line => line.StartsWith("unit ", StringComparison.Ordinal));
        ulong all = units >= 64 ? ulong.MaxValue : (1UL << units) - 1;
        Parameters best = Drop(single, all, parameters => parameters.Skip, (parameters, mask) => parameters with { Skip = mask });
        best = Drop(best, 0xffff_fffe, parameters => parameters.ZeroIntegers, (parameters, mask) => parameters with { ZeroIntegers = (uint)mask });
        best = Drop(best, uint.MaxValue, parameters => parameters.ZeroFloats, (parameters, mask) => parameters with { ZeroFloats = (uint)mask });
        best = Drop(
            best,
            0xffff_fffe & ~best.ZeroIntegers,
            parameters => parameters.OneIntegers,
            (parameters, mask) => parameters with { OneIntegers = (uint)mask });
        return Drop(
            best,
            ~best.ZeroFloats,
            parameters => parameters.OneFloats,
            (parameters, mask) => parameters with { OneFloats = (uint)mask });
    }

    /// <summary>Sets as many of the allowed bits as possible, in runs of shrinking size.</summary>
    private Parameters Drop(Parameters best, ulong allowed, Func<Parameters, ulong> get, Func<Parameters, ulong, Parameters> set)
    {
        for (int size = 64; size > 0; size /= 2)
        {
            for (int at = 0; at < 64; at += size)
            {
                ulong run = (size == 64 ? ulong.MaxValue : ((1UL << size) - 1) << at) & allowed & ~get(best);
                if (run == 0 || _tried >= Limit || Stopwatch.GetElapsedTime(_start) > s_patience || (size > 1 && BitOperations.PopCount(run) == 1)) continue;
                Parameters candidate = set(best, get(best) | run);
                _tried++;
                if (differs(candidate)) best = candidate;
            }
        }

        return best;
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{_tried} candidates tried");
}
