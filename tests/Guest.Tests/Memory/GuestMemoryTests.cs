using Strata.Guest.Memory;

namespace Strata.Guest.Tests.Memory;

/// <summary>The door for devices and loaders: copies over page ends, holes, ends of RAM, addresses that wrap.</summary>
public sealed class GuestMemoryTests(ITestOutputHelper output)
{
    private const ulong Base = TestMemory.HighBase;
    private const ulong End = TestMemory.HighBase + TestMemory.HighSize;

    [Fact]
    public void RandomCopiesEqualAnArray()
    {
        Random random = new(Seed.Take(output));
        using TestMemory test = new();
        byte[] model = new byte[64 << 10];
        byte[] buffer = new byte[20_000];
        for (int step = 0; step < 20_000; step++)
        {
            int length = random.Next(10) == 0 ? random.Next(buffer.Length) : random.Next(64);
            int offset = random.Next(model.Length - length + 1);
            Span<byte> bytes = buffer.AsSpan(0, length);
            if (random.Next(2) == 0)
            {
                random.NextBytes(bytes);
                bytes.CopyTo(model.AsSpan(offset));
                Assert.True(test.Memory.Write(Base + (ulong)offset, bytes).IsDone);
            }
            else
            {
                Assert.True(test.Memory.Read(Base + (ulong)offset, bytes).IsDone);
                Assert.True(bytes.SequenceEqual(model.AsSpan(offset, length)));
            }
        }
    }

    /// <summary>What a hostile guest may name: every length at every edge of RAM and of the address space.</summary>
    public static TheoryData<ulong, int, bool> Edges => new()
    {
        { End - 1, 1, true }, { End - 1, 2, false }, { End, 1, false }, { End - 4096, 4096, true }, { End - 4096, 4097, false },
        { Base - 1, 1, false }, { Base - 1, 2, false }, { Base, 1, true },
        { TestMemory.LowBase + TestMemory.LowSize - 8, 8, true }, { TestMemory.LowBase + TestMemory.LowSize - 8, 9, false },
        { 0, 1, false }, { 0, 8192, false },
        { ulong.MaxValue, 1, false }, { ulong.MaxValue, 2, false }, { ulong.MaxValue - 10, 100, false }, { ulong.MaxValue - 4095, 4096, false },
        { ulong.MaxValue - 4095, 4097, false }, { ulong.MaxValue - 4095, 0x2000 + 4096, false }, { 1UL << 63, 8, false }, { (1UL << 56) + Base, 8, false },
    };

    [Theory]
    [MemberData(nameof(Edges))]
    public void OnlyRamCanBeReadWrittenAndLeased(ulong address, int length, bool expected)
    {
        using TestMemory test = new();
        byte[] bytes = new byte[length];
        Assert.Equal(expected, test.Memory.IsRam(address, (ulong)length));
        Assert.Equal(expected ? MemoryStatus.Done : MemoryStatus.GuestError, test.Memory.Read(address, bytes).Status);
        bytes.AsSpan().Fill(0xee);
        Assert.Equal(expected ? MemoryStatus.Done : MemoryStatus.GuestError, test.Memory.Write(address, bytes).Status);
        foreach (LeaseAccess access in Enum.GetValues<LeaseAccess>())
        {
            using MemoryLease lease = new();
            Assert.Equal(expected ? MemoryStatus.Done : MemoryStatus.GuestError, test.Memory.Lease(address, length, access, lease).Status);
            Assert.Equal(expected ? length : 0, lease.TotalLength);
            for (int i = 0; i < lease.Segments.Count; i++)
                lease.Span(i).Fill(0xdd);
        }

        Assert.False(test.Memory.IsLeased);
        Assert.False(test.Frames.Bytes(test.Frames.ZeroFrame).ContainsAnyExcept((byte)0), "the frame that all untouched pages share was written");
    }

    [Fact]
    public void AFailedWriteHasTouchedOnlyWhatLiesBeforeTheHole()
    {
        using TestMemory test = new();
        byte[] bytes = new byte[6000];
        bytes.AsSpan().Fill(0x55);
        Assert.Equal(MemoryStatus.GuestError, test.Memory.Write(End - 5000, bytes).Status);
        byte[] before = new byte[4];
        Assert.True(test.Memory.Read(End - 5004, before).IsDone);
        Assert.Equal([0, 0, 0, 0], before);
    }

    [Fact]
    public void UntouchedMemoryTakesNoFrames()
    {
        using TestMemory test = new();
        byte[] bytes = new byte[TestMemory.HighSize];
        Assert.True(test.Memory.Read(Base, bytes).IsDone);
        Assert.False(bytes.AsSpan().ContainsAnyExcept((byte)0));
        Assert.Equal(1, test.Frames.UsedFrameCount);
        Assert.True(test.Memory.Write(Base + 4095, [1, 2]).IsDone);
        Assert.Equal(3, test.Frames.UsedFrameCount);
    }

    [Fact]
    public void DisposingGivesEveryFrameBackOnce()
    {
        using FrameAllocator frames = new(16 << 20);
        for (int round = 0; round < 3; round++)
        {
            GuestMemory memory = new(frames, [new RamRange(Base, 4 << 20)], new MmioBus(new Lock()));
            Assert.True(memory.Write(Base, new byte[1 << 20]).IsDone);
            MemoryLease left = new();
            Assert.True(memory.Lease(Base + (1 << 20) - 100, 4000, LeaseAccess.HostWrites, left).IsDone);
            memory.Dispose();
            memory.Dispose();
            Assert.Equal(1, frames.UsedFrameCount);
        }
    }

    [Fact]
    public void ExhaustedFramesAreReportedToWhoeverAskedAndNothingElseSuffers()
    {
        using FrameAllocator frames = new(2 << 20);
        using GuestMemory memory = new(frames, [new RamRange(Base, 8 << 20)], new MmioBus(new Lock()));
        TestCarrier carrier = new(memory);
        carrier.Enter();
        ulong page = Base;
        Assert.Throws<GuestMemoryExhaustedException>((Action)(() =>
        {
            for (; ; page += GuestMemory.PageSize)
            {
                // Every page is cached for reading first, so that its replacement needs a grace period.
                carrier.Resolve(page, FillAccess.Read);
                while (memory.Write(page, [1]) is { IsDone: false } result)
                {
                    carrier.Leave();
                    Assert.True(result.Wait!.IsCompleted);
                    carrier.Enter();
                }
            }
        }));
        byte[] value = new byte[1];
        Assert.True(memory.Read(page, value).IsDone);
        Assert.Equal(0, value[0]);
        Assert.True(memory.Read(page - GuestMemory.PageSize, value).IsDone);
        Assert.Equal(1, value[0]);
        Assert.Throws<GuestMemoryExhaustedException>(() => carrier.Resolve(page, FillAccess.Write));
        carrier.Leave();
    }

    [Fact]
    public void DirtyPagesAreReportedOnceEachInOrderByWhoeverWroteThem()
    {
        using TestMemory test = new();
        TestCarrier carrier = new(test.Memory);
        carrier.Enter();
        carrier.Resolve(Base + 0x7000, FillAccess.Write);
        carrier.Resolve(Base + 0x6000, FillAccess.Read);
        carrier.Leave();
        Assert.True(test.Memory.Write(Base + 0x2ffe, [1, 2, 3, 4]).IsDone);
        using (MemoryLease lease = new())
        {
            Assert.True(test.Memory.Lease(Base + 0x5000, 16, LeaseAccess.HostWrites, lease).IsDone);
            Assert.True(test.Memory.Lease(Base + 0x4000, 16, LeaseAccess.HostReads, lease).IsDone);
            Assert.Equal(Pages(0x2, 0x3, 0x7), test.Memory.BeginGeneration());
        }

        // The carrier's write entry is gone, so its next store is seen.
        carrier.Enter();
        Assert.Empty(carrier.Fills.Writes);
        carrier.Resolve(Base + 0x7000, FillAccess.Write);
        carrier.Leave();
        Assert.Equal(Pages(0x5, 0x7), test.Memory.BeginGeneration());
        Assert.Empty(test.Memory.BeginGeneration());

        static ulong[] Pages(params ulong[] pages) => [.. pages.Select(page => (Base / GuestMemory.PageSize) + page)];
    }

    [Fact]
    public void AccessesAllocateNothingOnceWarm()
    {
        using TestMemory test = new();
        TestCarrier carrier = new(test.Memory);
        using MemoryLease lease = new();
        byte[] bytes = new byte[5000];
        carrier.Enter();
        Round(10);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Round(100_000);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        carrier.Leave();
        Assert.Equal(0, allocated);

        void Round(int count)
        {
            for (int i = 0; i < count; i++)
            {
                _ = test.Memory.Read(Base + 100, bytes);
                _ = test.Memory.Write(Base + 100, bytes.AsSpan(0, 64));
                _ = test.Memory.Lease(Base + 4000, 5000, LeaseAccess.HostWrites, lease);
                lease.Release();
                _ = test.Memory.Resolve(Base, FillAccess.Read, carrier.Fills);
                _ = test.Memory.Resolve(Base, FillAccess.Write, carrier.Fills);
            }
        }
    }

    [Fact]
    public void AHartFindsRamDevicesAndHoles()
    {
        using FrameAllocator frames = new(2 << 20);
        MmioBus bus = new(new Lock());
        bus.Map(0x1000_0000, 0x100, new TestDevice());
        using GuestMemory memory = new(frames, [new RamRange(Base, 1 << 20)], bus);
        TestCarrier carrier = new(memory);
        carrier.Enter();
        foreach (FillAccess access in Enum.GetValues<FillAccess>())
        {
            Assert.Equal(FillKind.Mmio, memory.Resolve(0x1000_0000, access, carrier.Fills).Kind);
            Assert.Equal(FillKind.Nothing, memory.Resolve(0x1000_1000, access, carrier.Fills).Kind);
            Assert.Equal(FillKind.Nothing, memory.Resolve(0xffff_ffff_ffff_f000, access, carrier.Fills).Kind);
            Assert.Equal(FillKind.Ram, memory.Resolve(Base, access, carrier.Fills).Kind);
        }

        carrier.Leave();
    }
}
