using System.Text;
using Microsoft.Win32.SafeHandles;
using Strata.Host.Processes;
using Strata.Host.Terminals;

namespace Strata.Cli.Tests;

/// <summary>A folder of its own for everything that strata keeps, and ways to start strata as a user does.</summary>
internal sealed class Sandbox : IDisposable
{
    /// <summary>A firmware that sends back what it receives on the UART, and after a <c>q</c> powers off with code 7.</summary>
    private static readonly uint[] EchoFirmware =
    [
        0x100002b7, //    lui  t0, 0x10000      the UART (MemoryMap.Uart)
        0x0052c303, // 1: lbu  t1, 5(t0)        line status
        0x00137313, //    andi t1, t1, 1        data ready?
        0xfe030ce3, //    beqz t1, 1b
        0x0002c383, //    lbu  t2, 0(t0)
        0x00728023, //    sb   t2, 0(t0)
        0x07100e13, //    li   t3, 'q'
        0xffc394e3, //    bne  t2, t3, 1b
        0x00100eb7, //    lui  t4, 0x100        the test finisher
        0x00073f37, //    lui  t5, 0x73
        0x333f0f13, //    addi t5, t5, 0x333    fail with code 7
        0x01eea023, //    sw   t5, 0(t4)
        0x0000006f, // 2: j    2b
    ];

    private readonly DirectoryInfo _home = Directory.CreateTempSubdirectory("strata-test-");

    public Sandbox()
    {
        Firmware = Path.Join(_home.FullName, "echo.bin");
        byte[] bytes = new byte[EchoFirmware.Length * sizeof(uint)];
        Buffer.BlockCopy(EchoFirmware, 0, bytes, 0, bytes.Length);
        File.WriteAllBytes(Firmware, bytes);
    }

    public string Firmware { get; }

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

    public ChildProcess Start(IReadOnlyList<SafeFileHandle> descriptors, string? terminal, string[] arguments) => ChildProcess.Start(new()
    {
        Path = Path.Join(AppContext.BaseDirectory, "strata"),
        Arguments = arguments,
        Descriptors = descriptors,
        ControllingTerminal = terminal,
        Environment = new Dictionary<string, string?>(StringComparer.Ordinal) { ["STRATA_HOME"] = Home, ["TERM"] = "xterm" },
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

    private static string Content(SafeFileHandle file)
    {
        byte[] bytes = new byte[RandomAccess.GetLength(file)];
        _ = RandomAccess.Read(file, bytes, 0);
        return Encoding.UTF8.GetString(bytes);
    }

    private SafeFileHandle Open(string name) => File.OpenHandle(
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
