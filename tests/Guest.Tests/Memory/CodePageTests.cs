using System.Runtime.InteropServices;
using Strata.Guest.Memory;
using Strata.Guest.Processors;

namespace Strata.Guest.Tests.Memory;

/// <summary>A page that instructions were decoded from has no write entries, and every change of its bytes is told.</summary>
public sealed class CodePageTests(ITestOutputHelper output)
{
    private const ulong Base = TestMemory.HighBase;

    [Fact]
    public void AFetchTakesNoFrameAndReadsWhatIsShared()
    {
        using TestMemory test = new();
        TestCarrier carrier = new(test.Memory);
        carrier.Enter();
        MemoryFill fetch = carrier.Resolve(Base, FillAccess.Fetch);
        Assert.Equal(test.Frames.AddressOf(test.Frames.ZeroFrame), fetch.HostAddress);
        Assert.Equal(1, test.Frames.UsedFrameCount);

        // A store to it then replaces the frame, and takes the fetch entry back like any other.
        MemoryFill store = carrier.Resolve(Base, FillAccess.Write);
        Assert.False(store.MayCacheWrites);
        Assert.Empty(carrier.Fills.Reads);
        carrier.Leave();
    }

    [Fact]
    public void AFetchWaitsUntilOtherCarriersHaveLostTheirWriteEntries()
    {
        using TestMemory test = new();
        TestCarrier writer = new(test.Memory);
        TestCarrier runner = new(test.Memory);
        TestCarrier third = new(test.Memory);
        writer.Enter();
        runner.Enter();
        third.Enter();
        MemoryFill entry = writer.Resolve(Base, FillAccess.Write);
        Assert.True(entry.MayCacheWrites);
        MemoryWait wait = runner.Resolve(Base, FillAccess.Fetch).Wait!;
        Assert.Same(wait, third.Resolve(Base, FillAccess.Fetch).Wait);

        // The writer may still store through its entry; a new one is not given.
        Marshal.WriteByte(entry.HostAddress, 0x13);
        Assert.False(third.Resolve(Base, FillAccess.Write).MayCacheWrites);
        writer.Leave();
        Assert.Empty(writer.Fills.Writes);
        third.Leave();
        runner.Leave();
        Assert.True(wait.IsCompleted);
        runner.Enter();
        MemoryFill fetch = runner.Resolve(Base, FillAccess.Fetch);
        Assert.Equal(0x13, Marshal.ReadByte(fetch.HostAddress));
        runner.Leave();
    }

    [Fact]
    public void EveryWayToStoreIsToldAndNothingElseIs()
    {
        using TestMemory test = new();
        TestCarrier carrier = new(test.Memory);
        Recorder told = new();
        test.Memory.CodeObserver = told;
        carrier.Enter();
        carrier.Resolve(Base + 0x1000, FillAccess.Fetch);
        MemoryFill store = carrier.Resolve(Base + 0x1000, FillAccess.Write);
        Assert.False(store.MayCacheWrites);
        test.Memory.StoredTo(Base + 0x1ffc, 8, carrier.Fills);
        carrier.Leave();
        Assert.True(test.Memory.Write(Base + 0xffe, [1, 2, 3, 4]).IsDone);
        Assert.True(test.Memory.Write(Base + 0x2000, [1]).IsDone);
        Assert.Equal([(Base + 0x1000, 0xffc, 4), (Base + 0x1000, 0, 2)], told.Changes);
    }

    [Fact]
    public void AStoreSaysWhetherAnythingFollowsFromIt()
    {
        using TestMemory test = new();
        TestCarrier carrier = new(test.Memory);
        Recorder told = new();
        test.Memory.CodeObserver = told;
        carrier.Enter();
        carrier.Resolve(Base, FillAccess.Write);
        Assert.Equal(StoreNotice.Unwatched, test.Memory.StoredTo(Base, 8, carrier.Fills));
        carrier.Resolve(Base, FillAccess.Fetch);
        Assert.Equal(StoreNotice.Changed, test.Memory.StoredTo(Base, 8, carrier.Fills));
        told.Follows = false;
        Assert.Equal(StoreNotice.Watched, test.Memory.StoredTo(Base, 8, carrier.Fills));
        Assert.Equal(StoreNotice.Watched, test.Memory.StoredTo(Base + 0xffc, 8, carrier.Fills));
        test.Memory.ReleaseCode(Base);
        Assert.Equal(StoreNotice.Unwatched, test.Memory.StoredTo(Base, 8, carrier.Fills));
        carrier.Leave();
    }

    [Fact]
    public void WithoutALockOnlyWhatAnEntryWasGivenForIsResolved()
    {
        using TestMemory test = new();
        TestCarrier carrier = new(test.Memory);
        carrier.Enter();
        bool Reads() => test.Memory.TryResolve(Base, write: false, out _);
        bool Writes() => test.Memory.TryResolve(Base, write: true, out _);

        // The zero frame is not the page's own.
        carrier.Resolve(Base, FillAccess.Read);
        Assert.False(Reads());
        Assert.False(test.Memory.Write(Base, [1]).IsDone);
        Assert.False(Reads());
        carrier.Leave();
        carrier.Enter();
        Assert.True(test.Memory.Write(Base, [1]).IsDone);
        Assert.True(Reads());
        Assert.False(Writes());
        MemoryFill fill = carrier.Resolve(Base, FillAccess.Write);
        Assert.True(test.Memory.TryResolve(Base, write: true, out nint host));
        Assert.Equal(fill.HostAddress, host);
        carrier.Resolve(Base, FillAccess.Fetch);
        Assert.False(Writes());
        test.Memory.ReleaseCode(Base);
        Assert.False(Writes());
        carrier.Resolve(Base, FillAccess.Write);
        Assert.True(Writes());
        carrier.Leave();
        _ = test.Memory.BeginGeneration();
        carrier.Enter();
        Assert.True(Reads());
        Assert.False(Writes());
        MemoryWait? wait = test.Memory.ReplaceFrame(Base, out _);
        Assert.False(Reads());
        carrier.Leave();
        Assert.True(wait!.IsCompleted);
        test.Memory.Absence = (_, _) => null;
        Assert.False(Reads());
    }

    [Fact]
    public void AReleasedPageHasWriteEntriesAgainUntilTheNextFetch()
    {
        using TestMemory test = new();
        TestCarrier carrier = new(test.Memory);
        carrier.Enter();
        for (int round = 0; round < 3; round++)
        {
            carrier.Resolve(Base, FillAccess.Fetch);
            Assert.Empty(carrier.Fills.Writes);
            Assert.False(carrier.Resolve(Base, FillAccess.Write).MayCacheWrites);
            test.Memory.ReleaseCode(Base);
            Assert.True(carrier.Resolve(Base, FillAccess.Write).MayCacheWrites);
        }

        carrier.Leave();
    }

    [Fact]
    public void AReplacedCodePageIsToldWhenDecodedInstructionsMayRememberItsFrame()
    {
        using TestMemory test = new();
        TestCarrier carrier = new(test.Memory);
        Recorder told = new();
        test.Memory.CodeObserver = told;
        Assert.True(test.Memory.Write(Base, [1]).IsDone);
        carrier.Enter();
        carrier.Resolve(Base, FillAccess.Fetch);
        MemoryWait wait = test.Memory.ReplaceFrame(Base, out _)!;
        carrier.Leave();
        Assert.True(wait.IsCompleted);
        Assert.Equal([(Base, 0, 4096)], told.Changes);
        carrier.Enter();
        Assert.False(carrier.Resolve(Base, FillAccess.Write).MayCacheWrites);
        carrier.Leave();
    }

    [Fact]
    public void InDeterministicModePageTablesHaveNoWriteEntriesUntilTheFillsAreGone()
    {
        using TestMemory test = new(deterministic: true);
        TestCarrier carrier = new(test.Memory);
        carrier.Enter();
        Assert.True(carrier.Resolve(Base, FillAccess.Write).MayCacheWrites);
        test.Memory.MarkPageTable(Base, carrier.Fills);
        test.Memory.MarkPageTable(Base + 0x1000, carrier.Fills);
        Assert.Empty(carrier.Fills.Writes);
        Assert.False(carrier.Resolve(Base, FillAccess.Write).MayCacheWrites);
        int before = carrier.Fills.DropAllCount;
        test.Memory.StoredTo(Base + 8, 8, carrier.Fills);
        Assert.Equal(before + 1, carrier.Fills.DropAllCount);
        Assert.True(carrier.Resolve(Base, FillAccess.Write).MayCacheWrites);
        Assert.True(carrier.Resolve(Base + 0x1000, FillAccess.Write).MayCacheWrites);
        test.Memory.StoredTo(Base + 8, 8, carrier.Fills);
        Assert.Equal(before + 1, carrier.Fills.DropAllCount);
        carrier.Leave();
    }

    [Fact]
    public void InDeterministicModeADevicesWriteToAPageTableDropsTheFillsToo()
    {
        using TestMemory test = new(deterministic: true);
        TestCarrier carrier = new(test.Memory);
        carrier.Enter();
        test.Memory.MarkPageTable(Base, carrier.Fills);
        carrier.Leave();
        Assert.True(test.Memory.Write(Base + 0x100, [1]).IsDone);
        carrier.Enter();
        Assert.Equal(1, carrier.Fills.DropAllCount);
        carrier.Leave();
    }

    /// <summary>
    /// Code page, DMA and a second hart on real threads: runners keep a copy of a page's version that is only dropped when told; writers (through entries, through
    /// the door, by lease) raise the version. After a writer has finished, no runner that looks again may still hold the older copy.
    /// </summary>
    [Fact]
    public void NoStaleCopyOfCodeSurvivesAStoreByAnyWay()
    {
        int seed = Seed.Take(output);
        const int Pages = 6;
        using TestMemory test = new();
        int[] finished = new int[Pages];
        int stale = 0;
        int stores = 0;
        long decodes = 0;
        CopyCache cache = new(test.Memory, Pages);
        test.Memory.CodeObserver = cache;
        Stress stress = new();
        stress.Add(index => RunCode(new Random(seed + index)), 2);
        stress.Add(_ => StoreByEntry(new Random(seed + 10)));
        stress.Add(_ => StoreByDoor(new Random(seed + 11)));
        stress.Add(_ => StoreByLease(new Random(seed + 12)));
        stress.Run(TimeSpan.FromSeconds(3));
        output.WriteLine($"{stores} stores, {decodes} decodes");
        Assert.Equal(0, stale);
        Assert.InRange(stores, 10, int.MaxValue);

        static ulong Address(int page) => Base + ((ulong)page * GuestMemory.PageSize);

        unsafe void RunCode(Random random)
        {
            TestCarrier carrier = new(test.Memory);
            long decoded = 0;
            while (!stress.Stopping)
            {
                MemoryWait? wait = null;
                carrier.Enter();
                for (int step = random.Next(300); step > 0 && wait is null && !carrier.Hart.TakeKick(); step--)
                {
                    int page = random.Next(Pages);
                    int atLeast = Volatile.Read(ref finished[page]);
                    if (random.Next(300) == 0)
                        cache.Evict(page);
                    if (cache.Find(page) is not { } version)
                    {
                        cache.Hold(page);
                        MemoryFill fill = carrier.Resolve(Address(page), FillAccess.Fetch);
                        wait = fill.Wait;
                        if (wait is not null)
                        {
                            cache.Release(page);
                            break;
                        }

                        version = cache.Decode(page, (int*)fill.HostAddress);
                        decoded++;
                    }

                    if (version < atLeast)
                        Interlocked.Increment(ref stale);
                }

                carrier.Leave();
                Thread.Yield();
                wait?.Block(CancellationToken.None);
            }

            Interlocked.Add(ref decodes, decoded);
        }

        // Writers share out the pages, two each, so that a version only rises.
        unsafe void StoreByEntry(Random random)
        {
            TestCarrier carrier = new(test.Memory);
            for (int version = 1; !stress.Stopping; version++)
            {
                int page = random.Next(2);
                while (true)
                {
                    carrier.Enter();
                    bool cached = carrier.Fills.Writes.TryGetValue(Address(page), out MemoryFill fill);
                    if (!cached)
                        fill = carrier.Resolve(Address(page), FillAccess.Write);
                    if (fill.Kind == FillKind.Ram)
                    {
                        Volatile.Write(ref *(int*)fill.HostAddress, version);
                        if (!fill.MayCacheWrites)
                            test.Memory.StoredTo(Address(page), 4, carrier.Fills);
                    }

                    carrier.Hart.TakeKick();
                    carrier.Leave();
                    if (fill.Kind == FillKind.Ram)
                        break;
                    fill.Wait!.Block(CancellationToken.None);
                }

                Volatile.Write(ref finished[page], version);
                Interlocked.Increment(ref stores);
            }
        }

        void StoreByDoor(Random random)
        {
            for (int version = 1; !stress.Stopping; version++)
            {
                int page = 2 + random.Next(2);
                while (test.Memory.Write(Address(page), BitConverter.GetBytes(version)).Wait is { } wait)
                    wait.Block(CancellationToken.None);
                Volatile.Write(ref finished[page], version);
                Interlocked.Increment(ref stores);
            }
        }

        void StoreByLease(Random random)
        {
            using MemoryLease lease = new();
            for (int version = 1; !stress.Stopping; version++)
            {
                int page = 4 + random.Next(2);
                while (test.Memory.Lease(Address(page), 4, LeaseAccess.HostWrites, lease).Wait is { } wait)
                    wait.Block(CancellationToken.None);
                BitConverter.TryWriteBytes(lease.Span(0), version);
                lease.Release();
                Volatile.Write(ref finished[page], version);
                Interlocked.Increment(ref stores);
            }
        }
    }

    private sealed class Recorder : ICodeObserver
    {
        public List<(ulong Page, int Offset, int Length)> Changes { get; } = [];

        public bool Follows { get; set; } = true;

        public bool CodeChanged(ulong pageAddress, int offset, int length, ICarrierFills? own)
        {
            Changes.Add((pageAddress, offset, length));
            return Follows;
        }
    }

    // What a decoder keeps, in the smallest: the first word of each page. A page stays code while it is kept or about to be decoded.
    private sealed class CopyCache(GuestMemory memory, int pages) : ICodeObserver
    {
        private readonly Lock _lock = new();
        private readonly int?[] _copies = new int?[pages];
        private readonly bool[] _kept = new bool[pages];
        private readonly int[] _holders = new int[pages];

        public int? Find(int page)
        {
            lock (_lock)
                return _copies[page];
        }

        public void Hold(int page)
        {
            lock (_lock)
                _holders[page]++;
        }

        public void Release(int page)
        {
            lock (_lock)
            {
                if (--_holders[page] == 0)
                    memory.ReleaseCode(Base + ((ulong)page * GuestMemory.PageSize));
            }
        }

        public unsafe int Decode(int page, int* host)
        {
            lock (_lock)
            {
                int version = Volatile.Read(ref *host);
                _copies[page] = version;
                if (_kept[page])
                    Release(page);
                _kept[page] = true;
                return version;
            }
        }

        public void Evict(int page)
        {
            lock (_lock)
            {
                if (!_kept[page])
                    return;
                _kept[page] = false;
                _copies[page] = null;
                Release(page);
            }
        }

        public bool CodeChanged(ulong pageAddress, int offset, int length, ICarrierFills? own)
        {
            lock (_lock)
                _copies[(pageAddress - Base) / GuestMemory.PageSize] = null;
            return true;
        }
    }
}
