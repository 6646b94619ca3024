using System.Diagnostics;
using System.Globalization;

namespace Strata.Conformance.Differential;

/// <summary>Instruction words as text, by binutils: independent of our own tables.</summary>
public static class Disassembler
{
    /// <summary>Disassembles a case's code.</summary>
    /// <param name="halves">Its 16-bit halves, four hexadecimal digits each.</param>
    /// <param name="address">Address of the first.</param>
    public static string Disassemble(string halves, ulong address)
    {
        byte[] code = new byte[halves.Length / 2];
        for (int i = 0; i + 4 <= halves.Length; i += 4)
        {
            ushort half = ushort.Parse(halves.AsSpan(i, 4), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            code[i / 2] = (byte)half;
            code[(i / 2) + 1] = (byte)(half >> 8);
        }

        string file = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(file, code);
            string[] arguments =
            [
                "-D", "-b", "binary", "-m", "riscv:rv64", "-M", "no-aliases",
                string.Create(CultureInfo.InvariantCulture, $"--adjust-vma=0x{address:x}"), file,
            ];
            using Process process = Process.Start(
                new ProcessStartInfo("riscv64-linux-gnu-objdump", arguments) { UseShellExecute = false, RedirectStandardOutput = true })!;
            string listing = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            int start = listing.IndexOf("<.data>:", StringComparison.Ordinal);
            IEnumerable<string> lines = listing[(start < 0 ? 0 : start + "<.data>:".Length)..].Split('\n').Where(line => line.Contains(':', StringComparison.Ordinal));
            return string.Join('\n', lines.Where(line => !line.Contains(":\t0001", StringComparison.Ordinal))) + "\n";
        }
        finally
        {
            File.Delete(file);
        }
    }
}
