using System.Globalization;
using System.Text;
using Strata.Api.Machines;
using Strata.Debugging;
using Strata.Guest.Ports;

namespace Strata.Monitor.Tests;

/// <summary>A machine whose guest is this class: its consoles echo, and its agent runs a handful of commands.</summary>
internal sealed class FakeMachine : IMonitoredMachine
{
    private readonly FakePort _serial = new();
    private readonly FakePort[] _ports;
    private readonly TaskCompletionSource<ExitRecord> _exited = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _off = new();

    public FakeMachine(bool agent = true)
    {
        Agent = agent;
        _ports = [.. Enumerable.Range(0, 26).Select(_ => new FakePort())];
    }

    public bool Agent { get; }

    /// <summary>Whether the guest ignores being asked to power itself off.</summary>
    public bool IgnoresShutdown { get; init; }

    /// <summary>Whether a console powers off when it is sent an exclamation mark.</summary>
    public bool EndsWhenShoutedAt { get; init; } = true;

    /// <summary>What the guest writes to its first console when it begins, before it powers itself off.</summary>
    public byte[]? LastWords { get; init; }

    public bool HasBegun { get; private set; }

    public (int Columns, int Rows) Size { get; private set; }

    public List<string> Signals { get; } = [];

    public FakePort Port(int number) => _ports[number];

    public IGuestPort Serial => _serial;

    public IReadOnlyList<IGuestPort> Ports => _ports;

    public MachineDebugger? Debugger => null;

    public Task<ExitRecord> Exited => _exited.Task;

    public Action? Restarted { get; set; }

    public void Resize(int columns, int rows) => Size = (columns, rows);

    public void Start()
    {
        HasBegun = true;
        if (LastWords is { } words)
        {
            _ = SpeakAsync(words);
            return;
        }

        _ = EchoAsync(_serial);
        _ = EchoAsync(_ports[0]);
        if (Agent)
            _ = AgentAsync();
    }

    public void Kill() => End(new(0, ExitCause.Killed, null));

    public void End(ExitRecord exit)
    {
        if (_exited.TrySetResult(exit))
            _off.Cancel();
    }

    public void Dispose() => _off.Dispose();

    private async Task SpeakAsync(byte[] words)
    {
        _ports[0].SetHostOpen(true);
        await _ports[0].GuestWriteAsync(words, _off.Token);
        End(new(5, ExitCause.PowerOff, null));
    }

    private async Task EchoAsync(FakePort port)
    {
        port.SetHostOpen(true);
        try
        {
            while (true)
            {
                byte[] got = await port.GuestReadAsync(_off.Token);
                await port.GuestWriteAsync(got, _off.Token);
                if (EndsWhenShoutedAt && got.Contains((byte)'!'))
                    End(new(5, ExitCause.PowerOff, null));
            }
        }
        catch (OperationCanceledException)
        {
            // Off.
        }
    }

    private async Task AgentAsync()
    {
        await SayAsync("HELLO 1 fake");
        StringBuilder line = new();
        try
        {
            while (true)
            {
                foreach (char c in Encoding.ASCII.GetString(await _ports[1].GuestReadAsync(_off.Token)))
                {
                    if (c != '\n')
                    {
                        _ = line.Append(c);
                        continue;
                    }

                    Hear(line.ToString().Split(' '));
                    _ = line.Clear();
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Off.
        }
    }

    private void Hear(string[] words)
    {
        switch (words[0])
        {
            case "EXEC":
                int slot = int.Parse(words[1], CultureInfo.InvariantCulture);
                string all = Encoding.UTF8.GetString(Convert.FromBase64String(words[2]));
                _ = CommandAsync(slot, all[..^1].Split('\0'));
                break;
            case "SIGNAL":
                Signals.Add(words[2]);
                break;
            case "SHUTDOWN":
                if (!IgnoresShutdown)
                    End(new(0, ExitCause.PowerOff, null));
                break;
            default:
                throw new InvalidOperationException(words[0]);
        }
    }

    private async Task CommandAsync(int slot, string[] arguments)
    {
        FakePort input = _ports[2 + (3 * slot)], output = _ports[3 + (3 * slot)], error = _ports[4 + (3 * slot)];
        output.SetGuestOpen(true);
        error.SetGuestOpen(true);
        await SayAsync($"STARTED {slot} 42");
        int code = 0;
        switch (arguments[0])
        {
            case "cat":
                byte[] got;
                while ((got = await input.GuestReadAsync(_off.Token)).Length > 0)
                    await output.GuestWriteAsync(got, _off.Token);
                break;
            case "echo":
                await output.GuestWriteAsync(Encoding.UTF8.GetBytes(string.Join('|', arguments[1..])), _off.Token);
                await error.GuestWriteAsync("e\n"u8.ToArray(), _off.Token);
                break;
            case "exit":
                code = int.Parse(arguments[1], CultureInfo.InvariantCulture);
                break;
            case "flood":
                byte[] block = new byte[1000];
                for (int i = 0; i < int.Parse(arguments[1], CultureInfo.InvariantCulture); i++)
                {
                    Array.Fill(block, (byte)i);
                    await output.GuestWriteAsync(block, _off.Token);
                }

                break;
            case "leave-child":
                await SayAsync($"EXIT {slot} 3");
                return;
            case "reset":
                await output.GuestWriteAsync("last words"u8.ToArray(), _off.Token);
                output.SetGuestOpen(false);
                error.SetGuestOpen(false);
                Restarted?.Invoke();
                await SayAsync("HELLO 1 fake");
                return;
            case "die":
                End(new(9, ExitCause.GuestFailure, "panic"));
                return;
            default:
                await Task.Delay(Timeout.Infinite, _off.Token);
                break;
        }

        await SayAsync($"EXIT {slot} {code}");
        output.SetGuestOpen(false);
        error.SetGuestOpen(false);
    }

    private Task SayAsync(string line) => _ports[1].GuestWriteAsync(Encoding.ASCII.GetBytes(line + "\n"), _off.Token);
}
