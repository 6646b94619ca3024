using Strata.Guest.Memory;
using Strata.Machines;

namespace Strata.Conformance.Differential;

/// <summary>What may happen to a machine at any time without its guest noticing.</summary>
public enum Disturbance
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>Garbage collections, one every few milliseconds.</summary>
    Collections,

    /// <summary>Any page may be absent at any look at it, and come a little later.</summary>
    Absence,

    /// <summary>Pages get other frames of the host, as copy-on-write and merging give them.</summary>
    Replacement,
}

/// <summary>Disturbs a machine until it is disposed of.</summary>
public sealed class Disturber : IDisposable
{
    private const double AbsenceRate = 0.3;
    private const int PeriodMs = 2;

    // What the guest programs use of RAM: themselves, and what programs/program.h lays out.
    private const ulong Ram = 0x8000_0000;
    private const int Pages = 0x830;

    private readonly Machine _machine;
    private readonly HostResources _host;

    // Asked under the memory's lock, by whoever looks.
    private readonly Random _absence = new(1);
    private readonly ManualResetEventSlim _over = new();
    private readonly Thread? _thread;

    /// <summary>Begins.</summary>
    public Disturber(Machine machine, HostResources host, Disturbance disturbance)
    {
        _machine = machine;
        _host = host;
        switch (disturbance)
        {
            case Disturbance.Absence:
                machine.Memory.Absence = (_, _) => Ask();
                break;
            case Disturbance.Collections:
                _thread = new Thread(Collect);
                break;
            case Disturbance.Replacement:
                _thread = new Thread(Replace);
                break;
            default:
                break;
        }

        _thread?.Start();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _over.Set();
        _thread?.Join();
        _machine.Memory.Absence = null;
        _over.Dispose();
    }

    private MemoryWait? Ask()
    {
        if (_absence.NextDouble() >= AbsenceRate) return null;
        MemoryWait wait = new();
        if (_absence.Next(2) == 0) wait.Complete();
        else _host.Pool.Queue(wait.Complete);
        return wait;
    }

    private void Collect()
    {
        for (int i = 0; !_over.Wait(PeriodMs); i++)
            GC.Collect(i % 16 == 0 ? GC.MaxGeneration : 0);
    }

    // Half of the pages are those of code, data and tables, the others anywhere.
    private void Replace()
    {
        Random random = new(1);
        while (!_over.Wait(PeriodMs))
        {
            for (int i = 0; i < 16; i++)
            {
                int page = random.Next(2) == 0 ? (random.Next(1, 5) * 0x200) + random.Next(32) : random.Next(Pages);
                _machine.Memory.ReplaceFrame(Ram + ((ulong)page * GuestMemory.PageSize), out _);
            }
        }
    }
}
