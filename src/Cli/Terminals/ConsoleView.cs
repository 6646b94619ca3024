using System.Runtime.InteropServices;
using Strata.Api.Control;
using Strata.Cli.Output;
using Strata.Host.Processes;
using Strata.Host.Terminals;

namespace Strata.Cli.Terminals;

/// <summary>Joins the standard streams with a machine's console until the machine ends.</summary>
/// <remarks>Standard input need not be a terminal: then its bytes are typed as they are, and its end is the guest's end-of-transmission character.</remarks>
/// <param name="client">The connection that the machine belongs to.</param>
/// <param name="stream">The console.</param>
/// <param name="kind">Which console it is.</param>
/// <param name="beforeOutput">Called before anything is shown: the screen is then the guest's.</param>
internal sealed class ConsoleView(MonitorClient client, ConsoleStream stream, ConsoleKind kind, Action beforeOutput) : IDisposable
{
    private const int PowerOffGraceMs = 10_000;
    private const byte EndOfTransmission = 0x04;

    /// <summary>A monitor ends itself half a minute after it was to end.</summary>
    private static readonly TimeSpan MonitorPatience = TimeSpan.FromSeconds(40);

    private readonly SemaphoreSlim _screen = new(1);    // held by who writes to the screen: the guest, or the menu while it is open
    private readonly CancellationTokenSource _ended = new();
    private readonly EscapeMenu _menu = new();
    private readonly bool _typed = Terminal.Is(StandardStreams.Input);

    /// <summary>Shows the console until its end; gives the terminal back as it was.</summary>
    /// <exception cref="CommandException">Standard output cannot be written to.</exception>
    internal async Task ShowAsync(CancellationToken cancellation)
    {
        if (_typed)
            _ = await client.AskAsync<DoneReply>(new HoldTerminalRequest(), cancellation, [StandardStreams.Input]);
        using (RawTerminal? raw = _typed ? new(StandardStreams.Input) : null)
        using (PosixSignalRegistration.Create(PosixSignal.SIGWINCH, _ => Resize()))
        {
            // A thread of its own: a read from a terminal cannot be taken back, and must not hold up anything at the end.
            new Thread(ReadKeys) { IsBackground = true, Name = "keys" }.Start();
            await ShowOutputAsync(cancellation);
        }

        await _ended.CancelAsync();
        try
        {
            if (_typed)
                _ = await client.AskAsync<DoneReply>(new ReleaseTerminalRequest(), cancellation);
        }
        catch (IOException)
        {
            // The monitor has ended with its machine, and whoever waits for that has its answer. The terminal is as it was.
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _screen.Dispose();
        _ended.Dispose();
    }

    private async Task ShowOutputAsync(CancellationToken cancellation)
    {
        DescriptorStream output = new(StandardStreams.Output);
        byte[] buffer = new byte[16 * 1024];
        int got;
        while ((got = await stream.ReadAsync(buffer, cancellation)) > 0)
        {
            await _screen.WaitAsync(cancellation);
            try
            {
                beforeOutput();
                if (!output.Write(buffer.AsSpan(0, got)))
                    throw new CommandException("E-OUTPUT", "cannot show the console", "nobody reads standard output", exitCode: ExitCode.BrokenPipe);
            }
            catch (IOException failure)
            {
                throw new CommandException("E-OUTPUT", "cannot show the console", failure.Message);
            }
            finally
            {
                _ = _screen.Release();
            }
        }
    }

    private void ReadKeys()
    {
        try
        {
            DescriptorStream input = new(StandardStreams.Input);
            byte[] buffer = new byte[1024];
            int got;
            while ((got = input.Read(buffer)) > 0)
            {
                for (int at = 0; at < got;)
                    at += _typed ? TakeTyped(buffer.AsSpan(at, got - at)) : Pass(buffer.AsSpan(at, got - at));
            }

            if (!_typed && kind == ConsoleKind.Virtio)
                _ = Pass([EndOfTransmission]);
        }
        catch (Exception failure) when (failure is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // The machine has ended; whoever shows its output knows.
        }
    }

    private int TakeTyped(ReadOnlySpan<byte> typed)
    {
        int taken = _menu.Take(typed, out ReadOnlySpan<byte> forGuest, out MenuChoice choice);
        switch (choice)
        {
            case MenuChoice.Show:
                _screen.Wait();
                beforeOutput();
                StandardStreams.WriteMessage($"\r\n{EscapeMenu.Line}\r\n");
                break;
            case MenuChoice.Help:
                StandardStreams.WriteMessage(string.Join("\r\n", EscapeMenu.Help) + "\r\n");
                break;
            case MenuChoice.PowerOff:
                StandardStreams.WriteMessage("strata: powering off\r\n");
                _ = EndAsync(new PowerOffRequest(PowerOffGraceMs), TimeSpan.FromMilliseconds(PowerOffGraceMs) + MonitorPatience);
                break;
            case MenuChoice.Kill:
                StandardStreams.WriteMessage("strata: killed\r\n");
                _ = EndAsync(new KillRequest(), MonitorPatience);
                break;
            default:
                break;
        }

        if (choice is MenuChoice.PowerOff or MenuChoice.Kill or MenuChoice.Resume)
            _ = _screen.Release();
        if (!forGuest.IsEmpty)
            _ = Pass(forGuest);
        return taken;
    }

    /// <summary>Asks the monitor for the machine's end, and ends a monitor that does not do it: it may be stopped, or hang.</summary>
    private async Task EndAsync(Request request, TimeSpan patience)
    {
        try
        {
            _ = client.AskAsync<DoneReply>(request, CancellationToken.None);
            await Task.Delay(patience, _ended.Token);
            _ = HostProcess.Signal(client.Hello.Pid, HostProcess.SignalKill);
        }
        catch (OperationCanceledException)
        {
            // It has ended.
        }
    }

    private int Pass(ReadOnlySpan<byte> bytes)
    {
        // Waits while the guest does not take it: this thread does nothing else.
        _ = stream.WriteAsync(bytes.ToArray(), CancellationToken.None).AsTask().GetAwaiter().GetResult();
        return bytes.Length;
    }

    private void Resize()
    {
        TerminalSize size = Terminal.SizeOf(StandardStreams.Input);
        _ = client.AskAsync<DoneReply>(new ResizeRequest(size.Columns, size.Rows), CancellationToken.None);
    }
}
