using System.Buffers.Binary;

namespace Strata.Conformance.Differential;

/// <summary>
/// What a guest program is told: the parameter block of <c>tests/guest/runtime/runtime.h</c>, in its order. Patched into the ELF image.
/// </summary>
public sealed record Parameters
{
    /// <summary>Bytes from the start of the magic to the end of the block.</summary>
    public const int SizeBytes = 104;

    private const ulong MagicLow = 0x5b1e0c9ad3f27746;
    private const ulong MagicHigh = 0xe94c81b7302d6fa5;

    /// <summary>Names the sequence of cases.</summary>
    public required ulong Seed { get; init; }

    /// <summary>Number of the first case.</summary>
    public ulong First { get; init; }

    /// <summary>Cases to run.</summary>
    public required ulong Count { get; init; }

    /// <summary>Which kinds of things a case may be made of, a bit each; each program has its own list.</summary>
    public ulong Pools { get; init; } = 0xffff;

    /// <summary>Units per case at most.</summary>
    public uint Length { get; init; } = 24;

    /// <summary>How much is printed.</summary>
    public Verbosity Verbosity { get; init; }

    /// <summary>Privilege and paging of the cases; each program has its own list.</summary>
    public uint Mode { get; init; }

    /// <summary>Cases per printed hash.</summary>
    public uint Block { get; init; } = 1000;

    /// <summary>0, or the seed of the moments at which timer interrupts come.</summary>
    public ulong Interrupts { get; init; }

    /// <summary>Shrinking: unit i is left out of the case when bit i is set.</summary>
    public ulong Skip { get; init; }

    /// <summary>Shrinking: integer registers that start as 0.</summary>
    public uint ZeroIntegers { get; init; }

    /// <summary>Shrinking: integer registers that start as 1.</summary>
    public uint OneIntegers { get; init; }

    /// <summary>Shrinking: floating-point registers that start as +0.</summary>
    public uint ZeroFloats { get; init; }

    /// <summary>Shrinking: floating-point registers that start as 1.0.</summary>
    public uint OneFloats { get; init; }

    /// <summary>
    /// Tests of the driver: instructions that look like the low half (opcode, funct3, funct7) run with the bits of the high half flipped.
    /// </summary>
    public ulong Fault { get; init; }

    /// <summary>Finds the block in an ELF image.</summary>
    /// <returns>Its offset in bytes, or -1.</returns>
    public static int Find(ReadOnlySpan<byte> image)
    {
        Span<byte> magic = stackalloc byte[16];
        BinaryPrimitives.WriteUInt64LittleEndian(magic, MagicLow);
        BinaryPrimitives.WriteUInt64LittleEndian(magic[8..], MagicHigh);
        return image.IndexOf(magic);
    }

    /// <summary>Writes the block behind its magic.</summary>
    public void WriteTo(Span<byte> block)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(block[16..], Seed);
        BinaryPrimitives.WriteUInt64LittleEndian(block[24..], First);
        BinaryPrimitives.WriteUInt64LittleEndian(block[32..], Count);
        BinaryPrimitives.WriteUInt64LittleEndian(block[40..], Pools);
        BinaryPrimitives.WriteUInt32LittleEndian(block[48..], Length);
        BinaryPrimitives.WriteUInt32LittleEndian(block[52..], (uint)Verbosity);
        BinaryPrimitives.WriteUInt32LittleEndian(block[56..], Mode);
        BinaryPrimitives.WriteUInt32LittleEndian(block[60..], Block);
        BinaryPrimitives.WriteUInt64LittleEndian(block[64..], Interrupts);
        BinaryPrimitives.WriteUInt64LittleEndian(block[72..], Skip);
        BinaryPrimitives.WriteUInt32LittleEndian(block[80..], ZeroIntegers);
        BinaryPrimitives.WriteUInt32LittleEndian(block[84..], OneIntegers);
        BinaryPrimitives.WriteUInt32LittleEndian(block[88..], ZeroFloats);
        BinaryPrimitives.WriteUInt32LittleEndian(block[92..], OneFloats);
        BinaryPrimitives.WriteUInt64LittleEndian(block[96..], Fault);
    }
}

/// <summary>How much a guest program prints.</summary>
public enum Verbosity : uint
{
    /// <summary>A hash per block of cases.</summary>
    Blocks = 0,

    /// <summary>Also a hash per case.</summary>
    Cases = 1,

    /// <summary>Also the whole state of each case, before and after.</summary>
    States = 2,
}
