using System.Numerics;
using Strata.Cpu.X64;
using Strata.Host;
using static Strata.Cpu.X64.OperandSize;
using static Strata.Cpu.X64.Register64;
using static Strata.Cpu.X64.XmmRegister;
using Memory = Strata.Cpu.X64.Memory;

namespace Strata.Cpu.Tests.X64;

/// <summary>A few functions that run: arguments come in rdi, rsi, rdx and xmm0 to xmm2, results leave in rax or xmm0 (System V ABI).</summary>
public sealed unsafe class ExecutionTests : IDisposable
{
    private readonly ExecutableMemory _memory = new(1 << 16);
    private readonly Assembler _assembler = new();

    public ExecutionTests()
    {
        Assert.SkipUnless(HostProcessor.Detect().CanTranslate, "the processor lacks what translated code is made of");
        _assembler.Reset((byte*)_memory.WritableAddress, _memory.SizeBytes);
    }

    public void Dispose() => _memory.Dispose();

    [Fact]
    public void A_loop_sums_an_array()
    {
        Label loop = _assembler.NewLabel();
        Label end = _assembler.NewLabel();
        _assembler.Zero(Rax);
        _assembler.Test(Qword, Rsi, Rsi);
        _assembler.JccShort(Condition.Equal, end);
        _assembler.Bind(loop);
        _assembler.Add(Qword, Rax, Memory.At(Rdi, Rsi, 8, -8));
        _assembler.Dec(Qword, Rsi);
        _assembler.Jcc(Condition.NotEqual, loop);
        _assembler.Bind(end);
        _assembler.Ret();
        delegate* unmanaged<long*, long, long> sum = (delegate* unmanaged<long*, long, long>)Entry();
        long* numbers = stackalloc long[100];
        for (int i = 0; i < 100; i++)
            numbers[i] = (i * i) - 1000;
        Assert.Equal(Enumerable.Range(0, 100).Sum(i => (i * i) - 1000L), sum(numbers, 100));
        Assert.Equal(0, sum(numbers, 0));
    }

    [Fact]
    public void A_function_calls_itself()
    {
        Label factorial = _assembler.Here();
        Label one = _assembler.NewLabel();
        _assembler.Cmp(Qword, Rdi, 1);
        _assembler.Jcc(Condition.LessOrEqual, one);
        _assembler.Push(Rdi);
        _assembler.Lea(Qword, Rdi, Memory.At(Rdi, -1));
        _assembler.Call(factorial);
        _assembler.Pop(Rdi);
        _assembler.Imul(Qword, Rax, Rdi);
        _assembler.Ret();
        _assembler.Bind(one);
        _assembler.Mov(Rax, 1);
        _assembler.Ret();
        Assert.Equal(2432902008176640000, ((delegate* unmanaged<long, long>)Entry())(20));
    }

    [Fact]
    public void Data_beside_the_code_is_read_relative_to_rip()
    {
        Label table = _assembler.NewLabel();
        _assembler.Lea(Qword, Rax, Memory.At(table));
        _assembler.Mov(Qword, Rax, Memory.At(Rax, Rdi, 8));
        _assembler.Xor(Qword, Rax, Memory.At(table));
        _assembler.Ret();
        _assembler.Align(8);
        _assembler.Bind(table);
        _assembler.Data(0x1111_2222_3333_4444);
        _assembler.Data(0x5555_6666_7777_8888);
        delegate* unmanaged<long, long> read = (delegate* unmanaged<long, long>)Entry();
        Assert.Equal(0, read(0));
        Assert.Equal(0x4444_4444_4444_CCCC, read(1));
    }

    [Fact]
    public void The_low_bytes_of_all_registers_are_set_and_extended()
    {
        Register64[] registers = [Rax, Rcx, Rdx, Rsi, Rdi, R8, R9, R10, R11];
        foreach (Register64 register in registers)
        {
            _assembler.Reset((byte*)_memory.WritableAddress, _memory.SizeBytes);
            _assembler.Mov(register, -1);
            _assembler.Cmp(OperandSize.Byte, register, -1);
            _assembler.Set(Condition.NotEqual, register);
            _assembler.Mov(Qword, Rax, register);
            _assembler.Ret();
            Assert.Equal(~0xFFL, ((delegate* unmanaged<long>)Entry())());
            _assembler.Reset((byte*)_memory.WritableAddress, _memory.SizeBytes);
            _assembler.Mov(register, 0x80);
            _assembler.Movsx(Qword, OperandSize.Byte, Rax, register);
            _assembler.Ret();
            Assert.Equal(-128, ((delegate* unmanaged<long>)Entry())());
        }
    }

    [Fact]
    public void Bit_operations_do_what_the_base_library_does()
    {
        Random random = new(7);
        _assembler.Shlx(Qword, Rax, Rdi, Rsi);
        _assembler.Rorx(Qword, Rcx, Rdi, 13);
        _assembler.Xor(Qword, Rax, Rcx);
        _assembler.Popcnt(Qword, Rcx, Rdi);
        _assembler.Add(Qword, Rax, Rcx);
        _assembler.Lzcnt(Qword, Rcx, Rdi);
        _assembler.Sub(Qword, Rax, Rcx);
        _assembler.Andn(Qword, Rcx, Rdi, Rsi);
        _assembler.Or(Qword, Rax, Rcx);
        _assembler.Bswap(Qword, Rax);
        _assembler.Ret();
        delegate* unmanaged<ulong, ulong, ulong> mix = (delegate* unmanaged<ulong, ulong, ulong>)Entry();
        for (int i = 0; i < 1000; i++)
        {
            ulong a = (ulong)random.NextInt64() >> random.Next(64);
            ulong b = (ulong)random.NextInt64();
            ulong expected = (a << (int)(b & 63)) ^ BitOperations.RotateRight(a, 13);
            expected = unchecked(expected + (ulong)BitOperations.PopCount(a) - (ulong)BitOperations.LeadingZeroCount(a)) | (~a & b);
            Assert.Equal(System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(expected), mix(a, b));
        }
    }

    [Fact]
    public void A_fused_product_is_rounded_once()
    {
        _assembler.Vfmadd231(Precision.Double, Xmm0, Xmm1, Xmm2);
        _assembler.Ret();
        delegate* unmanaged<double, double, double, double> fused = (delegate* unmanaged<double, double, double, double>)Entry();
        const double near = 1 + (1.0 / (1L << 40));
        Assert.Equal(Math.FusedMultiplyAdd(near, near, -near), fused(-near, near, near));
        Assert.NotEqual((near * near) - near, fused(-near, near, near));
    }

    [Fact]
    public void Invalid_operations_are_recorded_in_mxcsr()
    {
        _assembler.Vstmxcsr(Memory.At(Rdi));
        _assembler.Vldmxcsr(Memory.At(Rdi, 4));
        _assembler.VcvtToIntegerTruncate(Precision.Double, Qword, Rax, Xmm0);
        _assembler.Vstmxcsr(Memory.At(Rdi, 4));
        _assembler.Vldmxcsr(Memory.At(Rdi));
        _assembler.Ret();
        delegate* unmanaged<uint*, double, long> convert = (delegate* unmanaged<uint*, double, long>)Entry();
        uint* words = stackalloc uint[2];
        words[1] = 0x1F80;
        Assert.Equal(-7, convert(words, -7));
        Assert.Equal(0x1F80u, words[1]);
        Assert.Equal(long.MinValue, convert(words, double.NaN));
        Assert.Equal(0x1F81u, words[1]);
    }

    [Fact]
    public void A_jump_is_patched_while_another_thread_runs_it()
    {
        // Two ways to return; the jump at the entry chooses. With every phase of alignment before it.
        for (int phase = 0; phase < 8; phase++)
        {
            _assembler.Reset((byte*)_memory.WritableAddress, _memory.SizeBytes);
            _assembler.Nop(phase);
            int site = _assembler.JmpRel32(0, patchable: true);
            int[] targets = new int[2];
            for (int i = 0; i < 2; i++)
            {
                _assembler.Align(64);
                targets[i] = _assembler.Offset;
                _assembler.Mov(Rax, i + 1);
                _assembler.Ret();
            }

            byte* code = (byte*)_memory.WritableAddress;
            Assembler.PatchRel32(code, site, targets[0]);
            delegate* unmanaged<long> run = (delegate* unmanaged<long>)Entry();
            bool stop = false;
            long wrong = 0;
            long[] seen = new long[3];
            Thread runner = new(() =>
            {
                delegate* unmanaged<long> function = (delegate* unmanaged<long>)Entry();
                while (!Volatile.Read(ref stop))
                {
                    long result = function();
                    if (result is 1 or 2)
                        seen[result]++;
                    else
                        wrong++;
                }
            });
            runner.Start();
            // Until the other thread has seen both, and then some; each patch is in force for this thread as soon as it is written.
            for (int i = 0; i < 2000 || (i < 20_000_000 && (Volatile.Read(ref seen[1]) == 0 || Volatile.Read(ref seen[2]) == 0)); i++)
            {
                Assembler.PatchRel32(code, site, targets[i & 1]);
                Assert.Equal((i & 1) + 1, run());
            }

            Volatile.Write(ref stop, true);
            runner.Join();
            Assert.Equal(0, wrong);
            Assert.True(seen[1] > 0 && seen[2] > 0);
        }
    }

    private nint Entry()
    {
        Assert.False(_assembler.Overflowed);
        Assert.Equal(0, _assembler.UnresolvedReferences);
        return _memory.ExecutableAddress;
    }
}
