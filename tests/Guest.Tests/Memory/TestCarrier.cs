using Strata.Guest.Interrupts;
using Strata.Guest.Memory;
using Strata.Guest.Processors;

namespace Strata.Guest.Tests.Memory;

/// <summary>Fills that record what was dropped.</summary>
internal sealed class TestFills : ICarrierFills
{
    public Dictionary<ulong, MemoryFill> Reads { get; } = [];

    public Dictionary<ulong, MemoryFill> Writes { get; } = [];

    public int DropAllCount { get; private set; }

    public List<ulong> Dropped { get; } = [];

    public void DropPage(ulong pageAddress)
    {
        Reads.Remove(pageAddress);
        Writes.Remove(pageAddress);
        Dropped.Add(pageAddress);
    }

    public void DropAll()
    {
        Reads.Clear();
        Writes.Clear();
        DropAllCount++;
    }

    public void Dispose()
    {
    }
}

/// <summary>A hart without instructions: it only hears kicks.</summary>
internal sealed class TestHart : IProcessor
{
    private int _kicked;

    public int HartId => 0;

    public ulong InstructionsRetired { get; set; }

    public ulong InstructionsTrapped { get; set; }

    public ulong InstructionsAttempted => InstructionsRetired + InstructionsTrapped;

    public Action? Woken { get; set; }

    public int KickCount { get; private set; }

    /// <summary>Takes the kick, if there was one, as a hart does when it leaves its run loop.</summary>
    public bool TakeKick() => Interlocked.Exchange(ref _kicked, 0) != 0;

    public RunExit Run(ICarrierFills fills, ulong maxInstructions) => throw new NotSupportedException();

    public void Kick()
    {
        KickCount++;
        Volatile.Write(ref _kicked, 1);
    }

    public IInterruptLine Input(HartInterrupt interrupt) => new UnconnectedLine();
}

/// <summary>A carrier driven by hand: a slot, its fills and the hart it runs.</summary>
internal sealed class TestCarrier
{
    private readonly GuestMemory _memory;

    public TestCarrier(GuestMemory memory)
    {
        _memory = memory;
        Slot = memory.Revocations.Register(Fills);
    }

    public TestFills Fills { get; } = new();

    public TestHart Hart { get; } = new();

    public CarrierSlot Slot { get; }

    public void Enter() => _memory.Revocations.Enter(Slot, Hart);

    public void Leave() => _memory.Revocations.Leave(Slot);

    /// <summary>Resolves as a hart on this carrier does, and caches the answer as it may.</summary>
    public MemoryFill Resolve(ulong page, FillAccess access)
    {
        MemoryFill fill = _memory.Resolve(page, access, Fills);
        if (fill.Kind == FillKind.Ram && access == FillAccess.Write && fill.MayCacheWrites)
            Fills.Writes[page] = fill;
        else if (fill.Kind == FillKind.Ram && access != FillAccess.Write)
            Fills.Reads[page] = fill;
        return fill;
    }
}
