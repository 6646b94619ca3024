using Strata.Guest.Memory;

namespace Strata.Machines.Tests.Harts;

/// <summary>Makes pages absent at random: some are there again before the answer is read, some when the pool has got to it.</summary>
internal sealed class RandomAbsence(int seed, double rate, HostResources host)
{
    // Asked under the memory's lock.
    private readonly Random _random = new(seed);

    public int Count { get; private set; }

    public MemoryWait? Ask()
    {
        if (_random.NextDouble() >= rate)
            return null;
        Count++;
        MemoryWait wait = new();
        if (_random.Next(2) == 0)
            wait.Complete();
        else
            host.Pool.Queue(wait.Complete);
        return wait;
    }
}
