using System.Globalization;
using System.Runtime.InteropServices;
using Iced.Intel;
using Strata.Cpu.X64;
using Assembler = Strata.Cpu.X64.Assembler;
using Decoder = Iced.Intel.Decoder;

namespace Strata.Cpu.Tests.X64;

/// <summary>Reads what the assembler wrote with Iced, compares it with the expected text, and encodes it anew for the shortest form.</summary>
internal sealed unsafe class ForeignDisassembler : IDisposable
{
    private const ulong Address = 0x7000_0000_0000;
    private const int Capacity = 64;
    private const byte Untouched = 0xA5;

    private readonly byte* _buffer = (byte*)NativeMemory.AlignedAlloc(Capacity, 64);
    private readonly Reader _reader;
    private readonly Writer _writer = new();
    private readonly Decoder _decoder;
    private readonly Encoder _encoder;

    internal ForeignDisassembler()
    {
        _reader = new(_buffer);
        _decoder = Decoder.Create(64, _reader);
        _encoder = Encoder.Create(64, _writer);
    }

    internal Assembler Assembler { get; } = new();

    public void Dispose() => NativeMemory.AlignedFree(_buffer);

    internal void Begin()
    {
        new Span<byte>(_buffer, Capacity).Fill(Untouched);
        Assembler.Reset(_buffer, Capacity);
    }

    /// <summary>Compares the one instruction in the buffer with what the form should be for these arguments.</summary>
    internal void Compare(string key, object[] arguments)
    {
        Instruction instruction = DecodeOne();
        string[] expected = Forms.Expected(key, arguments);
        if (!instruction.Mnemonic.ToString().Equals(expected[0], StringComparison.OrdinalIgnoreCase) || instruction.OpCount != expected.Length - 1)
            Fail("mnemonic or number of operands");
        if (instruction.HasLockPrefix != key.StartsWith("Lock", StringComparison.Ordinal))
            Fail("lock prefix");
        for (int i = 1; i < expected.Length; i++)
        {
            if (Differs(instruction, i - 1, expected[i], arguments) is { } what)
                Fail(what);
        }

        void Fail(string what) => Assert.Fail(
            $"{what}: {key}({string.Join(", ", arguments)}) should be {string.Join(' ', expected)}, reads as {instruction} ({instruction.Code}), bytes {Bytes()}");
    }

    /// <summary>The one instruction in the buffer; fails unless it is exactly what was written and could not be shorter in its form.</summary>
    internal Instruction DecodeOne()
    {
        int length = Assembler.Offset;
        _reader.Position = 0;
        _decoder.IP = Address;
        Instruction instruction = _decoder.Decode();
        if (instruction.IsInvalid || instruction.Length != length || Assembler.Overflowed)
            Assert.Fail($"{instruction.Length} bytes read of {length} written, {Bytes()}: {instruction}");
        _writer.Position = 0;
        uint again = _encoder.Encode(instruction, Address);
        if (again != length || !new ReadOnlySpan<byte>(_writer.Code, 0, length).SequenceEqual(new ReadOnlySpan<byte>(_buffer, length)))
            Assert.Fail($"{instruction}: ours {Bytes()}, encoded anew {Convert.ToHexString(_writer.Code, 0, (int)again)}");
        if (new ReadOnlySpan<byte>(_buffer + Assembler.InstructionReserve, Capacity - Assembler.InstructionReserve).ContainsAnyExcept(Untouched))
            Assert.Fail($"{instruction}: written beyond the reserve of an instruction");
        return instruction;
    }

    private string Bytes() => Convert.ToHexString(new ReadOnlySpan<byte>(_buffer, Assembler.Offset));

    // `expected` is a parameter's number and a width, or a register by name.
    private static string? Differs(in Instruction instruction, int operand, string expected, object[] arguments)
    {
        if (expected is "CL" or "DH" or "EAX")
            return instruction.GetOpRegister(operand).ToString() == expected ? null : "register";
        object argument = arguments[int.Parse(expected.AsSpan(0, 1), CultureInfo.InvariantCulture)];
        OperandSize[] sizes = [.. arguments.OfType<OperandSize>()];
        int bytes = expected[1] switch
        {
            'B' => 1,
            'W' => 2,
            'D' => 4,
            'Q' => 8,
            'O' or 'X' => 16,
            'S' => sizes[0].Bytes(),
            'T' => sizes[1].Bytes(),
            'P' => arguments.OfType<Precision>().Single() == Precision.Double ? 8 : 4,
            _ => 0,
        };
        OpKind kind = instruction.GetOpKind(operand);
        switch (argument)
        {
            case Register64 register:
                return kind == OpKind.Register && instruction.GetOpRegister(operand) == Forms.Foreign(register, bytes) ? null : $"operand {operand}";
            case XmmRegister register:
                return kind == OpKind.Register && instruction.GetOpRegister(operand) == Register.XMM0 + (int)register ? null : $"operand {operand}";
            case int immediate:
                int width = kind switch
                {
                    OpKind.Immediate8 => 8,
                    OpKind.Immediate16 or OpKind.Immediate8to16 => 16,
                    OpKind.Immediate32 or OpKind.Immediate8to32 => 32,
                    OpKind.Immediate8to64 or OpKind.Immediate32to64 => 64,
                    _ => 0,
                };
                if (width == 0 || ((instruction.GetImmediate(operand) ^ (ulong)immediate) << (64 - width)) != 0)
                    return "immediate";
                bool couldBeShorter = kind is OpKind.Immediate32 or OpKind.Immediate32to64 or OpKind.Immediate16 && immediate == (sbyte)immediate;
                return couldBeShorter && instruction.Mnemonic is not (Mnemonic.Mov or Mnemonic.Test) ? "immediate could be a byte" : null;
            case MemoryShape shape:
                long displacement = shape.Base == Register.RIP ? (long)Address + shape.Displacement : shape.Displacement;
                bool same = kind == OpKind.Memory && instruction.MemoryBase == shape.Base && instruction.MemoryIndex == shape.Index
                    && instruction.MemoryIndexScale == shape.Scale && (long)instruction.MemoryDisplacement64 == displacement
                    && instruction.MemoryDisplSize == shape.DisplacementBytes
                    && (shape.Segment == Register.DS ? instruction.SegmentPrefix == Register.None : instruction.MemorySegment == shape.Segment);
                return !same ? "memory" : bytes != 0 && instruction.MemorySize.GetSize() != bytes ? "memory size" : null;
            default:
                return "kind of argument";
        }
    }

    private sealed class Reader(byte* code) : CodeReader
    {
        public int Position { get; set; }

        public override int ReadByte() => Position < Capacity ? code[Position++] : -1;
    }

    private sealed class Writer : CodeWriter
    {
        public byte[] Code { get; } = new byte[Capacity];

        public int Position { get; set; }

        public override void WriteByte(byte value) => Code[Position++] = value;
    }
}
