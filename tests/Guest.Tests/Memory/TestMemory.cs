using Strata.Guest.Memory;

namespace Strata.Guest.Tests.Memory;

/// <summary>Frames and a guest memory of two ranges with a hole between them.</summary>
internal sealed class TestMemory : IDisposable
{
    public const ulong LowBase = 0x1000;
    public const ulong LowSize = 0x3000;
    public const ulong HighBase = 0x8000_0000;
    public const ulong HighSize = 0x40_0000;

    public TestMemory(bool deterministic = false, ulong spareBytes = 4 << 20)
    {
        Frames = new FrameAllocator(LowSize + HighSize + spareBytes);
        Memory = new GuestMemory(Frames, [new RamRange(LowBase, LowSize), new RamRange(HighBase, HighSize)], new MmioBus(new Lock()), deterministic);
    }

    public FrameAllocator Frames { get; }

    public GuestMemory Memory { get; }

    public void Dispose()
    {
        Memory.Dispose();
        Frames.Dispose();
    }
}
