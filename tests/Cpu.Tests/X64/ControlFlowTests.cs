using System.Runtime.InteropServices;
using Iced.Intel;
using Strata.Cpu.X64;
using Assembler = Strata.Cpu.X64.Assembler;
using Decoder = Iced.Intel.Decoder;
using Label = Strata.Cpu.X64.Label;
using Memory = Strata.Cpu.X64.Memory;

namespace Strata.Cpu.Tests.X64;

/// <summary>Labels, jumps that can be patched, nops, 64-bit immediates and the end of the buffer.</summary>
public sealed unsafe class ControlFlowTests : IDisposable
{
    private const int Capacity = 1 << 16;

    private readonly byte* _buffer = (byte*)NativeMemory.AlignedAlloc(Capacity, 64);
    private readonly Assembler _assembler = new();

    public ControlFlowTests() => _assembler.Reset(_buffer, Capacity);

    public void Dispose() => NativeMemory.AlignedFree(_buffer);

    [Fact]
    public void A_conditional_jump_takes_one_byte_as_far_as_it_reaches_backward()
    {
        foreach ((Condition condition, int distance) in
            from condition in Enum.GetValues<Condition>() from distance in (int[])[0, 100, 126, 127, 128, 1000] select (condition, distance))
        {
            _assembler.Reset(_buffer, Capacity);
            Label target = _assembler.Here();
            _assembler.Nop(distance);
            _assembler.Jcc(condition, target);
            Instruction jump = Decode().Last();
            Assert.Equal("J" + Forms.Suffix(condition), jump.Mnemonic.ToString(), ignoreCase: true);
            Assert.Equal(distance <= 126 ? 2 : 6, jump.Length);
            Assert.Equal(0u, jump.NearBranchTarget);
        }
    }

    [Fact]
    public void Forward_references_are_completed_when_the_label_is_bound()
    {
        Label target = _assembler.NewLabel();
        _assembler.Jmp(target);
        _assembler.Jcc(Condition.Above, target);
        _assembler.Call(target);
        _assembler.JmpShort(target);
        _assembler.JccShort(Condition.Less, target);
        _assembler.Lea(OperandSize.Qword, Register64.Rax, Memory.At(target));
        // Displacements count from the end of the instruction, after the immediate.
        _assembler.Cmp(OperandSize.Dword, Memory.At(target), 1_000_000);
        _assembler.Vcmp(Precision.Double, XmmRegister.Xmm1, XmmRegister.Xmm2, Memory.At(target), 3);
        Assert.Equal(8, _assembler.UnresolvedReferences);
        Assert.False(_assembler.IsBound(target));
        uint here = (uint)_assembler.Offset;
        _assembler.Bind(target);
        Assert.Equal(0, _assembler.UnresolvedReferences);
        Assert.Equal((int)here, _assembler.OffsetOf(target));
        _assembler.Mov(OperandSize.Qword, Memory.At(target), -1);
        Instruction[] code = [.. Decode()];
        Assert.Equal([5, 6, 5, 2, 2], code[..5].Select(instruction => instruction.Length));
        Assert.All(code[..5], instruction => Assert.Equal(here, instruction.NearBranchTarget));
        Assert.All(code[5..], instruction => Assert.Equal(here, instruction.IPRelativeMemoryAddress));
    }

    [Fact]
    public void A_short_jump_that_does_not_reach_is_our_bug()
    {
        Label near = _assembler.NewLabel();
        Label far = _assembler.NewLabel();
        _assembler.JmpShort(near);
        _assembler.JccShort(Condition.Equal, far);
        _assembler.Nop(125);
        _assembler.Bind(near);
        Assert.Equal(129u, Decode().First().NearBranchTarget);
        _assembler.Nop(3);
        _ = Assert.Throws<System.Diagnostics.UnreachableException>(() => _assembler.Bind(far));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Random_programs_jump_where_their_labels_are(int seed)
    {
        Random random = new(seed);
        for (int round = 0; round < 50; round++)
        {
            _assembler.Reset(_buffer, Capacity);
            Label[] labels = [.. Enumerable.Range(0, random.Next(1, 100)).Select(_ => _assembler.NewLabel())];
            Queue<Label> toBind = new(labels.OrderBy(_ => random.Next()));
            List<(int Offset, Label Target)> jumps = [];
            while (toBind.Count > 0 || jumps.Count < 200)
            {
                Label target = labels[random.Next(labels.Length)];
                switch (random.Next(6))
                {
                    case 0 when toBind.Count > 0:
                        _assembler.Bind(toBind.Dequeue());
                        break;
                    case 1:
                        _assembler.Nop(random.Next(1, 60));
                        break;
                    default:
                        jumps.Add((_assembler.Offset, target));
                        if (random.Next(3) == 0)
                            _assembler.Jmp(target);
                        else if (random.Next(3) == 0)
                            _assembler.Call(target);
                        else
                            _assembler.Jcc((Condition)random.Next(16), target);
                        break;
                }
            }

            Dictionary<int, ulong> read = Decode().Where(instruction => instruction.Mnemonic != Mnemonic.Nop)
                .ToDictionary(instruction => (int)instruction.IP, instruction => instruction.NearBranchTarget);
            Assert.Equal(0, _assembler.UnresolvedReferences);
            Assert.Equal(jumps.ToDictionary(jump => jump.Offset, jump => (ulong)_assembler.OffsetOf(jump.Target)), read);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_patchable_displacement_lies_within_eight_aligned_bytes(bool patchable)
    {
        for (int phase = 0; phase < 64; phase++)
        {
            _assembler.Reset(_buffer, Capacity);
            _assembler.Nop(phase);
            int jump = _assembler.JmpRel32(70_000, patchable);
            int comparison = _assembler.Offset;
            _assembler.Test(OperandSize.Qword, Memory.At(Register64.Rbp, 0x1234), Register64.R15);
            int[] sites =
            [
                jump, patchable ? _assembler.JccRel32(Condition.Sign, -5, comparison) : _assembler.JccRel32(Condition.Sign, -5), _assembler.CallRel32(0, patchable),
            ];
            foreach (int site in sites)
                Assert.True(!patchable || ((long)(_buffer + site) & 7) <= 4);
            Instruction[] code = [.. Decode().Where(instruction => instruction.Mnemonic != Mnemonic.Nop)];
            Assert.Equal([Mnemonic.Jmp, Mnemonic.Test, Mnemonic.Js, Mnemonic.Call], code.Select(instruction => instruction.Mnemonic));
            Assert.Equal((Register.R15, 0x1234ul, code[2].IP), (code[1].Op1Register, code[1].MemoryDisplacement64, code[1].NextIP));
            code = [.. code.Where(instruction => instruction.Mnemonic != Mnemonic.Test)];
            Assert.Equal([70_000ul, unchecked((ulong)-5), 0], code.Select(instruction => instruction.NearBranchTarget));
            Assert.Equal(sites, code.Select(instruction => (int)instruction.NextIP - 4));
            Assert.True(patchable || _assembler.Offset == phase + 16 + 7);

            foreach (int site in sites)
                Assembler.PatchRel32(_buffer, site, site + 1000);
            code = [.. Decode().Where(instruction => instruction.Mnemonic is not (Mnemonic.Nop or Mnemonic.Test))];
            Assert.Equal(sites.Select(site => (ulong)site + 1000), code.Select(instruction => instruction.NearBranchTarget));
        }
    }

    [Fact]
    public void Nops_are_as_few_as_possible()
    {
        for (int bytes = 0; bytes <= 50; bytes++)
        {
            _assembler.Reset(_buffer, Capacity);
            _assembler.Nop(bytes);
            Assert.Equal(bytes, _assembler.Offset);
            Instruction[] code = [.. Decode()];
            Assert.All(code, instruction => Assert.Equal(Mnemonic.Nop, instruction.Mnemonic));
            Assert.Equal((bytes + 8) / 9, code.Length);
        }
    }

    [Fact]
    public void Alignment_is_that_of_the_address()
    {
        for (int start = 0; start < 64; start++)
        {
            _assembler.Reset(_buffer + start, Capacity - start);
            _assembler.Align(16);
            Assert.Equal(-start & 15, _assembler.Offset);
        }
    }

    [Fact]
    public void A_64_bit_immediate_takes_the_shortest_mov()
    {
        (long Value, int Length)[] values =
        [
            (0, 5), (1, 5), (int.MaxValue, 5), (0x8000_0000, 5), (uint.MaxValue, 5), (0x1_0000_0000, 10), (-1, 7), (int.MinValue, 7), (int.MinValue - 1L, 10),
            (long.MaxValue, 10), (long.MinValue, 10),
        ];
        foreach (Register64 register in Enum.GetValues<Register64>())
        {
            foreach ((long value, int length) in values)
            {
                _assembler.Reset(_buffer, Capacity);
                _assembler.Mov(register, value);
                Instruction mov = Assert.Single(Decode());
                Assert.Equal(Mnemonic.Mov, mov.Mnemonic);
                Assert.Equal(Forms.Foreign(register, length == 5 ? 4 : 8), mov.Op0Register);
                Assert.Equal(value, length == 5 ? (uint)mov.GetImmediate(1) : (long)mov.GetImmediate(1));
                Assert.Equal(length == 5 && register >= Register64.R8 ? 6 : length, mov.Length);
            }
        }
    }

    [Fact]
    public void Nothing_is_written_beyond_the_buffer_or_after_an_instruction_that_did_not_fit()
    {
        for (int capacity = 0; capacity < 200; capacity++)
        {
            new Span<byte>(_buffer, 512).Fill(0xA5);
            _assembler.Reset(_buffer, capacity);
            Label label = _assembler.NewLabel();
            int written = 0;
            for (int i = 0; i < 20; i++)
            {
                _assembler.Mov(Register64.R9, long.MaxValue - i);
                _assembler.Jmp(label);
                _ = _assembler.JmpRel32(0, patchable: true);
                _assembler.Mov(OperandSize.Qword, Memory.At(Register64.R12, Register64.R13, 8, 1 << 30).InGs(), int.MaxValue);
                _assembler.Nop(9);
                _assembler.Vzeroupper();
                _assembler.Vblendv(Precision.Double, XmmRegister.Xmm9, XmmRegister.Xmm9, Memory.At(Register64.R12, 1 << 30).InGs(), XmmRegister.Xmm9);
                if (_assembler.Overflowed)
                {
                    written = written == 0 ? _assembler.Offset : written;
                    Assert.Equal(written, _assembler.Offset);
                }
            }

            _assembler.Bind(label);
            Assert.True(_assembler.Overflowed);
            Assert.Equal(-1, _assembler.JmpRel32(0));
            Assert.True(_assembler.Offset <= capacity);
            Assert.False(new ReadOnlySpan<byte>(_buffer + capacity, 512 - capacity).ContainsAnyExcept((byte)0xA5));
            _assembler.Reset(_buffer, Capacity);
            Assert.False(_assembler.Overflowed);
        }
    }

    [Fact]
    public void Instructions_and_labels_allocate_nothing()
    {
        Emit();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++)
            Emit();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        void Emit()
        {
            _assembler.Reset(_buffer, Capacity);
            for (int i = 0; i < 100; i++)
            {
                Label label = _assembler.NewLabel();
                _assembler.Jcc(Condition.Equal, label);
                _assembler.Add(OperandSize.Qword, Register64.Rax, Memory.At(Register64.Rbp, i));
                _assembler.Vadd(Precision.Double, XmmRegister.Xmm1, XmmRegister.Xmm2, XmmRegister.Xmm3);
                _assembler.Bind(label);
            }
        }
    }

    [Fact]
    public void The_inverse_of_a_condition_is_its_opposite_and_back()
    {
        Assert.Equal(Condition.NotEqual, Condition.Equal.Inverse());
        Assert.Equal(Condition.LessOrEqual, Condition.Greater.Inverse());
        Assert.All(Enum.GetValues<Condition>(), condition => Assert.Equal(condition, condition.Inverse().Inverse()));
    }

    private List<Instruction> Decode()
    {
        List<Instruction> code = [];
        Decoder decoder = Decoder.Create(64, new ReadOnlySpan<byte>(_buffer, _assembler.Offset).ToArray());
        while ((int)decoder.IP < _assembler.Offset)
            code.Add(decoder.Decode());
        Assert.DoesNotContain(code, instruction => instruction.IsInvalid);
        return code;
    }
}
