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

    /// <summary>Entries of one table of the software TLB, each of 16 bytes: page, addend.</summary>
    public required int TlbEntries { get; init; }
}
