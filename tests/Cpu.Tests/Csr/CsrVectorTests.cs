using System.Globalization;
using Strata.Cpu.RiscV;

namespace Strata.Cpu.Tests.Csr;

/// <summary>Every line of CsrVectors.txt, whose expectations QEMU 10 has written.</summary>
public sealed class CsrVectorTests
{
    [Fact]
    public void EveryLineReadsBackAsExpected()
    {
        using TestHart hart = new();
        hart.Clock.AdvanceTo(1000);

        // On QEMU's board time has passed mtimecmp, which is 0, from the start.
        hart.State.InterruptInputs |= 0x80;
        hart.State.Menvcfg = 0;
        List<string> wrong = [];
        int count = 0;
        foreach (string line in Lines())
        {
            string[] sides = line.Split('#')[0].Split('=', '|');
            string[] access = sides[0].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            string expected = sides[^1].Trim();
            string actual = Access(hart, (PrivilegeMode)Number(access[0]), (int)Number(access[1]), Number(access[3]));
            if (actual != expected)
                wrong.Add($"{line}: got {actual}");
            count++;
        }

        Assert.True(count > 150, $"only {count} lines were read");
        Assert.Empty(wrong);
    }

    private static string Access(TestHart hart, PrivilegeMode mode, int csr, ulong value)
    {
        hart.State.Privilege = mode;
        bool succeeds = hart.Csr.Write(ref hart.State, csr, value) & hart.Csr.Read(ref hart.State, csr, out ulong readBack);

        // The probe comes back to M-mode by a trap, which leaves its mark in MPP.
        Traps.Raise(ref hart.State, 0, TrapCause.Breakpoint, 0);
        return succeeds ? readBack.ToString("x", CultureInfo.InvariantCulture) : "trap 2";
    }

    private static ulong Number(string text) => ulong.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    private static IEnumerable<string> Lines()
    {
        using Stream stream = typeof(CsrVectorTests).Assembly.GetManifestResourceStream("Csr/CsrVectors.txt")!;
        using StreamReader reader = new(stream);
        while (reader.ReadLine() is { } line)
        {
            if (line.Length != 0 && line[0] != '#')
                yield return line;
        }
    }
}
