namespace Strata.Cpu.Translations.Ir;

/// <summary>Where emitted code finds things, in bytes from the start of a hart's state. Slots of guest registers are doublewords from there on.</summary>
internal sealed record StateLayout
{
    /// <summary>The guest registers that deserve a register of the host, most deserving first.</summary>
    public required byte[] HotSlots { get; init; }

    /// <summary>A slot for results that nobody wants.</summary>
    public required byte DiscardedSlot { get; init; }

    /// <summary>Doubleword: the program counter, exact when emitted code has left.</summary>
    public required int ProgramCounter { get; init; }

    /// <summary>Doubleword: address of the first byte of the guest's page that is being executed.</summary>
    public required int CurrentPage { get; init; }

    /// <summary>Word: not zero when emitted code is wanted elsewhere.</summary>
    public required int ExitWord { get; init; }

    /// <summary>Doubleword: address of the tables read, write, fetch and code of the software TLB.</summary>
    public required int Tlb { get; init; }

    /// <summary>Doubleword: guest instructions that may still be executed, in code that counts.</summary>
    public required int Budget { get; init; }

    /// <summary>The guest's floating point.</summary>
    public required GuestFloats Floats { get; init; }

    /// <summary>Word: holds the bits of <see cref="GuestFloats.StatusMask"/>.</summary>
    public required int FloatStatus { get; init; }

    /// <summary>Byte: index in <see cref="GuestFloats.Roundings"/>.</summary>
    public required int FloatRounding { get; init; }

    /// <summary>Byte: the accrued flags, exact when emitted code has left.</summary>
    public required int FloatFlags { get; init; }

    /// <summary>Word: not zero while the host's vector registers hold the guest's numbers and mxcsr the guest's rounding and new flags.</summary>
    public required int FloatsLoaded { get; init; }

    /// <summary>Word: for mxcsr on its way.</summary>
    public required int FloatControl { get; init; }

    /// <summary>Word: mxcsr of the host while the guest's is in use.</summary>
    public required int HostFloatControl { get; init; }

    /// <summary>Entries of one table of the software TLB, each of 16 bytes: page, addend.</summary>
    public required int TlbEntries { get; init; }
}
