using Strata.Cpu.FloatingPoint;
using Strata.Cpu.RiscV;
using Strata.Cpu.RiscV.Csr;
using Strata.Cpu.Tests.FloatingPoint;
using Strata.Cpu.Tests.Interpreter;
using Strata.Cpu.Translations;

namespace Strata.Cpu.Tests.Translations;

/// <summary>Every floating-point instruction on the corners of its formats, in every rounding mode and state of FS, translated and interpreted: no difference.</summary>
public sealed class FloatOperationTests(ITestOutputHelper output)
{
    private const int Seed = 20260901;
    private const int SlotBytes = 8;

    // Registers of the host and places in memory, sources that are the destination, one source twice. rd, rs1 of the integers.
    private static readonly (int Fd, int Fs1, int Fs2, int Fs3, int Rd, int Rs1)[] Shapes =
    [
        (10, 11, 12, 13, 10, 11), (10, 10, 12, 13, 10, 11), (10, 11, 10, 13, 10, 10), (10, 11, 12, 10, 10, 11), (10, 10, 10, 10, 10, 11), (10, 11, 11, 12, 10, 11),
        (20, 21, 22, 23, 20, 21), (20, 20, 22, 23, 20, 20), (20, 21, 20, 23, 20, 21), (20, 21, 22, 20, 20, 21), (20, 21, 21, 21, 20, 21),
        (20, 11, 22, 13, 10, 21), (10, 21, 12, 23, 20, 11), (10, 10, 22, 23, 0, 0), (20, 20, 12, 13, 0, 21),
    ];

    private static readonly byte[] Fields = [0, 1, 2, 3, 4, 5, 6, 7];

    private readonly TestOperands _doubles = new(11, 52, new Random(Seed));
    private readonly TestOperands _singles = new(8, 23, new Random(Seed + 1));
    private readonly Random _random = new(Seed + 2);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Equals_the_interpreter_on_the_corners(bool counts)
    {
        output.WriteLine($"seed {Seed}");
        using TwoEngines engines = new(new TranslationOptions { CountsInstructions = counts });
        InstructionRow[] rows = [.. InstructionTable.Rows.Where(row => row.Length == 4 && row.Extension is Extension.F or Extension.D or Extension.Zfhmin && !row.Operands.Contains('('))];
        Assert.True(rows.Length > 60);
        List<uint> words = [];
        foreach (InstructionRow row in rows)
        {
            foreach ((int fd, int fs1, int fs2, int fs3, int rd, int rs1) in Shapes)
            {
                foreach (byte field in row.HasRoundingMode ? Fields : [0])
                {
                    uint word = row.Match | ((uint)field << 12) | ((uint)(row.Operands.StartsWith("fd", StringComparison.Ordinal) ? fd : rd) << 7);
                    word |= (uint)(row.Operands.Contains("fs1", StringComparison.Ordinal) ? fs1 : rs1) << 15;
                    word |= row.Operands.Contains("fs2", StringComparison.Ordinal) ? (uint)fs2 << 20 : 0;
                    word |= row.Operands.Contains("fs3", StringComparison.Ordinal) ? (uint)fs3 << 27 : 0;
                    words.Add(word);
                }
            }
        }

        byte[] program = new byte[words.Count * SlotBytes];
        uint wfi = Assembler.Word("wfi");
        for (int i = 0; i < words.Count; i++)
        {
            BitConverter.TryWriteBytes(program.AsSpan(i * SlotBytes), words[i]);
            BitConverter.TryWriteBytes(program.AsSpan((i * SlotBytes) + 4), wfi);
        }

        engines.Load(TestMachine.Ram, program);
        for (int i = 0; i < words.Count; i++)
        {
            InstructionRow row = Decoder.Decode(words[i]).Row!;
            int operands = row.Operands.Split(',').Count(operand => operand[0] == 'f' || operand == "rs1");
            int cases = row.HasRoundingMode && ((words[i] >> 12) & 7) != 7 ? 20 : operands > 2 ? 150 : 60;
            for (int j = 0; j < cases; j++)
                Run(engines, i, words[i], row);
        }
    }

    [Fact]
    public void Equals_the_interpreter_on_every_pair_of_corners()
    {
        using TwoEngines engines = new(new TranslationOptions());
        string[] operations = ["fadd", "fsub", "fmul", "fdiv", "fmin", "fmax", "fsgnj", "fsgnjn", "fsgnjx", "feq", "flt", "fle"];
        foreach (string operation in operations)
        {
            foreach (bool isDouble in (bool[])[false, true])
            {
                string destination = operation is "feq" or "flt" or "fle" ? "a0" : "fa0";
                engines.Load($"{operation}.{(isDouble ? 'd' : 's')} {destination},fa1,fa2\nwfi");
                IReadOnlyList<ulong> corners = isDouble ? _doubles.Corners : [.. _singles.Corners.Select(corner => NanBoxing.Box32((uint)corner))];
                foreach (ulong a in corners)
                {
                    foreach (ulong b in corners)
                    {
                        for (byte frm = 0; frm < 4; frm++)
                        {
                            byte mode = frm;
                            string? report = engines.Run((ref HartState s) => (s.F[11], s.F[12], s.Frm) = (a, b, mode));
                            Assert.True(report is null, $"{operation}, frm {frm}, {a:x} and {b:x}: {report}");
                        }
                    }
                }
            }
        }
    }

    private void Run(TwoEngines engines, int index, uint word, InstructionRow row)
    {
        bool isDouble = row.Mnemonic.EndsWith(".d", StringComparison.Ordinal);
        int frm = _random.Next(8) == 0 ? _random.Next(4, 8) : _random.Next(4);
        ulong status = (ulong)(_random.Next(16) == 0 ? 0 : _random.Next(1, 4)) << MStatusBits.FsShift;
        byte flags = (byte)(_random.Next(2) == 0 ? 0 : _random.Next(32));
        ulong[] floats = [.. Enumerable.Range(0, 32).Select(_ => Operand(isDouble))];
        ulong[] integers = [.. Enumerable.Range(0, 32).Select(register => register == 0 ? 0 : Integer())];
        string? report = engines.Run((ref HartState s) =>
        {
            s.Pc = TestMachine.Ram + (ulong)(index * SlotBytes);
            s.Frm = (byte)frm;
            s.Fflags = flags;
            s.MStatus = status;
            floats.CopyTo((Span<ulong>)s.F);
            integers.CopyTo((Span<ulong>)s.X);
        });
        Assert.True(report is null, $"{row.Mnemonic} {word:x8}, frm {frm}, {status:x}, {string.Join(' ', floats[10..14].Concat(floats[20..24]).Select(x => x.ToString("x")))}: {report}");
    }

    // Of the format that the instruction is named after, sometimes of another.
    private ulong Operand(bool isDouble) => _random.Next(16) switch
    {
        0 => _doubles.Next(),
        1 => NanBoxing.Box32((uint)_singles.Next()),
        2 => (uint)_singles.Next(),
        3 => NanBoxing.Box16((ushort)_random.Next(65536)),
        4 or 5 => BitConverter.DoubleToUInt64Bits(Integral(isDouble)),
        _ => isDouble ? _doubles.Next() : NanBoxing.Box32((uint)_singles.Next()),
    };

    // Numbers about the ends of the integers, where conversions saturate.
    private double Integral(bool isDouble)
    {
        double limit = (_random.Next(4) switch { 0 => 2147483648.0, 1 => 4294967296.0, 2 => 9223372036854775808.0, _ => 18446744073709551616.0 }) * (_random.Next(2) == 0 ? 1 : -1);
        double number = limit + ((_random.Next(9) - 4) * 0.25);
        return isDouble ? number : BitConverter.UInt64BitsToDouble(NanBoxing.Box32(BitConverter.SingleToUInt32Bits((float)number)));
    }

    private ulong Integer() => _random.Next(4) switch
    {
        0 => (ulong)_random.NextInt64() >> _random.Next(64),
        1 => (ulong)-(_random.NextInt64() >> _random.Next(63)),
        2 => (1UL << _random.Next(64)) + (ulong)_random.Next(3) - 1,
        _ => (ulong)_random.Next(3) - 1,
    };
}
