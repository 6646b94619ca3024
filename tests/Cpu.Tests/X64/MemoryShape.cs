using Iced.Intel;
using Strata.Cpu.X64;
using static Strata.Cpu.X64.Register64;
using Memory = Strata.Cpu.X64.Memory;

namespace Strata.Cpu.Tests.X64;

/// <summary>A memory operand and what the foreign disassembler should see in it.</summary>
internal sealed record MemoryShape(Memory Operand, Register Base, Register Index, int Scale, long Displacement, int DisplacementBytes, Register Segment)
{
    /// <summary>Where the displacement is encoded in one byte, in four, or not at all.</summary>
    private static readonly int[] Displacements = [0, 1, -1, 127, 128, -128, -129, 0x1234_5678, int.MaxValue, int.MinValue];

    /// <summary>Shapes of the special cases, short enough to be combined with all registers.</summary>
    internal static IReadOnlyList<MemoryShape> Few { get; } =
    [
        Of(Rax, 0), Of(Rsp, 8), Of(Rbp, 0), Of(R12, 0), Of(R13, -128), Of(R9, 128), Of(R13, R12, 8, 0), Of(Rbx, R15, 1, 300), OfIndex(R14, 4, -5), OfAbsolute(64).InGs(), OfOffset(-77),
    ];

    /// <summary>Every base with every displacement, every base with every index, each scale, each segment, no base at all, relative to rip.</summary>
    internal static IReadOnlyList<MemoryShape> Many { get; } = [.. Enumerate()];

    private static MemoryShape Of(Register64 register, int displacement) =>
        new(Memory.At(register, displacement), Forms.Foreign(register, 8), Register.None, 1, displacement, Bytes(register, displacement), Register.DS);

    private static MemoryShape Of(Register64 register, Register64 index, int scale, int displacement) =>
        new(
            Memory.At(register, index, scale, displacement), Forms.Foreign(register, 8), Forms.Foreign(index, 8), scale, displacement,
            Bytes(register, displacement), Register.DS);

    private static MemoryShape OfIndex(Register64 index, int scale, int displacement) =>
        new(Memory.Indexed(index, scale, displacement), Register.None, Forms.Foreign(index, 8), scale, displacement, 8, Register.DS);

    private static MemoryShape OfAbsolute(int address) => new(Memory.Absolute(address), Register.None, Register.None, 1, address, 8, Register.DS);

    private static MemoryShape OfOffset(int offset) => new(Memory.AtOffset(offset), Register.RIP, Register.None, 1, offset, 8, Register.DS);

    private MemoryShape InGs() => this with { Operand = Operand.InGs(), Segment = Register.GS };

    private MemoryShape InFs() => this with { Operand = Operand.InFs(), Segment = Register.FS };

    private static int Bytes(Register64 register, int displacement) =>
        displacement == 0 && register is not (Rbp or R13) ? 0 : displacement is >= -128 and <= 127 ? 1 : 8;

    private static IEnumerable<MemoryShape> Enumerate()
    {
        int turn = 0;
        foreach (Register64 register in Enum.GetValues<Register64>())
        {
            foreach (int displacement in Displacements)
            {
                yield return Of(register, displacement);
                yield return Of(register, displacement).InGs();
            }

            foreach (Register64 index in Enum.GetValues<Register64>().Where(index => index != Rsp))
            {
                MemoryShape shape = Of(register, index, 1 << (turn & 3), Displacements[turn % Displacements.Length]);
                yield return shape;
                yield return (turn++ & 4) == 0 ? shape.InGs() : shape.InFs();
            }

            foreach (int scale in (int[])[1, 2, 4, 8])
            {
                if (register != Rsp)
                    yield return OfIndex(register, scale, Displacements[turn++ % Displacements.Length]);
            }
        }

        foreach (int displacement in Displacements)
        {
            yield return OfAbsolute(displacement);
            yield return OfAbsolute(displacement).InGs();
            yield return OfAbsolute(displacement).InFs();
        }

        foreach (int offset in (int[])[0, 1, -1, 4096, -4096, int.MaxValue / 2, int.MinValue / 2])
            yield return OfOffset(offset);
    }
}
