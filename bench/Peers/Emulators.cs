using System.Diagnostics;
using System.Text.Json;
using Strata.Conformance.Differential;

namespace Strata.Bench.Peers;

/// <summary>How each emulator is started, with what the tree has: our command line, QEMU 10 and OpenSBI of <c>tests/tools</c>, the tiny image.</summary>
internal sealed class Emulators(string root)
{
    /// <summary>What tables call ours.</summary>
    public const string Strata = "Strata";

    /// <summary>What tables call our interpreter where it is measured beside the translator.</summary>
    public const string Interpreter = "interpreter";

    /// <summary>What tables call the peer.</summary>
    public const string Qemu = "QEMU 10";

    /// <summary>RAM of every guest, in MiB: what <c>strata run</c> gives.</summary>
    public const int MemoryMegabytes = 512;

    private const string UserSpaceAppend = "console=hvc0 quiet";
    private const int AgentSlots = 8;
    private (string Kernel, string Initrd)? _tiny;

    /// <summary>OpenSBI's dynamic firmware.</summary>
    public string OpenSbi => Path.Combine(root, ".cache", "oracle", "opensbi", "fw_dynamic.bin");

    /// <summary>Kernel and initial file system of the tiny image, pulled when it is missing.</summary>
    public (string Kernel, string Initrd) Tiny => _tiny ??= FindTiny();

    /// <summary>Our command line.</summary>
    public ProcessStartInfo StrataCommand(params string[] arguments)
    {
        ProcessStartInfo start = new(Path.Combine(root, "strata"), arguments) { UseShellExecute = false };
        start.Environment["TERM"] = "";                   // it would be a word of the guest's command line
        return start;
    }

    /// <summary>Runs our command line to its end and answers what it printed.</summary>
    /// <exception cref="BenchException">It failed.</exception>
    public string StrataOutput(params string[] arguments) => Output(StrataCommand(arguments));

    /// <summary>Runs a command to its end and answers what it printed.</summary>
    /// <exception cref="BenchException">It failed.</exception>
    public static string Output(ProcessStartInfo start)
    {
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output : throw new BenchException($"{start.FileName} failed: {errors.Result}");
    }

    /// <summary>The peer's command: the same board, one hart, as much memory.</summary>
    public ProcessStartInfo QemuCommand(params string[] arguments) => new(
        Path.Combine(root, ".cache", "oracle", "qemu-system-riscv64"),
        ["-M", "virt", "-m", $"{MemoryMegabytes}M", "-display", "none", "-monitor", "none", "-nic", "none", .. arguments]);

    /// <summary>Starts the tiny image's shell in ours.</summary>
    /// <param name="options">More of our command line.</param>
    public Peer StrataTiny(params string[] options) => Peer.Start(StrataCommand(["run", "tiny", "--memory", $"{MemoryMegabytes}M", .. options]));

    /// <summary>Starts the tiny image's shell in the peer, with the devices that ours has: console, the agent's ports, entropy.</summary>
    public Peer QemuTiny()
    {
        List<string> ports = ["strata.control"];
        for (int slot = 0; slot < AgentSlots; slot++)
            ports.AddRange([$"strata.{slot}.in", $"strata.{slot}.out", $"strata.{slot}.err"]);
        return Peer.Start(QemuCommand([
            "-bios", OpenSbi, "-kernel", Tiny.Kernel, "-initrd", Tiny.Initrd, "-append", "console=hvc0 quiet", "-serial", "null",
            "-device", "virtio-serial-pci", "-chardev", "stdio,id=console", "-device", "virtconsole,chardev=console",
            .. ports.SelectMany((name, i) => new[] { "-chardev", $"null,id=port{i}", "-device", $"virtserialport,chardev=port{i},name={name}" }),
            "-device", "virtio-rng-pci"]));
    }

    /// <summary>Starts the tiny image's kernel with another initial file system in ours.</summary>
    public Peer StrataUserSpace(string initrd) => Peer.Start(StrataCommand(
        "run", "--kernel", Tiny.Kernel, "--initrd", initrd, "--append", UserSpaceAppend, "--memory", $"{MemoryMegabytes}M"));

    /// <summary>Starts it in the peer.</summary>
    public Peer QemuUserSpace(string initrd) => Peer.Start(QemuCommand(
        "-bios", OpenSbi, "-kernel", Tiny.Kernel, "-initrd", initrd, "-append", UserSpaceAppend, "-serial", "null",
        "-device", "virtio-serial-pci", "-chardev", "stdio,id=console", "-device", "virtconsole,chardev=console"));

    /// <summary>Starts a bare program in M-mode in ours.</summary>
    public Peer StrataFirmware(string file) => Peer.Start(StrataCommand("run", "--firmware", file));

    /// <summary>Starts a bare program in M-mode in the peer, on a processor with exactly our extensions.</summary>
    public Peer QemuFirmware(string file) => Peer.Start(QemuCommand("-cpu", QemuRunner.CpuModel, "-bios", "none", "-kernel", file, "-serial", "stdio"));

    /// <summary>Starts a supervisor's flat image behind our own SBI.</summary>
    /// <param name="image">The image.</param>
    /// <param name="home">A STRATA_HOME of its own.</param>
    public Peer StrataSupervisor(string image, string home)
    {
        ProcessStartInfo start = StrataCommand("run", "--kernel", image);
        start.Environment["STRATA_HOME"] = home;
        return Peer.StartWithSerial(start, home);
    }

    /// <summary>Starts it behind OpenSBI in ours.</summary>
    /// <param name="image">The image.</param>
    /// <param name="options">More of our command line.</param>
    public Peer StrataOpenSbi(string image, params string[] options) => Peer.Start(StrataCommand(["run", "--firmware", OpenSbi, "--kernel", image, .. options]));

    /// <summary>Starts it behind OpenSBI in the peer.</summary>
    public Peer QemuOpenSbi(string image) => Peer.Start(QemuCommand("-bios", OpenSbi, "-kernel", image, "-serial", "stdio"));

    private (string Kernel, string Initrd) FindTiny()
    {
        for (int attempt = 0; ; attempt++)
        {
            using JsonDocument images = JsonDocument.Parse(StrataOutput("images", "--json"));
            foreach (JsonElement image in images.RootElement.EnumerateArray())
            {
                if (image.GetProperty("name").GetString() == "tiny")
                    return (image.GetProperty("kernel").GetString()!, image.GetProperty("initrd").GetString()!);
            }

            if (attempt > 0)
                throw new BenchException("the tiny image is missing although it was pulled");
            _ = StrataOutput("pull", "tiny");
        }
    }
}
