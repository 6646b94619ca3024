using Strata.Cpu.RiscV;
using Strata.Guest.Memory;

namespace Strata.Cpu.Paging;

/// <summary>What became of a virtual address.</summary>
public enum TranslationKind : byte
{
    /// <summary>RAM at <see cref="Translation.HostAddress"/>.</summary>
    Ram,

    /// <summary>Device registers at <see cref="Translation.PhysicalAddress"/>: go through <see cref="GuestMemory.Bus"/>; if that refuses, it is an access fault.</summary>
    Mmio,

    /// <summary>The guest traps: <see cref="Translation.Cause"/> with <see cref="Translation.TrapValue"/>.</summary>
    Fault,

    /// <summary>A page is not here: leave the hart with <see cref="Translation.Wait"/>; the instruction restarts.</summary>
    NotPresent,
}

/// <summary>The answer of <see cref="AddressTranslation"/>; host addresses in it are good until the carrier's next poll.</summary>
public readonly struct Translation
{
    /// <summary>Which of the other members mean something.</summary>
    public TranslationKind Kind { get; private init; }

    /// <summary>For Ram and a store: it must be reported by <see cref="GuestMemory.StoredTo"/> (code, or a page table of a deterministic machine).</summary>
    public bool MustReportStore { get; private init; }

    /// <summary>For Ram: the host address of the first byte.</summary>
    public nint HostAddress { get; private init; }

    /// <summary>For Ram and Mmio: the guest-physical address of the first byte.</summary>
    public ulong PhysicalAddress { get; private init; }

    /// <summary>For Fault: the exception.</summary>
    public TrapCause Cause { get; private init; }

    /// <summary>For Fault: what xtval receives, the virtual address of the part that faulted.</summary>
    public ulong TrapValue { get; private init; }

    /// <summary>For NotPresent.</summary>
    public MemoryWait? Wait { get; private init; }

    internal static Translation Ram(nint hostAddress, ulong physicalAddress, bool mustReportStore) =>
        new() { Kind = TranslationKind.Ram, HostAddress = hostAddress, PhysicalAddress = physicalAddress, MustReportStore = mustReportStore };

    internal static Translation Mmio(ulong physicalAddress) => new() { Kind = TranslationKind.Mmio, PhysicalAddress = physicalAddress };

    internal static Translation NotPresent(MemoryWait? wait) => new() { Kind = TranslationKind.NotPresent, Wait = wait };

    internal static Translation PageFault(FillAccess access, ulong virtualAddress) => new()
    {
        Kind = TranslationKind.Fault,
        TrapValue = virtualAddress,
        Cause = access switch
        {
            FillAccess.Read => TrapCause.LoadPageFault,
            FillAccess.Write => TrapCause.StorePageFault,
            _ => TrapCause.InstructionPageFault,
        },
    };

    internal static Translation AccessFault(FillAccess access, ulong virtualAddress) => new()
    {
        Kind = TranslationKind.Fault,
        TrapValue = virtualAddress,
        Cause = access switch
        {
            FillAccess.Read => TrapCause.LoadAccessFault,
            FillAccess.Write => TrapCause.StoreAccessFault,
            _ => TrapCause.InstructionAccessFault,
        },
    };
}
