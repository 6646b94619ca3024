using Strata.Cpu.FloatingPoint;

namespace Strata.Cpu.Tests.FloatingPoint;

/// <summary>The famous corners, line by line from Vectors.txt.</summary>
public sealed class VectorTests
{
    private static readonly string[] ModeNames = ["rne", "rtz", "rdn", "rup", "rmm"];

    public static TheoryData<string> Lines
    {
        get
        {
            using Stream stream = typeof(VectorTests).Assembly.GetManifestResourceStream("FloatingPoint/Vectors.txt")!;
            using StreamReader reader = new(stream);
            IEnumerable<string> lines = reader.ReadToEnd().Split('\n').Select(line => line.Split('#')[0].Trim());
            return [.. lines.Where(line => line.Length != 0)];
        }
    }

    [Theory]
    [MemberData(nameof(Lines))]
    public void Vector(string line)
    {
        string[] sides = line.Split('=', StringSplitOptions.TrimEntries);
        string[] left = sides[0].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        string[] right = sides[1].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        (string instruction, string operandType, string resultType) = Types(left[0]);
        RoundingMode mode = (RoundingMode)Array.IndexOf(ModeNames, left[1]);
        Assert.True(Enum.IsDefined(mode), left[1]);
        ulong[] operands = [.. left.Skip(2).Select(text => VectorNumber.Parse(operandType, text)), 0, 0];
        ulong expected = VectorNumber.Parse(resultType, right[0]);
        FloatingPointFlags expectedFlags = right.Skip(1).Aggregate(FloatingPointFlags.None, (flags, name) => flags | Flag(name));

        FloatingPointFlags flags = FloatingPointFlags.None;
        ulong result = Execute(instruction, operands[0], operands[1], operands[2], mode, ref flags);
        Assert.True(result == expected && flags == expectedFlags, $"{line}: got 0x{result:X} {flags}");
    }

    /// <summary>The instruction with the types of its operands and its result: <c>s d h w wu l lu</c>.</summary>
    private static (string Instruction, string Operand, string Result) Types(string instruction)
    {
        string[] parts = instruction.Split('.');
        return parts[0] switch
        {
            "fcvt" => (instruction, parts[2], parts[1]),
            "feq" or "flt" or "fle" or "fclass" => (instruction, parts[1], "lu"),
            _ => (instruction, parts[1], parts[1]),
        };
    }

    private static FloatingPointFlags Flag(string name) => name switch
    {
        "NV" => FloatingPointFlags.Invalid,
        "DZ" => FloatingPointFlags.DivideByZero,
        "OF" => FloatingPointFlags.Overflow,
        "UF" => FloatingPointFlags.Underflow,
        "NX" => FloatingPointFlags.Inexact,
        "-" => FloatingPointFlags.None,
        _ => throw new FormatException(name),
    };

    private static ulong Execute(string instruction, ulong a, ulong b, ulong c, RoundingMode mode, ref FloatingPointFlags flags) => instruction switch
    {
        "fadd.s" => Float32.Add((uint)a, (uint)b, mode, ref flags),
        "fsub.s" => Float32.Subtract((uint)a, (uint)b, mode, ref flags),
        "fmul.s" => Float32.Multiply((uint)a, (uint)b, mode, ref flags),
        "fdiv.s" => Float32.Divide((uint)a, (uint)b, mode, ref flags),
        "fsqrt.s" => Float32.SquareRoot((uint)a, mode, ref flags),
        "fmadd.s" => Float32.FusedMultiplyAdd((uint)a, (uint)b, (uint)c, mode, ref flags),
        "fmin.s" => Float32.Minimum((uint)a, (uint)b, ref flags),
        "fmax.s" => Float32.Maximum((uint)a, (uint)b, ref flags),
        "feq.s" => Float32.Equal((uint)a, (uint)b, ref flags) ? 1UL : 0,
        "flt.s" => Float32.Less((uint)a, (uint)b, ref flags) ? 1UL : 0,
        "fle.s" => Float32.LessOrEqual((uint)a, (uint)b, ref flags) ? 1UL : 0,
        "fclass.s" => (ulong)Float32.Classify((uint)a),
        "fadd.d" => Float64.Add(a, b, mode, ref flags),
        "fsub.d" => Float64.Subtract(a, b, mode, ref flags),
        "fmul.d" => Float64.Multiply(a, b, mode, ref flags),
        "fdiv.d" => Float64.Divide(a, b, mode, ref flags),
        "fsqrt.d" => Float64.SquareRoot(a, mode, ref flags),
        "fmadd.d" => Float64.FusedMultiplyAdd(a, b, c, mode, ref flags),
        "fmin.d" => Float64.Minimum(a, b, ref flags),
        "fmax.d" => Float64.Maximum(a, b, ref flags),
        "feq.d" => Float64.Equal(a, b, ref flags) ? 1UL : 0,
        "flt.d" => Float64.Less(a, b, ref flags) ? 1UL : 0,
        "fle.d" => Float64.LessOrEqual(a, b, ref flags) ? 1UL : 0,
        "fclass.d" => (ulong)Float64.Classify(a),
        "fcvt.w.s" => (ulong)Float32.ToInt32((uint)a, mode, ref flags),
        "fcvt.wu.s" => Float32.ToUInt32((uint)a, mode, ref flags),
        "fcvt.l.s" => (ulong)Float32.ToInt64((uint)a, mode, ref flags),
        "fcvt.lu.s" => Float32.ToUInt64((uint)a, mode, ref flags),
        "fcvt.w.d" => (ulong)Float64.ToInt32(a, mode, ref flags),
        "fcvt.wu.d" => Float64.ToUInt32(a, mode, ref flags),
        "fcvt.l.d" => (ulong)Float64.ToInt64(a, mode, ref flags),
        "fcvt.lu.d" => Float64.ToUInt64(a, mode, ref flags),
        "fcvt.s.w" => Float32.FromInt32((int)a, mode, ref flags),
        "fcvt.s.wu" => Float32.FromUInt32((uint)a, mode, ref flags),
        "fcvt.s.l" => Float32.FromInt64((long)a, mode, ref flags),
        "fcvt.s.lu" => Float32.FromUInt64(a, mode, ref flags),
        "fcvt.d.w" => Float64.FromInt32((int)a),
        "fcvt.d.wu" => Float64.FromUInt32((uint)a),
        "fcvt.d.l" => Float64.FromInt64((long)a, mode, ref flags),
        "fcvt.d.lu" => Float64.FromUInt64(a, mode, ref flags),
        "fcvt.s.d" => Float32.FromFloat64(a, mode, ref flags),
        "fcvt.d.s" => Float64.FromFloat32((uint)a, ref flags),
        "fcvt.h.s" => Float16.FromFloat32((uint)a, mode, ref flags),
        "fcvt.h.d" => Float16.FromFloat64(a, mode, ref flags),
        "fcvt.s.h" => Float32.FromFloat16((ushort)a, ref flags),
        "fcvt.d.h" => Float64.FromFloat16((ushort)a, ref flags),
        _ => throw new FormatException(instruction),
    };
}
