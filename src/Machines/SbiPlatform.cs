using Strata.Cpu;
using Strata.Devices.Consoles;
using Strata.Guest.Memory;
using Strata.Guest.Processors;
using Strata.Guest.Sbi;

namespace Strata.Machines;

/// <summary>The machine as our SBI sees it: harts that start and stop, fences, reset, the debug console.</summary>
internal sealed class SbiPlatform(Func<Machine> machine, Hart[] harts, GuestMemory memory, ConsolePort console) : ISbiPlatform
{
    private readonly Lock _lock = new();

    // Guarded by _lock. A hart is Stopping from its call until its carrier has left it: only then may another hart write its registers.
    private readonly Dictionary<int, HartLifecycle> _lifecycles = Enumerable.Range(0, harts.Length)
        .ToDictionary(hart => hart, hart => hart == 0 ? HartLifecycle.Started : HartLifecycle.Stopped);

    public int HartCount => harts.Length;

    public void SendIpi(int hartId) => harts[hartId].Input(HartInterrupt.SupervisorSoftware).Set(true);

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
            harts[hartId].StartSupervisor(address, opaque);
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
