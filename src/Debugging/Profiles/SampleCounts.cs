using Strata.Cpu;
using Strata.Machines.Carriers;

namespace Strata.Debugging.Profiles;

/// <summary>Samples as they come in, before anybody knows which block they are in.</summary>
/// <param name="code">Of the machine that is sampled.</param>
internal sealed class SampleCounts(TranslatedCode code)
{
    private readonly (nint Address, int SizeBytes) _place = code.Place;

    /// <summary>In blocks: by place in the host's code, which means something while its generation's code is there, and the virtual address of the guest's page.</summary>
    public Dictionary<(nint HostAddress, int Generation, ulong VirtualPage), int> InBlocks { get; } = [];

    /// <summary>In the monitor: by the guest's program counter.</summary>
    public Dictionary<ulong, int> InMonitor { get; } = [];

    public int Waiting { get; private set; }

    public int Stubs { get; private set; }

    public int Total { get; private set; }

    /// <summary>Counts one; on the event loop.</summary>
    public void Add(HartSample sample)
    {
        Total++;
        if (!sample.IsRunning)
        {
            Waiting++;
            return;
        }

        if (sample.ProgramCounter >= _place.Address && sample.ProgramCounter < _place.Address + _place.SizeBytes)
        {
            Count(InBlocks, (sample.ProgramCounter, code.Generation, sample.Word));
            return;
        }

        if (code.StubAt(sample.ProgramCounter) is not null)
            Stubs++;
        else if (sample.Processor is Hart hart)
            Count(InMonitor, hart.State.Pc);
    }

    private static void Count<T>(Dictionary<T, int> counts, T key)
        where T : notnull => counts[key] = counts.GetValueOrDefault(key) + 1;
}
