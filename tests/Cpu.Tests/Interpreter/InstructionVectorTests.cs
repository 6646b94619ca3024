using System.Globalization;
using Strata.Cpu.RiscV;
using Strata.Cpu.RiscV.Csr;

namespace Strata.Cpu.Tests.Interpreter;

/// <summary>What single instructions do, line by line from InstructionVectors.txt.</summary>
public sealed class InstructionVectorTests
{
    private const ulong Address = TestMachine.Ram + 0x8_0000;
    private const ulong Code = TestMachine.Ram + 0x1000;

    [Fact]
    public void EveryLineHolds()
    {
        using TestMachine machine = new();
        using StreamReader lines = new(typeof(InstructionVectorTests).Assembly.GetManifestResourceStream("Interpreter/InstructionVectors.txt")!);
        List<string> wrong = [];
        int count = 0;
        while (lines.ReadLine() is { } line)
        {
            if (line.Length == 0 || line[0] == '#')
                continue;
            count++;
            string? problem = Check(machine, [.. line.Split('|', StringSplitOptions.TrimEntries)]);
            if (problem is not null)
                wrong.Add($"{line}: {problem}");
        }

        Assert.True(count > 100, $"{count} lines");
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    private static string? Check(TestMachine machine, string[] columns)
    {
        machine.Hart.Reset();
        ref HartState s = ref machine.State;
        s.MStatus |= MStatusBits.Fs;
        s.Pc = Code;
        s.X[11] = Address;
        foreach ((string name, ulong value) in Values(columns[1]))
            Set(machine, name, value);
        machine.Load(columns[0], Code);
        machine.Run(1);
        if (s.Pc != Code + 4)
            return $"trapped with cause {s.Mcause}";
        foreach ((string name, ulong value) in Values(columns[2]))
        {
            ulong actual = Get(machine, name);
            if (actual != value)
                return $"{name} is {actual:x}";
        }

        // Flags that are not named are not raised.
        return s.Fflags != 0 && !columns[2].Contains("flags", StringComparison.Ordinal) ? $"flags are {s.Fflags:x}" : null;
    }

    private static IEnumerable<(string Name, ulong Value)> Values(string column) =>
        column.Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Select(part => part.Split('='))
            .Select(pair => (pair[0], ulong.Parse(pair[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture)));

    private static void Set(TestMachine machine, string name, ulong value)
    {
        if (name == "m")
            machine.Write64(Address, value);
        else if (name.StartsWith('f'))
            machine.State.F[IndexOf(RegisterNames.Float, name)] = value;
        else
            machine.State.X[IndexOf(RegisterNames.Integer, name)] = value;
    }

    private static ulong Get(TestMachine machine, string name) => name switch
    {
        "m" => machine.Read64(Address),
        "flags" => machine.State.Fflags,
        _ when name.StartsWith('f') => machine.State.F[IndexOf(RegisterNames.Float, name)],
        _ => machine.State.X[IndexOf(RegisterNames.Integer, name)],
    };

    private static int IndexOf(IReadOnlyList<string> names, string name)
    {
        int index = names.ToList().IndexOf(name);
        return index >= 0 ? index : throw new ArgumentException($"register {name}", nameof(name));
    }
}
