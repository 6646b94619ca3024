using System.Globalization;
using System.Reflection;
using Iced.Intel;
using Strata.Cpu.X64;
using Assembler = Strata.Cpu.X64.Assembler;

namespace Strata.Cpu.Tests.X64;

/// <summary>What each method of the assembler is expected to write, as text: mnemonic, then operands as parameter number and width.</summary>
/// <remarks>
/// Parameter kinds in a key: s size, p precision, c condition, a Arithmetic, h Shift, t BitTest, r register, x vector register, m memory, i immediate.
/// Placeholders: {p} s or d, {q} the other, {c} the condition, {o} the operation, {w} d or q by the size.
/// Widths: b w d q o are 1, 2, 4, 8, 16 bytes; s the size, t the second size, p the precision, x a vector register, i an immediate, n memory that is not read.
/// A method without a line is its own mnemonic and takes its parameters in order, at its size if it has one, else 64 bits.
/// </remarks>
internal static class Forms
{
    private static readonly Dictionary<string, string> Exceptions = new(StringComparer.Ordinal)
    {
        ["Zero r"] = "xor 0d 0d",
        ["Movzx srr"] = "movzx 1d 2s",
        ["Movzx srm"] = "movzx 1d 2s",
        ["MovzxEaxDh "] = "movzx eax dh",
        ["Movsx ssrr"] = "movsx 2s 3t",
        ["Movsx ssrm"] = "movsx 2s 3t",
        ["Movsxd rr"] = "movsxd 0q 1d",
        ["Movsxd rm"] = "movsxd 0q 1d",
        ["Lea srm"] = "lea 1s 2n",
        ["Cmov csrr"] = "cmov{c} 2s 3s",
        ["Cmov csrm"] = "cmov{c} 2s 3s",
        ["Set cr"] = "set{c} 1b",
        ["Set cm"] = "set{c} 1b",
        ["Alu asrr"] = "{o} 2s 3s",
        ["Alu asrm"] = "{o} 2s 3s",
        ["Alu asmr"] = "{o} 2s 3s",
        ["Alu asri"] = "{o} 2s 3i",
        ["Alu asmi"] = "{o} 2s 3i",
        ["LockAlu asmr"] = "{o} 2s 3s",
        ["LockAlu asmi"] = "{o} 2s 3i",
        ["ShiftBy hsri"] = "{o} 2s 3i",
        ["ShiftBy hsmi"] = "{o} 2s 3i",
        ["ShiftByCl hsr"] = "{o} 2s cl",
        ["ShiftByCl hsm"] = "{o} 2s cl",
        ["TestBit tsrr"] = "{o} 2s 3s",
        ["TestBit tsri"] = "{o} 2s 3i",
        ["TestBit tsmi"] = "{o} 2s 3i",
        ["Cmpxchg16b m"] = "cmpxchg16b 0o",
        ["LockCmpxchg16b m"] = "cmpxchg16b 0o",
        ["Lfence "] = "lfence",
        ["Vmov sxr"] = "vmov{w} 1x 2s",
        ["Vmov srx"] = "vmov{w} 1s 2x",
        ["Vmov pxm"] = "vmovs{p} 1x 2p",
        ["Vmov pmx"] = "vmovs{p} 1p 2x",
        ["Vmov pxxx"] = "vmovs{p} 1x 2x 3x",
        ["Vmovmsk prx"] = "vmovmskp{p} 1d 2x",
        ["Vand pxxx"] = "vandp{p} 1x 2x 3x",
        ["Vand pxxm"] = "vandp{p} 1x 2x 3o",
        ["Vandn pxxx"] = "vandnp{p} 1x 2x 3x",
        ["Vandn pxxm"] = "vandnp{p} 1x 2x 3o",
        ["Vor pxxx"] = "vorp{p} 1x 2x 3x",
        ["Vor pxxm"] = "vorp{p} 1x 2x 3o",
        ["Vxor pxxx"] = "vxorp{p} 1x 2x 3x",
        ["Vxor pxxm"] = "vxorp{p} 1x 2x 3o",
        ["Vblendv pxxxx"] = "vblendvp{p} 1x 2x 3x 4x",
        ["Vblendv pxxmx"] = "vblendvp{p} 1x 2x 3o 4x",
        ["Vldmxcsr m"] = "vldmxcsr 0d",
        ["Vstmxcsr m"] = "vstmxcsr 0d",
        ["VcvtFromInteger psxxr"] = "vcvtsi2s{p} 2x 3x 4s",
        ["VcvtFromInteger psxxm"] = "vcvtsi2s{p} 2x 3x 4s",
        ["VcvtToInteger psrx"] = "vcvts{p}2si 2s 3x",
        ["VcvtToInteger psrm"] = "vcvts{p}2si 2s 3p",
        ["VcvtToIntegerTruncate psrx"] = "vcvtts{p}2si 2s 3x",
        ["VcvtToIntegerTruncate psrm"] = "vcvtts{p}2si 2s 3p",
        ["VcvtPrecision pxxx"] = "vcvts{p}2s{q} 1x 2x 3x",
        ["VcvtPrecision pxxm"] = "vcvts{p}2s{q} 1x 2x 3p",
        ["VcvtHalfToSingle xx"] = "vcvtph2ps 0x 1x",
        ["VcvtHalfToSingle xm"] = "vcvtph2ps 0x 1q",
        ["VcvtSingleToHalf xxi"] = "vcvtps2ph 0x 1x 2i",
        ["VcvtSingleToHalf mxi"] = "vcvtps2ph 0q 1x 2i",
    };

    // Not one instruction each: buffer, labels and rel32 jumps have tests of their own.
    private static readonly HashSet<string> Elsewhere = new(StringComparer.Ordinal)
    {
        "Reset", "Align", "Data", "Nop", "NewLabel", "Here", "IsBound", "OffsetOf", "Bind", "JmpShort", "JccShort", "Jcc", "JmpRel32", "JccRel32", "CallRel32",
        "PatchRel32", "Mov rl", "Jmp L", "Call L",
    };

    /// <summary>Every method that writes one instruction, with the key of its form.</summary>
    internal static IEnumerable<(string Key, MethodInfo Method)> All =>
        from method in typeof(Assembler).GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly)
        where !method.IsSpecialName && !Elsewhere.Contains(method.Name)
        let key = method.Name + " " + string.Concat(method.GetParameters().Select(parameter => Kind(parameter.ParameterType)))
        where !Elsewhere.Contains(key)
        select (key, method);

    /// <summary>Keys of <see cref="Exceptions"/>, to find out lines that no method has any more.</summary>
    internal static IEnumerable<string> ExceptionKeys => Exceptions.Keys;

    /// <summary>Mnemonic and operands for the form called with these arguments.</summary>
    internal static string[] Expected(string key, object[] arguments)
    {
        string template = Exceptions.GetValueOrDefault(key) ?? Default(key);
        int size = key.IndexOf(' ', StringComparison.Ordinal) + 1;
        string kinds = key[size..];
        Precision precision = arguments.OfType<Precision>().FirstOrDefault();
        OperandSize[] sizes = [.. arguments.OfType<OperandSize>()];
        string operation = arguments.FirstOrDefault(argument => argument is Arithmetic or Shift or BitTest)?.ToString() ?? "";
        string[] words = template
            .Replace("{p}", precision == Precision.Double ? "d" : "s", StringComparison.Ordinal)
            .Replace("{q}", precision == Precision.Double ? "s" : "d", StringComparison.Ordinal)
            .Replace("{w}", sizes is [OperandSize.Qword, ..] ? "q" : "d", StringComparison.Ordinal)
            .Replace("{c}", arguments.OfType<Condition>().Select(Suffix).FirstOrDefault(), StringComparison.Ordinal)
            .Replace("{o}", operation.ToUpperInvariant(), StringComparison.Ordinal)
            .ToUpperInvariant().Split(' ');
        if (words[0] == "MOVSX" && sizes[1] == OperandSize.Dword)
            words[0] = "MOVSXD";
        Assert.Equal(kinds.Length, arguments.Length);
        return words;
    }

    /// <summary>The manual's suffix of a condition, which it takes from the flags' names.</summary>
    internal static string Suffix(Condition condition) => condition switch
    {
        Condition.Overflow => "o",
        Condition.NoOverflow => "no",
        Condition.Below => "b",
        Condition.AboveOrEqual => "ae",
        Condition.Equal => "e",
        Condition.NotEqual => "ne",
        Condition.BelowOrEqual => "be",
        Condition.Above => "a",
        Condition.Sign => "s",
        Condition.NoSign => "ns",
        Condition.Parity => "p",
        Condition.NoParity => "np",
        Condition.Less => "l",
        Condition.GreaterOrEqual => "ge",
        Condition.LessOrEqual => "le",
        _ => "g",
    };

    /// <summary>The register of the foreign disassembler with this number and width in bytes.</summary>
    internal static Register Foreign(Register64 register, int bytes)
    {
        int number = (int)register;
        return bytes switch
        {
            1 => number < 4 ? Register.AL + number : number < 8 ? Register.SPL + (number - 4) : Register.R8L + (number - 8),
            2 => Register.AX + number,
            4 => Register.EAX + number,
            _ => Register.RAX + number,
        };
    }

    private static string Default(string key)
    {
        int space = key.IndexOf(' ', StringComparison.Ordinal);
        string name = key[..space];
        string kinds = key[(space + 1)..];
        string mnemonic = name.StartsWith("Lock", StringComparison.Ordinal) ? name[4..] : name;
        string suffix = "";
        if (mnemonic.EndsWith("Cl", StringComparison.Ordinal))
        {
            mnemonic = mnemonic[..^2];
            suffix = " cl";
        }

        if (kinds.Contains('p', StringComparison.Ordinal))
            mnemonic += "s{p}";
        bool packed = !kinds.Contains('p', StringComparison.Ordinal) && kinds.Contains('x', StringComparison.Ordinal);
        char width = kinds.Contains('s', StringComparison.Ordinal) ? 's' : 'q';
        for (int i = 0; i < kinds.Length; i++)
        {
            char? operand = kinds[i] switch
            {
                'r' => width,
                'm' => kinds.Contains('p', StringComparison.Ordinal) ? 'p' : packed ? 'o' : width,
                'x' => 'x',
                'i' => 'i',
                _ => null,
            };
            if (operand is { } letter)
                suffix = suffix.EndsWith("cl", StringComparison.Ordinal)
                    ? string.Create(CultureInfo.InvariantCulture, $" {i}{letter}{suffix}")
                    : string.Create(CultureInfo.InvariantCulture, $"{suffix} {i}{letter}");
        }

        return mnemonic + suffix;
    }

    private static char Kind(Type type) =>
        type == typeof(OperandSize) ? 's'
        : type == typeof(Precision) ? 'p'
        : type == typeof(Condition) ? 'c'
        : type == typeof(Arithmetic) ? 'a'
        : type == typeof(Shift) ? 'h'
        : type == typeof(BitTest) ? 't'
        : type == typeof(Register64) ? 'r'
        : type == typeof(XmmRegister) ? 'x'
        : type == typeof(Strata.Cpu.X64.Memory) ? 'm'
        : type == typeof(int) ? 'i'
        : type == typeof(long) ? 'l'
        : type == typeof(Strata.Cpu.X64.Label) ? 'L'
        : throw new InvalidOperationException($"no kind for {type}");
}
