using Strata.Host;
using Strata.Machines.Carriers;

namespace Strata.Machines;

/// <summary>The threads of a process that all its machines share: carriers, one event loop, a small pool.</summary>
public sealed class HostResources : IDisposable
{
    private const int PoolThreads = 2;

    /// <summary>Starts them, with <paramref name="carrierCount"/> carriers (as many as the host has cores, if 0).</summary>
    public HostResources(int carrierCount = 0)
    {
        EventLoop = new EventLoop("events");
        Pool = new WorkerPool("devices", PoolThreads);
        Carriers = new CarrierPool(carrierCount > 0 ? carrierCount : Environment.ProcessorCount, EventLoop);
    }

    /// <summary>Timers and descriptors.</summary>
    public EventLoop EventLoop { get; }

    /// <summary>What may block.</summary>
    public WorkerPool Pool { get; }

    /// <summary>What runs harts.</summary>
    public CarrierPool Carriers { get; }

    /// <inheritdoc/>
    public void Dispose()
    {
        Carriers.Dispose();
        EventLoop.Dispose();
        Pool.Dispose();
    }
}
