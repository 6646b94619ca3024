using System.Runtime.InteropServices;
using Strata.Cpu.RiscV;

namespace Strata.Cpu.Interpreter;

/// <summary>One pre-decoded instruction in eight bytes; a page of code has one slot for every two bytes, of which those at instruction boundaries are used.</summary>
/// <remarks>
/// Written whole by the carrier that owns the page; any other thread only ever sets <see cref="Op"/> back to <see cref="SlotOperation.Undecoded"/>, so that
/// an owner who has already read the operation finds the operands that belong to it. Registers are indexes from the start of <see cref="HartState"/>.
/// </remarks>
[StructLayout(LayoutKind.Explicit, Size = 8)]
internal struct DecodedSlot
{
    /// <summary>What to do: an <see cref="Operation"/> or a <see cref="SlotOperation"/>.</summary>
    [FieldOffset(0)]
    public Operation Op;

    /// <summary>Destination; x0 is <see cref="SlotRegister.Discarded"/>.</summary>
    [FieldOffset(2)]
    public byte Rd;

    /// <summary>Of stores and branches, which have no destination: the second source.</summary>
    [FieldOffset(2)]
    public byte Source;

    /// <summary>First source, or the five-bit immediate of a CSR instruction.</summary>
    [FieldOffset(3)]
    public byte Rs1;

    /// <summary>Bytes from this slot to that of the next instruction: 8 or 16.</summary>
    [FieldOffset(4)]
    public byte Length;

    /// <summary>Second source of register operations; of <see cref="SlotOperation.FarBranch"/>, the condition as an <see cref="Operation"/>.</summary>
    [FieldOffset(5)]
    public byte Rs2;

    /// <summary>Third source.</summary>
    [FieldOffset(6)]
    public byte Rs3;

    /// <summary>Rounding mode field of floating-point operations.</summary>
    [FieldOffset(7)]
    public byte RoundingMode;

    /// <summary>Target of a <see cref="SlotOperation.FarBranch"/> relative to it, in bytes of the guest.</summary>
    [FieldOffset(6)]
    public short FarOffset;

    /// <summary>Immediate in the upper 24 bits, <see cref="Length"/> below.</summary>
    [FieldOffset(4)]
    public int Word;

    /// <summary>All of it, to be written at once.</summary>
    [FieldOffset(0)]
    public ulong Bits;

    /// <summary>
    /// The immediate, sign-extended. Of LUI and AUIPC it is shifted right by 12; of branches and jumps inside the page, it is the distance between the slots in bytes.
    /// </summary>
    public readonly long Immediate => Word >> 8;
}

/// <summary>What slots hold besides the instructions of the table.</summary>
internal static class SlotOperation
{
    /// <summary>Nothing yet.</summary>
    public const Operation Undecoded = 0;

    /// <summary>Behind the page's last instruction.</summary>
    public const Operation EndOfPage = Operation.SfenceInvalIr + 1;

    /// <summary>The page's last two bytes begin an instruction of four: it is fetched anew every time.</summary>
    public const Operation Straddle = EndOfPage + 1;

    /// <summary>A conditional branch out of the page.</summary>
    public const Operation FarBranch = Straddle + 1;

    /// <summary>JAL out of the page.</summary>
    public const Operation FarJal = FarBranch + 1;

    /// <summary>JALR of an instruction that lies in no decoded page.</summary>
    public const Operation FarJalr = FarJal + 1;
}

/// <summary>Register indexes in slots: x0 to x31 are 0 to 31.</summary>
internal static class SlotRegister
{
    /// <summary>f0 is 32, f31 is 63.</summary>
    public const int FirstFloat = 32;

    /// <summary><see cref="HartState.Discarded"/>.</summary>
    public const int Discarded = 64;
}
