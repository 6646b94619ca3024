using System.Diagnostics;

namespace Strata.Conformance.Differential;

/// <summary>The oracle: QEMU 10, got by <c>tests/tools</c>.</summary>
public sealed class QemuRunner : IProgramRunner
{
    /// <summary>
    /// Exactly the extensions of our machine and nothing else. The model rv64i starts from nothing, so a newer QEMU that turns more on by
    /// default changes nothing here. <c>debug=false,pmu-mask=0xfffffff8</c>: no trigger module. <c>svade</c> and <c>svadu</c> together: menvcfg.ADUE chooses,
    /// and is 0 after reset.
    /// </summary>
    public const string CpuModel =
        "rv64i,m=true,a=true,f=true,d=true,c=true,s=true,u=true,zicsr=true,zifencei=true,zicntr=true,zihpm=true,zfhmin=true," +
        "zba=true,zbb=true,zbs=true,zicond=true,zicbom=true,zicbop=true,zicboz=true,zihintpause=true,zawrs=true," +
        "sstc=true,svade=true,svadu=true,svinval=true,svnapot=true,svpbmt=true,sv57=true,pmp=true,mmu=true,debug=false,pmu-mask=0xfffffff8";

    private static readonly TimeSpan s_endPatience = TimeSpan.FromSeconds(30);
    private readonly string[] _options;

    /// <summary>An oracle with further options of QEMU, for comparisons of QEMU with itself.</summary>
    public QemuRunner(string name = "QEMU 10", params string[] options)
    {
        Name = name;
        _options = options;
    }

    /// <inheritdoc/>
    public string Name { get; }

    private static string Program
    {
        get
        {
            string path = Path.Combine(SourceTree.Root, ".cache", "oracle", "qemu-system-riscv64");
            return File.Exists(path) ? path : throw new InvalidOperationException("The oracle is missing: run ./test, or tests/tools alone");
        }
    }

    /// <inheritdoc/>
    public ProgramOutput Run(byte[] elf, TimeSpan budget)
    {
        string file = Path.Combine(Path.GetTempPath(), $"strata-guest-{Guid.NewGuid():N}.elf");
        File.WriteAllBytes(file, elf);
        try
        {
            string[] arguments =
            [
                "-M", "virt", "-m", "128M", "-cpu", CpuModel, "-bios", "none", "-kernel", file,
                "-display", "none", "-monitor", "none", "-serial", "stdio", .. _options,
            ];
            ProcessStartInfo start = new(Program, arguments)
            {
                UseShellExecute = false,
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            };
            using Process process = Process.Start(start)!;
            process.StandardInput.Close();
            Task<string> text = process.StandardOutput.ReadToEndAsync();
            Task<string> errors = process.StandardError.ReadToEndAsync();
            bool hung = !process.WaitForExit(budget);
            if (hung) process.Kill(entireProcessTree: true);
            if (!process.WaitForExit(s_endPatience) || !Task.WaitAll([text, errors], s_endPatience))
                throw new TimeoutException($"QEMU, process {process.Id}, or its streams did not end within {s_endPatience} of {(hung ? "being killed" : "its exit")}");
            if (!hung && process.ExitCode != 0 && text.Result.Length == 0)
                throw new InvalidOperationException($"QEMU failed with code {process.ExitCode}: {errors.Result}");
            return new ProgramOutput(text.Result, process.ExitCode, hung);
        }
        finally
        {
            File.Delete(file);
        }
    }
}
