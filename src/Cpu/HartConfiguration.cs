using Strata.Cpu.RiscV;

namespace Strata.Cpu;

/// <summary>What was asked of a hart when its machine was built; it never changes.</summary>
public sealed record HartConfiguration
{
    /// <summary>mhartid.</summary>
    public required int HartId { get; init; }

    /// <summary>The deepest page table that satp accepts: 39, 48 or 57 bits of virtual address.</summary>
    public int VirtualAddressBits { get; init; } = 57;

    /// <summary>menvcfg.ADUE is set at reset: the hart updates A and D bits (Svadu) instead of faulting (Svade).</summary>
    public bool UpdatesAccessedAndDirty { get; init; }

    /// <summary>The mode at reset: Machine with firmware, Supervisor where the monitor is the SBI implementation.</summary>
    public PrivilegeMode ResetPrivilege { get; init; } = PrivilegeMode.Machine;

    /// <summary>The address of the first instruction.</summary>
    public ulong ResetPc { get; init; } = 0x1000;
}
