using System.Diagnostics;
using System.Text.RegularExpressions;
using Strata.Cpu.RiscV;

namespace Strata.Cpu.Tests.RiscV;

/// <summary>Table, decoder and disassembler against binutils, which knows nothing of ours.</summary>
public sealed partial class DisassemblerTests
{
    private const int Seed = 20260817;
    private const ulong Address = 0x1_0000;
    private const string Architecture = "rv64gc_zfhmin_zba_zbb_zbs_zicbom_zicbop_zicboz_zihintpause_zawrs_svinval";

    [Fact]
    public void EveryRowWithRandomOperandsReadsAsBinutilsReadsIt()
    {
        Random random = new(Seed);
        List<uint> words = [];
        foreach (InstructionRow row in InstructionTable.Rows.Where(row => row.Operation != Operation.Illegal))
        {
            for (int i = 0; i < 60; i++)
                words.Add(row.Match | ((uint)random.NextInt64(1L << 32) & ~row.Mask & (row.Length == 2 ? 0xffffu : uint.MaxValue)));
        }

        Compare(words);
    }

    [Fact]
    public void EverySixteenBitWordReadsAsBinutilsReadsIt() => Compare([.. Enumerable.Range(0, 65536).Select(i => (uint)i).Where(i => (i & 3) != 3 && i != 0)]);

    [Fact]
    public void RandomWordsReadAsBinutilsReadsThem()
    {
        Random random = new(Seed);

        // Those whose low bits announce more than four bytes are left out.
        Compare([.. Enumerable.Range(0, 40_000).Select(_ => (uint)random.NextInt64(1L << 32) | 3).Where(word => (word & 0x1c) != 0x1c)]);
    }

    private static void Compare(List<uint> words)
    {
        // Each word at an address of its own, eight bytes apart; nops behind it.
        byte[] image = new byte[words.Count * 8];
        for (int i = 0; i < words.Count; i++)
        {
            bool isShort = (words[i] & 3) != 3;
            BitConverter.TryWriteBytes(image.AsSpan(i * 8), isShort ? (words[i] & 0xffff) | 0x0001_0000 : words[i]);
            BitConverter.TryWriteBytes(image.AsSpan((i * 8) + 4), 0x0001_0001);
        }

        Dictionary<ulong, string> expected = Objdump(image);
        List<string> differences = [];
        for (int i = 0; i < words.Count; i++)
        {
            ulong address = Address + ((ulong)i * 8);
            string ours = Normalize(Disassembler.Disassemble(words[i], address));
            string theirs = Normalize(expected.GetValueOrDefault(address, "nothing"));
            if (ours != theirs && !IsKnownDifference(Decoder.Decode(words[i]).Row, ours, theirs))
                differences.Add($"{words[i]:x8}: {ours} | binutils: {theirs}");
        }

        Assert.True(differences.Count == 0, $"{differences.Count} of {words.Count} differ (seed {Seed})\n{string.Join('\n', differences.Take(60))}");
    }

    /// <summary>The listing of the words as the only code of an object file whose attributes name our extensions.</summary>
    private static Dictionary<ulong, string> Objdump(byte[] image)
    {
        string folder = Directory.CreateTempSubdirectory("strata-objdump").FullName;
        try
        {
            string[] names = [.. new[] { "words", "a.s", "a.o" }.Select(name => Path.Combine(folder, name))];
            File.WriteAllBytes(names[0], image);
            File.WriteAllText(names[1], $".incbin \"{names[0]}\"\n");
            _ = Output("riscv64-linux-gnu-as", $"-march={Architecture}", "-mno-csr-check", "-o", names[2], names[1]);
            _ = Output("riscv64-linux-gnu-objcopy", "--strip-symbol=$d", names[2]);
            string listing = Output("riscv64-linux-gnu-objdump", "-d", "-z", "-M", "no-aliases", $"--adjust-vma=0x{Address:x}", names[2]);
            return listing.Split('\n').Select(line => Line().Match(line)).Where(match => match.Success)
                .ToDictionary(match => Convert.ToUInt64(match.Groups[1].Value, 16), match => match.Groups[2].Value);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static string Output(string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardOutput = true })!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)}: exit code {process.ExitCode}");
        return output;
    }

    /// <summary>Without the symbol behind an address, and with the one form of a shift by 0 that has a name of its own.</summary>
    private static string Normalize(string text)
    {
        text = Symbol().Replace(text.Split('#')[0], "").Trim();
        return Shift64().Replace(text, "$1\t$2,0x0");
    }

    private static bool IsKnownDifference(InstructionRow? row, string ours, string theirs) => row?.Extension switch
    {
        // Binutils wants the reserved fields of fences to be 0; an implementation ignores them (unprivileged specification, section 2.7).
        Extension.Base or Extension.Zifencei => row.Operation is Operation.Fence or Operation.FenceTso or Operation.FenceI && theirs.StartsWith(".4byte", StringComparison.Ordinal),

        // Binutils has names for CSRs that the hart has not.
        Extension.Zicsr => ours.Contains(",0x", StringComparison.Ordinal),

        // C.ADDI16SP with 0 is reserved (unprivileged specification, section 27.5).
        Extension.C => row.Operation == Operation.Illegal && theirs == "c.addi16sp\tsp,0",

        // Conversions that are always exact: binutils knows them with one rounding mode only, and does not show it.
        Extension.D or Extension.Zfhmin => row.Operation is Operation.FcvtDW or Operation.FcvtDWu or Operation.FcvtDS or Operation.FcvtSH or Operation.FcvtDH
            && (theirs == ours.Replace(",rne", "", StringComparison.Ordinal) || theirs.StartsWith(".4byte", StringComparison.Ordinal)),

        // Binutils 2.40 does not know Zicond.
        Extension.Zicond => theirs.StartsWith(".4byte", StringComparison.Ordinal),
        _ => false,
    };

    [GeneratedRegex(@"^\s*([0-9a-f]+):\t[0-9a-f ]+\t(.*)$")]
    private static partial Regex Line();

    [GeneratedRegex(@" <[^>]*>")]
    private static partial Regex Symbol();

    [GeneratedRegex(@"^(c\.s\w+)64\t(.*)$")]
    private static partial Regex Shift64();
}
