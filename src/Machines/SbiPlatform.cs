using Strata.Cpu;
using Strata.Devices.Consoles;
using Strata.Guest.Memory;
using Strata.Guest.Processors;
using Strata.Guest.Sbi;
using Strata.Guest.State;

namespace Strata.Machines;

/// <summary>The machine as our SBI sees it: harts that start and stop, fences, reset, the debug console.</summary>
internal sealed class SbiPlatform(Func<Machine> machine, Hart[] harts, GuestMemory memory, ConsolePort console) : ISbiPlatform, IStateful
{
    private const ushort StateVersion = 1;

    private readonly Lock _lock = new();

    // All guarded by _lock. A hart's registers are its carrier's: one that asks to stop is stopped when its carrier has left it, and one that is started gets
    // its registers from the carrier that enters it next.
    private readonly HartLifecycle[] _lifecycles =
        [.. Enumerable.Range(0, harts.Length).Select(hart => hart == 0 ? HartLifecycle.Started : HartLifecycle.Stopped)];

    private readonly (ulong Address, ulong Opaque)?[] _starts = new (ulong, ulong)?[harts.Length];

    // Sent to a hart that was started but not entered yet: its registers do not hold them so far.
    private readonly bool[] _heldInterrupts = new bool[harts.Length];

    public int HartCount => harts.Length;

    public void SendIpi(int hartId)
    {
        lock (_lock)
        {
            if (_starts[hartId] is null)
                harts[hartId].Input(HartInterrupt.SupervisorSoftware).Set(true);
            else
                _heldInterrupts[hartId] = true;
        }
    }

    // Every fill of the machine goes, on every carrier, also those that a hart left behind on a carrier it does not run on now.
    public MemoryWait? RemoteFence(ulong hartMask, int callingHart) => hartMask == 0 ? null : memory.Revocations.Begin(Revocations.AllPages, null);

    public HartLifecycle Lifecycle(int hartId)
    {
        lock (_lock)
            return _lifecycles[hartId];
    }

    public bool StartHart(int hartId, ulong address, ulong opaque)
    {
        lock (_lock)
        {
            if (_lifecycles[hartId] != HartLifecycle.Stopped)
                return false;
            _starts[hartId] = (address, opaque);
            _lifecycles[hartId] = HartLifecycle.Started;
        }

        harts[hartId].Woken?.Invoke();
        return true;
    }

    public void StopHart(int hartId)
    {
        lock (_lock)
            _lifecycles[hartId] = HartLifecycle.StopPending;
    }

    public void SetTimer(int hartId, ulong deadlineTicks) => harts[hartId].SetSupervisorTimer(deadlineTicks);

    public void Reset(bool reboot, bool failed) =>
        machine().Stop(reboot ? new MachineExit(MachineExitReason.Reset) : new MachineExit(MachineExitReason.PoweredOff, failed ? 1UL : 0));

    public int WriteConsole(ReadOnlySpan<byte> bytes)
    {
        console.PutOutput(bytes);
        return bytes.Length;
    }

    public int ReadConsole(Span<byte> bytes) => console.TakeInput(bytes);

    /// <summary>Life cycles, and starts and interrupts that no carrier has brought to their harts yet.</summary>
    public void Save(StateWriter writer)
    {
        lock (_lock)
        {
            writer.Section("sbi", StateVersion, section =>
            {
                for (int hart = 0; hart < harts.Length; hart++)
                {
                    section.U8((byte)_lifecycles[hart]);
                    section.Bool(_heldInterrupts[hart]);
                    section.Bool(_starts[hart] is not null);
                    (ulong address, ulong opaque) = _starts[hart] ?? default;
                    section.U64(address);
                    section.U64(opaque);
                }
            });
        }
    }

    /// <inheritdoc/>
    public void Restore(ref StateReader reader)
    {
        StateReader section = reader.Section("sbi", StateVersion);
        lock (_lock)
        {
            for (int hart = 0; hart < harts.Length; hart++)
            {
                HartLifecycle lifecycle = (HartLifecycle)section.U8();
                if (lifecycle is not (HartLifecycle.Started or HartLifecycle.Stopped or HartLifecycle.StopPending))
                    throw new InvalidStateException($"the saved state of hart {hart} contradicts itself");
                _lifecycles[hart] = lifecycle;
                _heldInterrupts[hart] = section.Bool();
                bool isStarted = section.Bool();
                (ulong, ulong) start = (section.U64(), section.U64());
                _starts[hart] = isStarted ? start : null;
            }
        }
    }

    /// <summary>A carrier is about to run the hart.</summary>
    public void HartEntering(int hartId)
    {
        lock (_lock)
        {
            if (_starts[hartId] is not var (address, opaque))
                return;
            _starts[hartId] = null;
            harts[hartId].StartSupervisor(address, opaque);
            if (_heldInterrupts[hartId])
                harts[hartId].Input(HartInterrupt.SupervisorSoftware).Set(true);
            _heldInterrupts[hartId] = false;
        }
    }

    /// <summary>The carrier has left a hart that stopped itself.</summary>
    public void HartStopped(int hartId)
    {
        lock (_lock)
        {
            if (_lifecycles[hartId] == HartLifecycle.StopPending)
                _lifecycles[hartId] = HartLifecycle.Stopped;
        }
    }
}
