namespace Strata.Cpu.Translations.Ir;

/// <summary>
/// Calls from the lower mode to the upper one, returns, and how each of them sees memory: a view is all that address translation depends on while nothing else changes.
/// The upper mode has two views, by a bit of the status word.
/// </summary>
internal sealed record GuestModes
{
    /// <summary>The lower mode's view.</summary>
    public const int LowerView = 0;

    /// <summary>The upper mode's view while the bit is 0; it is the next one while it is 1.</summary>
    public const int UpperView = 1;

    /// <summary>Views that there are.</summary>
    public const int ViewCount = 3;

    /// <summary>Numbers of the modes: the bytes in <see cref="StateLayout.Mode"/>.</summary>
    public required (byte Lower, byte Upper) Modes { get; init; }

    /// <summary>Doubleword: the status word.</summary>
    public required int Status { get; init; }

    /// <summary>Its bit that chooses the upper mode's view.</summary>
    public required ulong ViewBit { get; init; }

    /// <summary>Its bits for interrupts: enabled, and enabled before the last call.</summary>
    public required (ulong Enabled, ulong EnabledBefore) Interrupts { get; init; }

    /// <summary>Its bit that says that the last call came from the upper mode.</summary>
    public required ulong CameFromUpper { get; init; }

    /// <summary>Its bits with any of which a return is the reference interpreter's.</summary>
    public required ulong PreventReturn { get; init; }

    /// <summary>Doublewords: where the last call came from, why (and its number), with which value, and where calls go to (without the lowest two bits).</summary>
    public required (int From, int Cause, int Value, int Handler) Call { get; init; }

    /// <summary>The number that a call has among causes.</summary>
    public required byte CallCause { get; init; }

    /// <summary>Doubleword: by causes, whether they lead to the upper mode.</summary>
    public required int Delegated { get; init; }
}
