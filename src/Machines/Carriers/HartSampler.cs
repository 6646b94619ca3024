using Strata.Guest.Processors;
using Strata.Host;

namespace Strata.Machines.Carriers;

/// <summary>Where a hart was.</summary>
/// <param name="Processor">The hart.</param>
/// <param name="IsRunning">A carrier ran it; otherwise it waits, and the rest is 0.</param>
/// <param name="ProgramCounter">The instruction of the host that its carrier would have executed next.</param>
/// <param name="Word">In the range that was named: the doubleword there.</param>
public readonly record struct HartSample(IProcessor Processor, bool IsRunning, nint ProgramCounter, ulong Word);

/// <summary>Asks a machine's harts again and again where they are, on the event loop's timer. They are interrupted for about two microseconds each time.</summary>
/// <remarks>A question is answered before the next tick; a carrier that the host does not run then is not asked again until it has answered.</remarks>
internal sealed class HartSampler
{
    private readonly Machine _machine;
    private readonly CarrierPool _carriers;
    private readonly LoopTimer _timer;
    private readonly long _period;
    private readonly Action<HartSample> _take;
    private readonly Func<ThreadProbe> _makeProbe;
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationToken _cancellation;

    // On the event loop only.
    private readonly Dictionary<IProcessor, ThreadProbe> _probes = [];
    private int _ticksLeft;
    private long _next;

    public HartSampler(
        Machine machine, HostResources host, long periodNanoseconds, int ticks, Func<ThreadProbe> makeProbe, Action<HartSample> take, CancellationToken cancellation)
    {
        _machine = machine;
        _carriers = host.Carriers;
        _period = periodNanoseconds;
        _ticksLeft = ticks;
        _makeProbe = makeProbe;
        _take = take;
        _cancellation = cancellation;
        _timer = host.EventLoop.CreateTimer(Tick);
        _next = MonotonicClock.Nanoseconds + periodNanoseconds;
        _timer.Set(_next);
    }

    /// <summary>Completes after the last tick, or when the machine has ended.</summary>
    public Task Done => _done.Task;

    private void Tick()
    {
        try
        {
            if (_ticksLeft-- > 0 && !_cancellation.IsCancellationRequested && _machine.TryInspect(Ask))
            {
                // Ticks that were missed are not made up for.
                _next = Math.Max(_next + _period, MonotonicClock.Nanoseconds);
                _timer.Set(_next);
                return;
            }

            Finish(null);
        }
        catch (Exception failure)
        {
            // The boundary of the event loop: whoever waits for the samples learns why there are none.
            Finish(failure);
        }
    }

    private void Ask(IReadOnlyList<IProcessor> harts)
    {
        foreach (IProcessor hart in harts)
        {
            if (!_probes.TryGetValue(hart, out ThreadProbe? probe))
                _probes.Add(hart, probe = _makeProbe());
            if (probe.TryTake(out ThreadPlace place))
                _take(new HartSample(hart, true, place.ProgramCounter, place.Word));
            int thread = probe.IsWaiting ? 0 : _carriers.ThreadOf(hart);
            if (thread != 0)
                _ = probe.Ask(thread);
            else if (!probe.IsWaiting)
                _take(new HartSample(hart, false, 0, 0));
        }
    }

    private void Finish(Exception? failure)
    {
        foreach (ThreadProbe probe in _probes.Values)
            probe.Dispose();
        _probes.Clear();
        _ = failure is null ? _done.TrySetResult() : _done.TrySetException(failure);
    }
}
