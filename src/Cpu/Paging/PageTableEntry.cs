// Privileged specification 1.13, sections 4.4.1 (Sv39 entries), 5 (Svnapot), 6 (Svpbmt).
namespace Strata.Cpu.Paging;

/// <summary>A page table entry of Sv39, Sv48 or Sv57, which all share one layout.</summary>
/// <param name="Value">
/// V 0, R 1, W 2, X 3, U 4, G 5, A 6, D 7, RSW 9 to 8, PPN 53 to 10, reserved 60 to 54, PBMT 62 to 61, N 63.
/// </param>
public readonly record struct PageTableEntry(ulong Value)
{
    /// <summary>V.</summary>
    public const ulong Valid = 1 << 0;

    /// <summary>R.</summary>
    public const ulong Readable = 1 << 1;

    /// <summary>W.</summary>
    public const ulong Writable = 1 << 2;

    /// <summary>X.</summary>
    public const ulong Executable = 1 << 3;

    /// <summary>U.</summary>
    public const ulong User = 1 << 4;

    /// <summary>G.</summary>
    public const ulong Global = 1 << 5;

    /// <summary>All that says what an entry is for beside permissions, or is reserved: bits 63 to 54.</summary>
    public const ulong Extensions = 0x3ffUL << 54;

    /// <summary>A.</summary>
    public const ulong Accessed = 1 << 6;

    /// <summary>D.</summary>
    public const ulong Dirty = 1 << 7;

    private const ulong Reserved = 0x7fUL << 54;
    private const ulong MemoryType = 3UL << 61;
    private const ulong Napot = 1UL << 63;

    /// <summary>V.</summary>
    public bool IsValid => (Value & Valid) != 0;

    /// <summary>R.</summary>
    public bool IsReadable => (Value & Readable) != 0;

    /// <summary>W.</summary>
    public bool IsWritable => (Value & Writable) != 0;

    /// <summary>X.</summary>
    public bool IsExecutable => (Value & Executable) != 0;

    /// <summary>U.</summary>
    public bool IsUser => (Value & User) != 0;

    /// <summary>G.</summary>
    public bool IsGlobal => (Value & Global) != 0;

    /// <summary>N: the entry is one of 16 that together map 64 KiB.</summary>
    public bool IsNapot => (Value & Napot) != 0;

    /// <summary>The entry points to the next level's table.</summary>
    public bool IsPointer => (Value & (Readable | Writable | Executable)) == 0;

    /// <summary>The physical page number, 44 bits.</summary>
    public ulong PageNumber => (Value >> 10) & 0xfff_ffff_ffff;

    /// <summary>Holds a reserved encoding whatever its level: W without R, reserved bits, or a memory type that is off or reserved.</summary>
    public bool IsReserved(bool memoryTypesEnabled) =>
        (Value & (Readable | Writable)) == Writable || (Value & Reserved) != 0 || (Value & MemoryType) == MemoryType || (!memoryTypesEnabled && (Value & MemoryType) != 0);

    /// <summary>A pointer must have D, A, U, N and the memory type clear.</summary>
    public bool IsReservedPointer => (Value & (Accessed | Dirty | User | MemoryType | Napot)) != 0;
}
