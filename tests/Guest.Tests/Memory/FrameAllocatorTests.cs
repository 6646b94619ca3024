using System.Globalization;
using Strata.Guest.Memory;

namespace Strata.Guest.Tests.Memory;

/// <summary>Frames: zero when taken, alive while referenced, given back when a chunk is empty.</summary>
public sealed class FrameAllocatorTests(ITestOutputHelper output)
{
    private const int FramesPerChunk = 512;

    [Fact]
    public void RandomUseEqualsACountingModel()
    {
        Random random = new(Seed.Take(output));
        using FrameAllocator frames = new(8 << 20);
        Dictionary<uint, int> references = [];
        for (int step = 0; step < 30_000; step++)
        {
            uint some = references.Count > 0 ? references.Keys.ElementAt(random.Next(Math.Min(references.Count, 32))) : 0;
            switch (random.Next(references.Count < 2000 ? 4 : 6))
            {
                case 0 or 1 when references.Count < 2048:
                    uint taken = frames.Allocate();
                    Assert.False(references.ContainsKey(taken), "a frame in use was handed out again");
                    Assert.False(frames.Bytes(taken).ContainsAnyExcept((byte)0), "a frame was not zero when it was handed out");
                    frames.Bytes(taken).Fill((byte)(taken | 1));
                    references.Add(taken, 1);
                    break;
                case 2 when references.Count > 0:
                    frames.Retain(some);
                    references[some]++;
                    break;
                case > 2 when references.Count > 0:
                    Assert.False(frames.Bytes(some).ContainsAnyExcept((byte)(some | 1)), "a referenced frame lost its content");
                    frames.Release(some);
                    if (--references[some] == 0)
                        references.Remove(some);
                    break;
            }

            Assert.Equal(references.Count + 1, frames.UsedFrameCount);
        }
    }

    [Fact]
    public void TheZeroFrameIsNeverHandedOut()
    {
        using FrameAllocator frames = new(4 << 20);
        for (int i = 0; i < 1000; i++)
            Assert.NotEqual(frames.ZeroFrame, frames.Allocate());
    }

    [Fact]
    public void AFullWindowThrowsAndAReleasedFrameServesAgain()
    {
        using FrameAllocator frames = new(2 << 20);
        uint last = 0;
        Assert.Throws<GuestMemoryExhaustedException>((Action)(() =>
        {
            while (true)
                last = frames.Allocate();
        }));
        frames.Release(last);
        Assert.Equal(last, frames.Allocate());
        Assert.Throws<GuestMemoryExhaustedException>(() => frames.Allocate());
    }

    [Fact]
    public void AnEmptyChunkIsGivenBackToTheSystem()
    {
        using FrameAllocator frames = new(16 << 20);
        uint[] taken = [.. Enumerable.Range(0, 6 * FramesPerChunk).Select(_ => frames.Allocate())];
        foreach (uint frame in taken)
            frames.Bytes(frame).Fill(1);
        long full = ResidentKiB(frames.AddressOf(taken[0]));
        foreach (uint frame in taken)
            frames.Release(frame);
        long left = ResidentKiB(frames.AddressOf(taken[0]));
        output.WriteLine($"resident {full} KiB with all frames in use, {left} KiB with none");
        Assert.InRange(full, 6 * 2048 - 64, 7 * 2048);
        Assert.InRange(left, 0, 2048 + 64);
        Assert.False(frames.Bytes(frames.Allocate()).ContainsAnyExcept((byte)0));
    }

    [Fact]
    public void AFrameIsFoundByAnyAddressInIt()
    {
        using FrameAllocator frames = new(4 << 20);
        uint frame = 0;
        for (int i = 0; i < 700; i++)
            frame = frames.Allocate();
        Assert.Equal(frame, frames.FrameAt(frames.AddressOf(frame)));
        Assert.Equal(frame, frames.FrameAt(frames.AddressOf(frame) + 4095));
    }

    // The mapping that holds the address, from /proc/self/smaps.
    private static long ResidentKiB(nint address)
    {
        bool here = false;
        foreach (string line in File.ReadLines("/proc/self/smaps"))
        {
            int dash = line.IndexOf('-', StringComparison.Ordinal);
            if (dash is > 0 and < 17 && ulong.TryParse(line.AsSpan(0, dash), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out ulong start))
            {
                ulong end = ulong.Parse(line.AsSpan(dash + 1, line.IndexOf(' ', StringComparison.Ordinal) - dash - 1), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
                here = (ulong)address >= start && (ulong)address < end;
            }
            else if (here && line.StartsWith("Rss:", StringComparison.Ordinal))
            {
                return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
            }
        }

        return -1;
    }
}
