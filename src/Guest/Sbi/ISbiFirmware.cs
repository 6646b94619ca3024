using Strata.Guest.Memory;

namespace Strata.Guest.Sbi;

/// <summary>The monitor's own supervisor execution environment: answers the ECALLs that S-mode makes when no M-mode firmware runs (SBI 2.0, chapter 3).</summary>
public interface ISbiFirmware
{
    /// <summary>Serves one call, made on the calling hart's carrier without any lock held.</summary>
    SbiResult Call(int hartId, in SbiCall call);
}

/// <summary>The registers of a call: a7, a6 and a0 to a5.</summary>
public readonly record struct SbiCall(ulong Extension, ulong Function, ulong A0, ulong A1, ulong A2, ulong A3, ulong A4, ulong A5);

/// <summary>What goes to a0 and a1.</summary>
/// <param name="Error">0 or a negative <see cref="SbiError"/>.</param>
/// <param name="Value">The value for a1.</param>
/// <param name="Wait">If not null, the answer is written at once but the hart continues only after this has completed (a remote fence).</param>
/// <param name="StopsHart">The hart stops (HSM hart_stop, SRST): it leaves its run loop with <see cref="Processors.RunExitReason.Stopped"/>.</param>
/// <param name="Again">The call could not be served yet: after <paramref name="Wait"/> it is made again from the start.</param>
public readonly record struct SbiResult(SbiError Error, ulong Value = 0, MemoryWait? Wait = null, bool StopsHart = false, bool Again = false);

/// <summary>SBI 2.0, table 1.</summary>
public enum SbiError : long
{
    /// <summary>Completed successfully.</summary>
    Success = 0,

    /// <summary>Failed.</summary>
    Failed = -1,

    /// <summary>Not supported.</summary>
    NotSupported = -2,

    /// <summary>Invalid parameter.</summary>
    InvalidParameter = -3,

    /// <summary>Denied or not allowed.</summary>
    Denied = -4,

    /// <summary>Invalid address.</summary>
    InvalidAddress = -5,

    /// <summary>Already available.</summary>
    AlreadyAvailable = -6,

    /// <summary>Already started.</summary>
    AlreadyStarted = -7,

    /// <summary>Already stopped.</summary>
    AlreadyStopped = -8,

    /// <summary>Shared memory not available.</summary>
    NoSharedMemory = -9,
}
