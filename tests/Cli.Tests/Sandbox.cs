using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Strata.Host.Processes;
using Strata.Host.Terminals;

namespace Strata.Cli.Tests;

/// <summary>A folder of its own for everything that strata keeps, and ways to start strata as a user does.</summary>
internal sealed class Sandbox : IDisposable
{
    /// <summary>A firmware that sends back what it receives on the UART, after a <c>q</c> powers off with code 7, and after a <c>Z</c> resets the machine.</summary>
    private static readonly uint[] EchoFirmware =
    [
        0x100002b7, //    lui  t0, 0x10000      the UART (MemoryMap.Uart)
        0x0052c303, // 1: lbu  t1, 5(t0)        line status
        0x00137313, //    andi t1, t1, 1        data ready?
        0xfe030ce3, //    beqz t1, 1b
        0x0002c383, //    lbu  t2, 0(t0)
        0x00728023, //    sb   t2, 0(t0)
        0x05a00e13, //    li   t3, 'Z'
        0x03c38063, //    beq  t2, t3, 3f
        0x07100e13, //    li   t3, 'q'
        0xffc390e3, //    bne  t2, t3, 1b
        0x00100eb7, //    lui  t4, 0x100        the test finisher
        0x00073f37, //    lui  t5, 0x73
        0x333f0f13, //    addi t5, t5, 0x333    fail with code 7
        0x01eea023, //    sw   t5, 0(t4)
        0x0000006f, // 2: j    2b
        0x00100eb7, // 3: lui  t4, 0x100
        0x00007f37, //    lui  t5, 0x7
        0x777f0f13, //    addi t5, t5, 0x777    reset
        0x01eea023, //    sw   t5, 0(t4)
        0x0000006f, // 4: j    4b
    ];

    /// <summary>Says <c>&gt;</c> before anything else.</summary>
    private static readonly uint[] Greeting =
    [
        0x100002b7, //    lui  t0, 0x10000
        0x03e00393, //    li   t2, '>'
        0x00728023, //    sb   t2, 0(t0)
    ];

    /// <summary>A kernel that does nothing for ever: a jump to itself behind the header of an Image (the kernel's documentation, riscv/boot-image-header).</summary>
    private static readonly uint[] SilentKernelImage = [0x0000006f, 0, 0, 0, 64, 0, 0, 0, 2, 0, 0, 0, 0x43534952, 0x56, 0x05435352, 0];

    private readonly DirectoryInfo _home = Directory.CreateTempSubdirectory("strata-test-");

    public Sandbox()
    {
        Firmware = Write("echo.bin", EchoFirmware);
        GreetingFirmware = Write("greeting.bin", [.. Greeting, .. EchoFirmware]);
        SilentKernel = Write("silent", SilentKernelImage);
    }

    public string Firmware { get; }

    public string GreetingFirmware { get; }

    public string SilentKernel { get; }

    public string Home => _home.FullName;

    public string Registry => Path.Join(Home, "run");

    /// <summary>Runs strata to its end, at most half a minute.</summary>
    public (int ExitCode, string Output, string Error) Run(string input, params string[] arguments)
    {
        using SafeFileHandle output = Open("out"), error = Open("err"), typed = Open("in");
        RandomAccess.Write(typed, Encoding.UTF8.GetBytes(input), 0);
        using ChildProcess child = Start([typed, output, error], null, arguments);
        int code = child.TryWait(30_000) ?? throw new TimeoutException(string.Join(' ', arguments));
        return (code, Content(output), Content(error));
    }

    /// <summary>Starts strata on a terminal.</summary>
    public ChildProcess StartOn(PseudoTerminal terminal, params string[] arguments) => Start([], terminal.Path, arguments);

    public ChildProcess Start(IReadOnlyList<SafeHandle?> descriptors, string? terminal, string[] arguments, params (string Name, string Value)[] variables) => ChildProcess.Start(new()
    {
        Path = Path.Join(AppContext.BaseDirectory, "strata"),
        Arguments = arguments,
        Descriptors = descriptors,
        ControllingTerminal = terminal,
        Environment = variables.Append(("STRATA_HOME", Home)).Append(("TERM", "xterm")).ToDictionary(pair => pair.Item1, pair => (string?)pair.Item2, StringComparer.Ordinal),
    });

    /// <summary>The process ids of the monitors that run in this sandbox.</summary>
    public IReadOnlyList<int> Monitors() =>
    [
        .. Directory.EnumerateDirectories("/proc").Select(Path.GetFileName).Where(name => int.TryParse(name, out _)).Select(name => int.Parse(name!))
            .Where(id => CommandLine(id).Contains(Registry, StringComparison.Ordinal) && CommandLine(id).Contains("strata-monitor", StringComparison.Ordinal)),
    ];

    /// <summary>Waits up to half a minute until <paramref name="condition"/> holds.</summary>
    public static void Await(Func<bool> condition, string what)
    {
        using ManualResetEventSlim never = new();
        for (int i = 0; i < 600; i++)
        {
            if (condition())
                return;
            never.Wait(50);
        }

        Assert.Fail("never " + what);
    }

    public void Dispose()
    {
        foreach (int monitor in Monitors())
            HostProcess.Signal(monitor, HostProcess.SignalKill);
        _home.Delete(recursive: true);
    }

    private string Write(string name, uint[] words)
    {
        string path = Path.Join(_home.FullName, name);
        byte[] bytes = new byte[words.Length * sizeof(uint)];
        Buffer.BlockCopy(words, 0, bytes, 0, bytes.Length);
        File.WriteAllBytes(path, bytes);
        return path;
    }

    private static string CommandLine(int id)
    {
        try
        {
            return File.ReadAllText($"/proc/{id}/cmdline");
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    public static string Content(SafeFileHandle file)
    {
        byte[] bytes = new byte[RandomAccess.GetLength(file)];
        _ = RandomAccess.Read(file, bytes, 0);
        return Encoding.UTF8.GetString(bytes);
    }

    public SafeFileHandle Open(string name) => File.OpenHandle(
        Path.Join(Home, $"{name}-{Guid.NewGuid():N}"), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
}

/// <summary>What a terminal has shown.</summary>
internal sealed class Screen(PseudoTerminal terminal)
{
    private readonly StringBuilder _shown = new();
    private readonly DescriptorStream _stream = new(terminal.Controller);

    public string Text => _shown.ToString();

    public void Type(string text) => Assert.True(_stream.Write(Encoding.UTF8.GetBytes(text)));

    /// <summary>Waits up to half a minute until <paramref name="text"/> was shown.</summary>
    public void Await(string text)
    {
        byte[] buffer = new byte[4096];
        for (int i = 0; i < 600 && !Text.Contains(text, StringComparison.Ordinal); i++)
        {
            if (_stream.WaitReadable(50))
                _ = _shown.Append(Encoding.UTF8.GetString(buffer, 0, _stream.Read(buffer)));
        }

        Assert.Contains(text, Text, StringComparison.Ordinal);
    }
}
