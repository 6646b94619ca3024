using Strata.Devices.Consoles;
using Strata.Guest.Memory;
using Strata.Guest.Ports;
using Strata.Guest.Processors;
using Strata.Guest.Time;
using Strata.Host;
using Strata.Machines.Carriers;

namespace Strata.Machines;

/// <summary>One virtual machine: its parts, connected by <see cref="MachineBuilder"/>, and its life from start to exit.</summary>
/// <remarks>Phases are drawn at <see cref="MachinePhase"/>; they change under one lock, and any thread may ask for a change.</remarks>
public sealed class Machine : IDisposable
{
    private readonly HostResources _host;
    private readonly FrameAllocator _frames;
    private readonly Lock _lock = new();

    // Held while somebody looks at the harts from outside, and while they are disposed of. Taken before _lock.
    private readonly Lock _inspecting = new();
    private readonly List<Action<MachineExit>> _exitContinuations = [];

    // Set by the builder, before Start.
    private CarrierTask[] _tasks = [];
    private IProcessor[] _harts = [];

    // Guarded by _lock; the phase is also read without it.
    private volatile MachinePhase _phase;
    private MachineExit? _exit;
    private int _tasksLeft;
    private bool _disposed;

    // What the harts had retired when they were disposed of.
    private ulong _instructionsRetired;

    internal Machine(HostResources host, MachineConfiguration configuration, FrameAllocator frames)
    {
        _host = host;
        _frames = frames;
        Configuration = configuration;
    }

    /// <summary>What was asked for.</summary>
    public MachineConfiguration Configuration { get; }

    /// <summary>What it is doing.</summary>
    public MachinePhase Phase => _phase;

    /// <summary>How it ended, once it is <see cref="MachinePhase.Off"/>.</summary>
    public MachineExit? Exit
    {
        get
        {
            lock (_lock)
                return _phase == MachinePhase.Off ? _exit : null;
        }
    }

    /// <summary>The serial port: firmware's console.</summary>
    public ConsolePort Serial { get; } = new("", OutputOverflow.DropOldest);

    /// <summary>The serial port, for those who know no device.</summary>
    public IGuestPort SerialEnd => Serial;

    /// <summary>The virtio console and the agent's ports.</summary>
    public required MachineConsole Console { get; init; }

    /// <summary>Guest memory.</summary>
    public required GuestMemory Memory { get; init; }

    /// <summary>Guest time.</summary>
    public required GuestClock Clock { get; init; }

    /// <summary>Writes down, hashes and compares the whole state; only while no hart runs.</summary>
    public required MachineState State { get; init; }

    /// <summary>Instructions retired by all harts; approximate while they run.</summary>
    public ulong InstructionsRetired
    {
        get
        {
            ulong sum = _instructionsRetired;
            foreach (IProcessor hart in _harts)
                sum += hart.InstructionsRetired;
            return sum;
        }
    }

    /// <summary>What its harts have in common.</summary>
    public required IProcessorFamily Processors { get; init; }

    /// <summary>Told that a hart which stopped itself has been left by its carrier.</summary>
    internal Action<int>? HartStopped { get; set; }

    /// <summary>Told by a carrier that it is about to run a hart.</summary>
    internal Action<int>? HartEntering { get; set; }

    internal bool MayRun => _phase == MachinePhase.Running;

    /// <summary>Starts the harts.</summary>
    public void Start()
    {
        lock (_lock)
        {
            if (_phase != MachinePhase.Built)
                throw new InvalidOperationException($"the machine is {_phase}");
            _phase = MachinePhase.Running;
        }

        foreach (CarrierTask task in _tasks)
            task.Wake();
    }

    /// <summary>Deterministic machines: has <paramref name="report"/> called with the instruction count at every multiple of <paramref name="every"/>, when no hart runs.</summary>
    public void OnCheckpoint(Action<ulong> report, ulong every = 1_000_000)
    {
        foreach (CarrierTask task in _tasks)
        {
            if (task is not DeterministicTask deterministic)
                continue;
            deterministic.CheckpointInstructions = every;
            deterministic.Checkpoint = report;
        }
    }

    /// <summary>Stops the harts wherever they are, and ends the machine as killed.</summary>
    public void Kill() => Stop(new MachineExit(MachineExitReason.Killed));

    /// <summary>Runs <paramref name="continuation"/> when the machine is off: on the thread that parks the last hart, or at once.</summary>
    public void OnExit(Action<MachineExit> continuation)
    {
        MachineExit exit;
        lock (_lock)
        {
            if (_phase != MachinePhase.Off)
            {
                _exitContinuations.Add(continuation);
                return;
            }

            exit = _exit!;
        }

        continuation(exit);
    }

    /// <summary>Kills the machine if it still runs, waits for host I/O in flight, and gives its memory back. Not called by a carrier.</summary>
    public void Dispose()
    {
        Kill();
        MemoryWait off = new();
        OnExit(_ => off.Complete());
        off.Block(CancellationToken.None);
        lock (_lock)
        {
            if (_disposed)
                return;
            _disposed = true;
        }

        // No event runs after this, so no I/O begins; what is in flight still writes to leased memory.
        (Clock as IDisposable)?.Dispose();
        Clock.WhenHostIsIdle().Block(CancellationToken.None);
        _host.Carriers.Forget(Memory);
        Memory.Dispose();
        _frames.Dispose();
        _instructionsRetired = InstructionsRetired;
        lock (_inspecting)
        {
            IProcessor[] harts = _harts;
            _harts = [];
            foreach (IProcessor hart in harts)
                (hart as IDisposable)?.Dispose();
            (Processors as IDisposable)?.Dispose();
        }
    }

    /// <summary>
    /// Has somebody look at the machine's harts and their family while they may run: what is read of them is as old as the reader's luck, but it is there.
    /// </summary>
    /// <returns>False: the machine was disposed of, and nobody looked.</returns>
    public bool TryInspect(Action<IReadOnlyList<IProcessor>> look)
    {
        lock (_inspecting)
        {
            if (_harts.Length == 0)
                return false;
            look(_harts);
            return true;
        }
    }

    /// <summary>
    /// Asks the harts where they are, <paramref name="ticks"/> times. The range is code whose rbp points to the hart's state; there the doubleword at
    /// rbp plus <paramref name="displacement"/> is part of the answer.
    /// </summary>
    /// <param name="periodNanoseconds">How far the questions are apart.</param>
    /// <param name="ticks">How many.</param>
    /// <param name="range">The range.</param>
    /// <param name="displacement">See above.</param>
    /// <param name="take">Called for each hart and tick, on the event loop, while the harts are there: must be quick.</param>
    /// <param name="cancellation">Ends it early.</param>
    /// <returns>Completes when all were asked, or the machine has ended.</returns>
    public Task SampleAsync(
        long periodNanoseconds, int ticks, (nint Address, int SizeBytes) range, int displacement, Action<HartSample> take, CancellationToken cancellation) =>
        new HartSampler(this, _host, periodNanoseconds, ticks, () => new ThreadProbe(range.Address, range.SizeBytes, displacement), take, cancellation).Done;

    internal void Connect(CarrierTask[] tasks, IProcessor[] harts)
    {
        _tasks = tasks;
        _tasksLeft = tasks.Length;
        _harts = harts;
    }

    internal void Stop(MachineExit exit)
    {
        lock (_lock)
        {
            if (_phase is not (MachinePhase.Built or MachinePhase.Running))
                return;
            _exit = exit;

            // One that was never started has nothing to wait for but the parking of its tasks, as any other.
            _phase = MachinePhase.Stopping;
        }

        foreach (IProcessor hart in _harts)
            hart.Kick();
        foreach (CarrierTask task in _tasks)
            task.Wake();
    }

    internal void Fail(Exception exception) =>
        Stop(new MachineExit(MachineExitReason.Failed, 1, $"{exception}"));

    /// <summary>A task reports that it will not run again. Answers false, for the task to return.</summary>
    internal bool Parked(CarrierTask task)
    {
        Action<MachineExit>[] continuations;
        lock (_lock)
        {
            if (_phase != MachinePhase.Stopping || !task.ParkOnce() || --_tasksLeft > 0)
                return false;
            _phase = MachinePhase.Off;
            continuations = [.. _exitContinuations];
            _exitContinuations.Clear();
        }

        foreach (Action<MachineExit> continuation in continuations)
            continuation(_exit!);
        return false;
    }

    internal void WakeClock()
    {
        foreach (CarrierTask task in _tasks)
            task.Wake();
    }
}
