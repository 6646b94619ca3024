using System.Reflection;
using Strata.Cpu.X64;

namespace Strata.Cpu.Tests.X64;

/// <summary>Every method of the assembler, over all registers, sizes, immediates and shapes of memory, against a disassembler that is not ours.</summary>
public sealed class InstructionFormTests : IDisposable
{
    private static readonly Dictionary<string, MethodInfo> Methods = Forms.All.ToDictionary(form => form.Key, form => form.Method, StringComparer.Ordinal);

    private readonly ForeignDisassembler _foreign = new();

    public static TheoryData<string> Keys => [.. Methods.Keys];

    public void Dispose() => _foreign.Dispose();

    [Theory]
    [MemberData(nameof(Keys))]
    public void A_form_reads_as_the_foreign_disassembler_reads_it(string key)
    {
        MethodInfo method = Methods[key];
        MethodInvoker invoker = MethodInvoker.Create(method);
        ParameterInfo[] parameters = method.GetParameters();
        int count = 0;
        bool memory = parameters.Any(parameter => parameter.ParameterType == typeof(Strata.Cpu.X64.Memory));
        object[] arguments = new object[parameters.Length];
        int turn = 0;
        if (memory)
        {
            // All shapes with registers that change from one to the next; then all registers with the few shapes.
            foreach (MemoryShape shape in MemoryShape.Many)
                Combine(0, shape, turning: true);
        }

        foreach (MemoryShape? shape in memory ? MemoryShape.Few : [null!])
            Combine(0, shape, turning: false);
        Assert.True(count >= (parameters.Length == 0 ? 1 : 16), $"only {count} cases");

        void Combine(int index, MemoryShape? shape, bool turning)
        {
            if (index == parameters.Length)
            {
                if (!IsMeaningful(method.Name, arguments))
                    return;
                object?[] call = [.. arguments];
                int operand = Array.FindIndex(arguments, argument => argument is MemoryShape);
                if (operand >= 0)
                    call[operand] = shape!.Operand;
                _foreign.Begin();
                _ = invoker.Invoke(_foreign.Assembler, call.AsSpan());
                _foreign.Compare(key, arguments);
                count++;
                return;
            }

            Type type = parameters[index].ParameterType;
            if (type == typeof(Strata.Cpu.X64.Memory))
            {
                arguments[index] = shape!;
                Combine(index + 1, shape, turning);
                return;
            }

            Array values = type == typeof(int) ? Immediates(method.Name, arguments) : Enum.GetValues(type);
            bool isRegister = type == typeof(Register64) || type == typeof(XmmRegister);
            if (turning && isRegister)
            {
                arguments[index] = values.GetValue(((turn++ * 7) + index) % values.Length)!;
                Combine(index + 1, shape, turning);
                return;
            }

            foreach (object value in values)
            {
                arguments[index] = value;
                Combine(index + 1, shape, turning);
            }
        }
    }

    [Fact]
    public void Every_exception_belongs_to_a_method() => Assert.DoesNotContain(Forms.ExceptionKeys, key => !Methods.ContainsKey(key));

    [Fact]
    public void Rsp_is_refused_as_an_index()
    {
        _ = Assert.Throws<System.Diagnostics.UnreachableException>(() => Strata.Cpu.X64.Memory.At(Register64.Rax, Register64.Rsp).Bits);
        _ = Assert.Throws<System.Diagnostics.UnreachableException>(() => Strata.Cpu.X64.Memory.Indexed(Register64.Rsp, 8).Bits);
    }

    // Instructions that have no form of some size.
    private static bool IsMeaningful(string name, object[] arguments)
    {
        OperandSize[] sizes = [.. arguments.OfType<OperandSize>()];
        if (sizes.Length == 0)
            return arguments is not [Arithmetic.Cmp, ..] || name != "LockAlu";
        OperandSize size = sizes[0];
        return name switch
        {
            "Movzx" => size is OperandSize.Byte or OperandSize.Word,
            "Movsx" => sizes[1].Bytes() < size.Bytes(),
            "Lea" or "Movbe" or "Cmov" or "Popcnt" or "Tzcnt" or "Lzcnt" or "TestBit" or "Bt" or "Bts" or "Btr" or "Btc" => size != OperandSize.Byte,
            "Imul" => size != OperandSize.Byte || arguments.Length == 2,
            "LockAlu" => arguments[0] is not Arithmetic.Cmp,
            "Bswap" or "Andn" or "Pext" or "Pdep" or "Mulx" or "Bextr" or "Bzhi" or "Shlx" or "Shrx" or "Sarx" or "Rorx" or "Blsr" or "Blsmsk" or "Blsi" or "Vmov" or
                "VcvtFromInteger" or "VcvtToInteger" or "VcvtToIntegerTruncate" => size is OperandSize.Dword or OperandSize.Qword,
            _ => true,
        };
    }

    private static int[] Immediates(string name, object[] arguments)
    {
        int bits = arguments.OfType<OperandSize>().Select(size => size.Bytes() * 8).FirstOrDefault(64);
        return name switch
        {
            "ShiftBy" or "Shl" or "Shr" or "Sar" or "Rol" or "Ror" or "TestBit" or "Bt" or "Bts" or "Btr" or "Btc" or "Rorx" or "Vpsrlq" or "Vpsllq" => [0, 1, 2, 7, bits - 1],
            "Vcmp" => [.. Enumerable.Range(0, 32)],
            "Vround" => [.. Enumerable.Range(0, 16)],
            "VcvtSingleToHalf" => [.. Enumerable.Range(0, 8)],
            _ => bits switch
            {
                8 => [-128, -1, 0, 1, 127, 128, 255],
                16 => [short.MinValue, -129, -128, -1, 0, 1, 127, 128, 255, short.MaxValue, ushort.MaxValue],
                _ => [int.MinValue, -32769, -129, -128, -1, 0, 1, 127, 128, 255, 65536, int.MaxValue],
            },
        };
    }
}
