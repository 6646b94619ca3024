using Strata.Cpu.Translations.Ir;
using static Strata.Cpu.X64.OperandSize;
using static Strata.Cpu.X64.Register64;

namespace Strata.Cpu.X64;

/// <summary>Where the tables of the software TLB are for emitted code: one register leads to them and takes the index out of an address.</summary>
/// <param name="layout">Of the state.</param>
internal sealed class TlbTables(StateLayout layout)
{
    public const int Read = 0;
    public const int Write = 1;
    public const int Fetch = 2;
    public const int Code = 3;

    // A table is its entries' pages, then their addends.
    private readonly int _addends = layout.TlbEntries * sizeof(ulong);

    /// <summary>Leaves in rcx the index that an address has in any of the tables.</summary>
    public static void Index(Assembler assembler, Register64 address) => assembler.Bextr(Qword, Rcx, address, RegisterMap.Tlb);

    /// <summary>The page of the entry whose index is in rcx.</summary>
    public Memory Page(int table) => Memory.At(RegisterMap.Tlb, Rcx, sizeof(ulong), layout.TlbDistance + (table * 2 * _addends));

    /// <summary>Its addend.</summary>
    public Memory Addend(int table) => Memory.At(RegisterMap.Tlb, Rcx, sizeof(ulong), layout.TlbDistance + (table * 2 * _addends) + _addends);

    /// <summary>The physical address of its page, with whatever in its low 12 bits.</summary>
    public Memory PhysicalPage(int table) => Memory.At(RegisterMap.Tlb, Rcx, sizeof(ulong), layout.TlbDistance + (table * 2 * _addends) + layout.PhysicalPageDistance);
}
