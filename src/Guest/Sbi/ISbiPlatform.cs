using Strata.Guest.Memory;

namespace Strata.Guest.Sbi;

/// <summary>What our SBI needs of the machine around it.</summary>
public interface ISbiPlatform
{
    /// <summary>Number of harts.</summary>
    int HartCount { get; }

    /// <summary>Raises the supervisor software interrupt of a hart.</summary>
    void SendIpi(int hartId);

    /// <summary>Makes the harts of the mask drop their fills; null if that has landed, otherwise what to wait for.</summary>
    MemoryWait? RemoteFence(ulong hartMask, int callingHart);

    /// <summary>A hart's life cycle.</summary>
    HartLifecycle Lifecycle(int hartId);

    /// <summary>Starts a stopped hart in S-mode at <paramref name="address"/> with a0 its number and a1 <paramref name="opaque"/>. False: it was not stopped.</summary>
    bool StartHart(int hartId, ulong address, ulong opaque);

    /// <summary>Marks the calling hart as stopped.</summary>
    void StopHart(int hartId);

    /// <summary>Sets when the supervisor timer interrupt is due, in ticks.</summary>
    void SetTimer(int hartId, ulong deadlineTicks);

    /// <summary>Powers off (<paramref name="reboot"/> false) or resets; <paramref name="failed"/> says that the guest's reason was a failure.</summary>
    void Reset(bool reboot, bool failed);

    /// <summary>Writes bytes to the debug console; answers how many were taken.</summary>
    int WriteConsole(ReadOnlySpan<byte> bytes);

    /// <summary>Reads what the debug console has; answers how many bytes.</summary>
    int ReadConsole(Span<byte> bytes);
}

/// <summary>States of a hart (SBI 2.0, section 9.1).</summary>
public enum HartLifecycle
{
    /// <summary>Running, or able to.</summary>
    Started = 0,

    /// <summary>Not running; another hart may start it.</summary>
    Stopped = 1,

    /// <summary>Has asked to stop and is on its way.</summary>
    StopPending = 3,
}
