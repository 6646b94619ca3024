using System.Globalization;
using Strata.Conformance.Differential;

namespace Strata.Conformance.Suites;

/// <summary>
/// Runs a folder of bare-metal RISC-V programs that test themselves (riscv-tests, riscv-arch-test's self-checking form, anybody's) on both engines, and on the translator that counts. A program says how it
/// went by HTIF's <c>tohost</c> or by the test finisher; <c>./test --suite FOLDER</c> names the folder.
/// </summary>
/// <remarks>No suite is part of the project, so this runs only when it is asked for.</remarks>
public sealed class ElfSuiteTests(ITestOutputHelper output)
{
    private const string FolderVariable = "STRATA_ELF_TESTS";
    private const ushort RiscV = 243;
    private const ushort Executable = 2;

    // What a free-running translator does not promise (docs/compatibility.md: instret) is seen by the difference to the one that counts.
    private static readonly EngineVariant[] s_engines = [EngineVariant.Interpreter, EngineVariant.Translator(0), EngineVariant.Translator(1)];
    private static readonly TimeSpan s_budget = TimeSpan.FromSeconds(30);

    [Fact(Explicit = true)]
    public void EveryProgramOfTheFolderPasses()
    {
        string folder = Environment.GetEnvironmentVariable(FolderVariable) ?? throw new InvalidOperationException("run: ./test --suite FOLDER");
        string[] programs = [.. Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Where(IsProgram).Order(StringComparer.Ordinal)];
        Assert.True(programs.Length > 0, $"{folder} holds no RISC-V 64 programs (statically linked ELF files)");
        List<string> failures = [];
        foreach (EngineVariant variant in s_engines)
        {
            using StrataRunner runner = new(variant);
            int passed = 0;
            foreach (string program in programs)
            {
                if (Fault(runner, program) is not { } fault)
                {
                    passed++;
                    continue;
                }

                failures.Add($"{variant.Name}: {Path.GetRelativePath(folder, program)}: {fault}");
                output.WriteLine("FAILED  " + failures[^1]);
            }

            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{variant.Name}: {passed} passed, {programs.Length - passed} failed"));
        }

        Assert.True(failures.Count == 0, string.Join('\n', failures));
    }

    private static string? Fault(StrataRunner runner, string program)
    {
        try
        {
            ProgramOutput result = runner.Run(File.ReadAllBytes(program), s_budget);
            return result.Hung ? $"it did not end within {s_budget.TotalSeconds} seconds" : result.ExitCode == 0 ? null : $"test {result.ExitCode} failed";
        }
        catch (Exception failure) when (failure is InvalidOperationException or Machines.Boot.BootException)
        {
            return failure.Message;
        }
    }

    private static bool IsProgram(string path)
    {
        byte[] header = new byte[20];
        using FileStream file = File.OpenRead(path);
        return file.ReadAtLeast(header, header.Length, throwOnEndOfStream: false) == header.Length
            && header.AsSpan(0, 5).SequenceEqual((ReadOnlySpan<byte>)[0x7f, (byte)'E', (byte)'L', (byte)'F', 2])
            && BitConverter.ToUInt16(header, 16) == Executable && BitConverter.ToUInt16(header, 18) == RiscV;
    }
}
