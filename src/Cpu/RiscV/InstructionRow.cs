using System.Globalization;

namespace Strata.Cpu.RiscV;

/// <summary>
/// What an instruction is to a monitor that runs its guest in U-mode (Popek and Goldberg, 1974). <c>PopekGoldbergTests</c> derives it from what the
/// interpreter does, and so proves that whatever is sensitive can be made to trap.
/// </summary>
internal enum InstructionClass : byte
{
    /// <summary>It traps in U-mode, whatever the privileged state is.</summary>
    Privileged,

    /// <summary>It changes privileged state from U-mode without a trap. RISC-V has none.</summary>
    ControlSensitive,

    /// <summary>
    /// What it does in U-mode may depend on privileged state: reads of cycle, time and instret. With mcounteren or scounteren at 0 they trap too.
    /// </summary>
    BehaviourSensitive,

    /// <summary>Neither: it may run directly.</summary>
    Innocuous,
}

/// <summary>Where an instruction comes from.</summary>
internal enum Extension : byte
{
    Base, M, A, F, D, C, Zicsr, Zifencei, Zihintpause, Zawrs, Zfhmin, Zba, Zbb, Zbs, Zicond, Zicbom, Zicbop, Zicboz, Svinval, PrivilegedIsa,
}

/// <summary>How operands lie in the word; those of C say which form of chapter 27 and how the immediate is scattered.</summary>
internal enum InstructionFormat : byte
{
    None, R, R4, I, S, B, U, J, Shift, CsrAccess, Atomic, Prefetch,
    CAddi, CAddi4spn, CAddi16sp, CLi, CLui, CAndi, CShift, CShiftPrime, CA, CMv, CAdd, CJr, CJalr, CJ, CB,
    CLw, CLd, CSw, CSd, CLwsp, CLdsp, CSwsp, CSdsp,
}

/// <summary>One line of <see cref="InstructionTable"/>.</summary>
internal sealed class InstructionRow
{
    public InstructionRow(string pattern, Operation operation, InstructionFormat format, Extension extension, InstructionClass @class, string syntax)
    {
        string bits = pattern.Replace(" ", "", StringComparison.Ordinal);
        Length = bits.Length / 8;
        Mask = uint.Parse(bits.Replace('0', '1').Replace('.', '0'), NumberStyles.BinaryNumber);
        Match = uint.Parse(bits.Replace('.', '0'), NumberStyles.BinaryNumber);
        Pattern = pattern;
        Operation = operation;
        Format = format;
        Extension = extension;
        Class = @class;
        int space = syntax.IndexOf(' ', StringComparison.Ordinal);
        Mnemonic = space < 0 ? syntax : syntax[..space];
        Operands = space < 0 ? "" : syntax[(space + 1)..];
        HasRoundingMode = Operands.EndsWith(",rm", StringComparison.Ordinal);
    }

    /// <summary>Bytes: 2 or 4.</summary>
    public int Length { get; }

    /// <summary>The bits that are fixed.</summary>
    public uint Mask { get; }

    /// <summary>The values of the fixed bits.</summary>
    public uint Match { get; }

    public string Pattern { get; }

    public Operation Operation { get; }

    public InstructionFormat Format { get; }

    public Extension Extension { get; }

    public InstructionClass Class { get; }

    public string Mnemonic { get; }

    /// <summary>The assembler's operands, with the names that the summary of <see cref="InstructionTable"/> explains.</summary>
    public string Operands { get; }

    /// <summary>The instruction has a field rm.</summary>
    public bool HasRoundingMode { get; }
}
