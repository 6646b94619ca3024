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

    /// <summary>Word: not zero when emitted code is wanted elsewhere; of its bits only such are used as are ones in the low half of <see cref="Tlb"/>.</summary>
    public required int ExitWord { get; init; }

    /// <summary>Byte: the mode that the hart is in; a greater number may do more.</summary>
    public required int Mode { get; init; }

    /// <summary>Fields that the guest's instructions read and write.</summary>
    public required GuestField[] Fields { get; init; }

    /// <summary>Three doublewords: an interrupt may be pending if there is a bit that the third and one of the other two have.</summary>
    public required (int First, int Second, int Enabled) Pending { get; init; }

    /// <summary>Who may make blocks of memory zero.</summary>
    public required GuestBlockZeroing Zeroing { get; init; }

    /// <summary>Reading the time.</summary>
    public required GuestTime Time { get; init; }

    /// <summary>Doubleword: address of two doublewords s and d, so that the time in ticks is (host's nanoseconds - s) / <see cref="GuestTime.TickNanoseconds"/> + d; 0: only the interpreter knows.</summary>
    public required int TimeOrigin { get; init; }

    /// <summary>Doublewords: physical and virtual address that are reserved, and what was loaded there.</summary>
    public required (int Physical, int Virtual, int Value) Reservation { get; init; }

    /// <summary>Byte: 1 while there is a reservation.</summary>
    public required int IsReserved { get; init; }

    /// <summary>From an entry of the software TLB to the physical address of its page, a doubleword whose low 12 bits mean nothing.</summary>
    public required int PhysicalPageDistance { get; init; }

    /// <summary>
    /// Doubleword: address of the tables read, write, fetch and code of the software TLB, one behind the other, less <see cref="TlbDistance"/>. Its low 16 bits say where in an
    /// address the index of its entry is, and how many bits (in the upper byte) that is: as BEXTR has it.
    /// </summary>
    public required int Tlb { get; init; }

    /// <summary>See <see cref="Tlb"/>.</summary>
    public required int TlbDistance { get; init; }

    /// <summary>Doublewords, as many as <see cref="GuestModes.ViewCount"/>: the same for each view, or 0.</summary>
    public required int Views { get; init; }

    /// <summary>Calls and returns between modes.</summary>
    public required GuestModes Modes { get; init; }

    /// <summary>Doubleword: counts instructions that trapped.</summary>
    public required int Trapped { get; init; }

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

    /// <summary>Entries of one table of the software TLB: the doublewords of all pages, then those of all addends.</summary>
    public required int TlbEntries { get; init; }
}

/// <summary>A doubleword of the guest's that its instructions read and write by name.</summary>
/// <param name="Offset">In the state.</param>
/// <param name="Mode">The mode that may do so at least.</param>
/// <param name="Readable">Bits that show.</param>
/// <param name="Writable">Bits that a write can change.</param>
/// <param name="Inline">Of these, what may change without consequences; the rest is the reference interpreter's.</param>
/// <param name="Noticed">Of these, what may become one only while no interrupt is pending.</param>
/// <param name="Full">If not 0: the top bit shows one when all these bits are ones, and floating-point instructions change them.</param>
/// <param name="View">Of the writable ones, beside the inline ones: what may change in <see cref="GuestModes.Modes"/>' upper mode, where it chooses the view.</param>
internal sealed record GuestField(int Offset, byte Mode, ulong Readable, ulong Writable, ulong Inline, ulong Noticed = 0, ulong Full = 0, ulong View = 0);

/// <summary>Making an aligned block of memory zero.</summary>
/// <param name="Bytes">Its size, a power of two and at least 16.</param>
/// <param name="Mode">The mode that may do so at least; others are the reference interpreter's.</param>
/// <param name="Permissions">Word in the state of which a bit must be set.</param>
/// <param name="Permission">That bit.</param>
internal sealed record GuestBlockZeroing(int Bytes, byte Mode, int Permissions, int Permission);

/// <summary>Reading the time, which is computed from the host's clock, or the reference interpreter's.</summary>
/// <param name="TickNanoseconds">A tick.</param>
/// <param name="Modes">The one that is always permitted to read it, and the one that needs both permissions.</param>
/// <param name="Permissions">Words in the state: of the first all other modes need a bit, of the second the lower mode.</param>
/// <param name="Permission">That bit.</param>
internal sealed record GuestTime(int TickNanoseconds, (byte Free, byte Lower) Modes, (int First, int Second) Permissions, int Permission);
