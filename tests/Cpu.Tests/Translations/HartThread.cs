using Strata.Cpu.Tests.Interpreter;
using Strata.Guest.Processors;

namespace Strata.Cpu.Tests.Translations;

/// <summary>Runs a hart on a thread until it waits for an interrupt, as a carrier does: waits for memory where it must, and begins again when it was kicked.</summary>
internal sealed class HartThread : IDisposable
{
    private readonly TestMachine _machine;
    private readonly int _hart;
    private readonly Thread _thread;
    private volatile bool _stops;
    private volatile bool _entered;
    private Exception? _failure;

    public HartThread(TestMachine machine, int hart)
    {
        _machine = machine;
        _hart = hart;
        _thread = new Thread(Work) { IsBackground = true, Name = $"hart {hart}" };
        _thread.Start();
    }

    /// <summary>How often the hart left because it was kicked.</summary>
    public int Kicks { get; private set; }

    /// <summary>Waits until the hart has run for a moment.</summary>
    public void WaitUntilInGuestCode()
    {
        SpinWait.SpinUntil(() => _entered);
        Thread.Sleep(20);
    }

    /// <summary>True: the hart waits for an interrupt.</summary>
    public bool Join(TimeSpan patience)
    {
        bool ended = _thread.Join(patience);
        return _failure is null ? ended : throw new InvalidOperationException("the hart failed", _failure);
    }

    public void Dispose()
    {
        _stops = true;
        while (!_thread.Join(1))
            _machine.Harts[_hart].Kick();
    }

    private void Work()
    {
        try
        {
            while (!_stops)
            {
                _entered = true;
                RunExit exit = _machine.Run(1_000_000, _hart);
                if (exit.Reason == RunExitReason.WaitingForInterrupt)
                    return;
                if (exit.Reason == RunExitReason.Kicked)
                    Kicks++;
                exit.Wait?.Block(CancellationToken.None);
            }
        }
        catch (Exception exception)
        {
            _failure = exception;
        }
    }
}
