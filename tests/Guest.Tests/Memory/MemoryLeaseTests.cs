using Strata.Guest.Memory;
using Strata.Guest.Processors;

namespace Strata.Guest.Tests.Memory;

/// <summary>Leases: what the host's I/O may rely on while it runs, and what is told when it ends.</summary>
public sealed class MemoryLeaseTests
{
    private const ulong Base = TestMemory.HighBase;

    [Fact]
    public void ALeaseShowsTheGuestsBytesAndTakesTheHosts()
    {
        using TestMemory test = new();
        byte[] pattern = [.. Enumerable.Range(0, 9000).Select(i => (byte)(i * 7))];
        Assert.True(test.Memory.Write(Base + 3000, pattern).IsDone);
        using MemoryLease lease = new();
        Assert.True(test.Memory.Lease(Base + 3000, 9000, LeaseAccess.HostReads, lease).IsDone);
        Assert.Equal(pattern, Bytes(lease));
        lease.Release();
        Assert.Equal(0, lease.TotalLength);
        Assert.True(test.Memory.Lease(Base + 3000, 9000, LeaseAccess.HostWrites, lease).IsDone);
        for (int i = 0; i < lease.Segments.Count; i++)
            lease.Span(i).Fill(0xab);
        lease.Release();
        byte[] read = new byte[9002];
        Assert.True(test.Memory.Read(Base + 2999, read).IsDone);
        Assert.Equal(0, read[0]);
        Assert.Equal(0, read[^1]);
        Assert.False(read.AsSpan(1, 9000).ContainsAnyExcept((byte)0xab));
    }

    [Fact]
    public void ALeaseThatMeetsAHoleAppendsNothingAndHoldsNothing()
    {
        using TestMemory test = new();
        using MemoryLease lease = new();
        Assert.True(test.Memory.Lease(Base, 10, LeaseAccess.HostWrites, lease).IsDone);
        Assert.Equal(MemoryStatus.GuestError, test.Memory.Lease(Base + TestMemory.HighSize - 5000, 6000, LeaseAccess.HostWrites, lease).Status);
        Assert.Equal(10, lease.TotalLength);
        lease.Release();
        Assert.False(test.Memory.IsLeased);
    }

    [Theory]
    [InlineData(LeaseAccess.HostReads)]
    [InlineData(LeaseAccess.HostWrites)]
    public void AdjoiningPiecesOfOnePageEndTogether(LeaseAccess access)
    {
        using TestMemory test = new();
        Assert.True(test.Memory.Write(Base, new byte[3 * 4096]).IsDone);
        MemoryLease lease = new();
        foreach ((ulong offset, int length) in (ReadOnlySpan<(ulong, int)>)[(0, 16), (16, 512), (528, 5000), (5528, 3000), (0x2200, 16), (0x2200, 16)])
            Assert.True(test.Memory.Lease(Base + offset, length, access, lease).IsDone);
        MemoryWait unleased = test.Memory.WhenUnleased();
        Assert.False(unleased.IsCompleted);
        Assert.Equal(16 + 512 + 5000 + 3000 + 32, lease.TotalLength);
        lease.Release();
        Assert.True(unleased.IsCompleted);
        Assert.False(test.Memory.IsLeased);
        for (ulong page = 0; page < 3; page++)
            Assert.Null(test.Memory.ReplaceFrame(Base + (page * 4096), out _));
    }

    [Fact]
    public void ManyLeasesOfAPageHoldItUntilTheLastIsReleased()
    {
        using TestMemory test = new();
        MemoryLease[] leases = [.. Enumerable.Range(0, 5).Select(_ => new MemoryLease())];
        foreach (MemoryLease lease in leases)
            Assert.True(test.Memory.Lease(Base, 4096, LeaseAccess.HostWrites, lease).IsDone);
        MemoryWait wait = test.Memory.ReplaceFrame(Base, out bool begun)!;
        Assert.False(begun);
        foreach (MemoryLease lease in leases)
        {
            Assert.False(wait.IsCompleted);
            Assert.Same(wait, test.Memory.ReplaceFrame(Base, out _));
            lease.Release();
            lease.Release();
        }

        Assert.True(wait.IsCompleted);
        Assert.Null(test.Memory.ReplaceFrame(Base, out begun));
        Assert.True(begun);
    }

    [Fact]
    public void WaitingForTheLastLeaseWorksEveryTime()
    {
        using TestMemory test = new();
        using MemoryLease lease = new();
        for (int round = 0; round < 3; round++)
        {
            Assert.True(test.Memory.WhenUnleased().IsCompleted);
            Assert.True(test.Memory.Lease(Base, 1, LeaseAccess.HostReads, lease).IsDone);
            Assert.False(test.Memory.WhenUnleased().IsCompleted);
            lease.Release();
        }
    }

    /// <summary>The frame under a lease stays in use when its page gets another one: the device's request goes on with what it took.</summary>
    [Fact]
    public void AFrameIsNotFreedWhileItIsLeased()
    {
        using TestMemory test = new();
        Assert.True(test.Memory.Write(Base, [1, 2, 3]).IsDone);
        int used = test.Frames.UsedFrameCount;
        MemoryLease lease = new();
        Assert.True(test.Memory.Lease(Base, 3, LeaseAccess.HostReads, lease).IsDone);
        uint frame = test.Frames.FrameAt(lease.Segments[0].HostAddress);

        // As when the page is dropped by a restored page map: the map's reference goes, the lease's stays.
        test.Frames.Release(frame);
        Assert.Equal(used, test.Frames.UsedFrameCount);
        Assert.Equal([1, 2, 3], Bytes(lease));
        test.Frames.Retain(frame);
        lease.Release();
        Assert.Equal(used, test.Frames.UsedFrameCount);
    }

    [Fact]
    public void CodeHearsOfWhatTheHostWroteBeforeThePageIsFree()
    {
        using TestMemory test = new();
        TestCarrier carrier = new(test.Memory);
        List<(ulong Page, int Offset, int Length, bool Leased)> told = [];
        test.Memory.CodeObserver = new Observer((page, offset, length) => told.Add((page, offset, length, test.Memory.IsLeased)));
        carrier.Enter();
        carrier.Resolve(Base + 0x1000, FillAccess.Fetch);
        carrier.Leave();
        using MemoryLease lease = new();
        Assert.True(test.Memory.Lease(Base + 0xff0, 0x30, LeaseAccess.HostWrites, lease).IsDone);
        lease.Release();
        Assert.Equal([(Base + 0x1000, 0, 0x20, true)], told);
        Assert.True(test.Memory.Lease(Base + 0x1000, 16, LeaseAccess.HostReads, lease).IsDone);
        lease.Release();
        Assert.Single(told);
    }

    private static byte[] Bytes(MemoryLease lease)
    {
        List<byte> bytes = [];
        for (int i = 0; i < lease.Segments.Count; i++)
            bytes.AddRange(lease.Span(i));
        return [.. bytes];
    }

    private sealed class Observer(Action<ulong, int, int> told) : ICodeObserver
    {
        public bool CodeChanged(ulong pageAddress, int offset, int length, ICarrierFills? own)
        {
            told(pageAddress, offset, length);
            return true;
        }
    }
}
