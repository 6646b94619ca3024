namespace Strata.Cpu.RiscV;

/// <summary>Exception codes of mcause and scause (privileged specification 1.13, table 14); interrupts have bit 63 set beside their number.</summary>
public enum TrapCause : ulong
{
    /// <summary>Instruction address misaligned.</summary>
    InstructionAddressMisaligned = 0,

    /// <summary>Instruction access fault.</summary>
    InstructionAccessFault = 1,

    /// <summary>Illegal instruction.</summary>
    IllegalInstruction = 2,

    /// <summary>Breakpoint.</summary>
    Breakpoint = 3,

    /// <summary>Load address misaligned.</summary>
    LoadAddressMisaligned = 4,

    /// <summary>Load access fault.</summary>
    LoadAccessFault = 5,

    /// <summary>Store or AMO address misaligned.</summary>
    StoreAddressMisaligned = 6,

    /// <summary>Store or AMO access fault.</summary>
    StoreAccessFault = 7,

    /// <summary>Environment call from U-mode.</summary>
    UserEnvironmentCall = 8,

    /// <summary>Environment call from S-mode.</summary>
    SupervisorEnvironmentCall = 9,

    /// <summary>Environment call from M-mode.</summary>
    MachineEnvironmentCall = 11,

    /// <summary>Instruction page fault.</summary>
    InstructionPageFault = 12,

    /// <summary>Load page fault.</summary>
    LoadPageFault = 13,

    /// <summary>Store or AMO page fault.</summary>
    StorePageFault = 15,

    /// <summary>Bit 63: the code is an interrupt's number.</summary>
    Interrupt = 1UL << 63,
}
