using System.Runtime.InteropServices;

namespace Strata.Cpu.Translations.Ir;

/// <summary>One guest-neutral operation: what a front end makes of (a part of) a guest's instruction.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct IrInstruction
{
    /// <summary>What to do.</summary>
    public IrOpcode Opcode;

    /// <summary>Slot that is written; <see cref="IrSlot.None"/> if the result is not wanted.</summary>
    public byte Destination;

    /// <summary>First source slot.</summary>
    public byte Left;

    /// <summary>Second source slot, or <see cref="IrSlot.Immediate"/>.</summary>
    public byte Right;

    /// <summary>Third source slot of a fused multiplication, or the number of a field.</summary>
    public byte Third;

    /// <summary>What the floating-point slots hold.</summary>
    public FloatFormat Format;

    /// <summary>Offset of the guest's instruction in its page, bytes.</summary>
    public ushort PageOffset;

    /// <summary>Length of the guest's instruction, bytes.</summary>
    public byte Length;

    /// <summary>How many of the block's guest instructions come before this one.</summary>
    public byte Index;

    /// <summary>Immediate, distance, or the bits of an instruction.</summary>
    public long Immediate;

    /// <summary>Of floating-point and field operations: the bits of the guest's instruction, for what the reference interpreter has to do.</summary>
    public uint Bits;
}

/// <summary>Numbers of guest registers: the register file's word with that index in the hart's state.</summary>
internal static class IrSlot
{
    /// <summary>Reads as zero always; results for it are discarded.</summary>
    public const byte Zero = 0;

    /// <summary>The second operand is the immediate.</summary>
    public const byte Immediate = 255;

    /// <summary>No destination.</summary>
    public const byte None = 254;
}
