using Strata.Guest.Memory;
using Strata.Guest.Processors;

namespace Strata.Guest.Tests.Memory;

/// <summary>Revocations: who drops what, when that has landed, and that nobody waits for ever.</summary>
public sealed class RevocationsTests(ITestOutputHelper output)
{
    private const ulong Page = 0x8000_0000;

    [Fact]
    public void WithoutCarriersInGuestCodeARevocationLandsAtOnce()
    {
        Revocations revocations = new();
        TestFills fills = new();
        TestHart hart = new();
        CarrierSlot slot = revocations.Register(fills);
        Assert.Null(revocations.Begin(Page, null, () => Assert.Fail("told of a landing that the answer said")));
        Assert.Empty(fills.Dropped);
        revocations.Enter(slot, hart);
        Assert.Equal([Page], fills.Dropped);
        Assert.Equal(0, hart.KickCount);
        revocations.Leave(slot);
        Assert.Equal([Page], fills.Dropped);
    }

    [Fact]
    public void OneInGuestCodeIsKickedAndTheRevocationLandsWhenItHasLeft()
    {
        Revocations revocations = new();
        TestFills fills = new();
        TestHart hart = new();
        CarrierSlot slot = revocations.Register(fills);
        revocations.Enter(slot, hart);
        List<string> order = [];
        MemoryWait wait = revocations.Begin(Page, null, () => order.Add($"landed, dropped {fills.Dropped.Count}"))!;
        wait.OnCompleted(() => order.Add("completed"));
        Assert.Equal(1, hart.KickCount);
        Assert.Empty(fills.Dropped);
        revocations.Leave(slot);
        Assert.Equal(["landed, dropped 1", "completed"], order);
        revocations.Enter(slot, hart);
        revocations.Leave(slot);
        Assert.Equal(2, order.Count);
    }

    [Fact]
    public void TheCallersOwnFillsAreDroppedAtOnceAndItWaitsForTheOthersOnly()
    {
        Revocations revocations = new();
        (TestFills Fills, TestHart Hart, CarrierSlot Slot)[] carriers =
            [.. Enumerable.Range(0, 3).Select(_ => new TestFills()).Select(fills => (fills, new TestHart(), revocations.Register(fills)))];
        foreach ((_, TestHart hart, CarrierSlot slot) in carriers)
            revocations.Enter(slot, hart);
        MemoryWait wait = revocations.Begin(Page, carriers[0].Fills)!;
        Assert.Equal([Page], carriers[0].Fills.Dropped);
        Assert.Equal(0, carriers[0].Hart.KickCount);
        revocations.Leave(carriers[1].Slot);
        Assert.False(wait.IsCompleted);
        revocations.Enter(carriers[1].Slot, carriers[1].Hart);
        revocations.Leave(carriers[2].Slot);
        Assert.True(wait.IsCompleted);
        foreach ((_, _, CarrierSlot slot) in carriers)
            revocations.Leave(slot);
        Assert.Null(revocations.Begin(Page, carriers[0].Fills));
    }

    [Fact]
    public void OverlappingGracePeriodsLandEachForItself()
    {
        Revocations revocations = new();
        CarrierSlot first = revocations.Register(new TestFills());
        CarrierSlot second = revocations.Register(new TestFills());
        revocations.Enter(first, new TestHart());
        MemoryWait one = revocations.Begin(Page, null)!;
        revocations.Enter(second, new TestHart());
        MemoryWait two = revocations.Begin(Page, null)!;
        revocations.Leave(first);
        Assert.True(one.IsCompleted, "a carrier that came later is waited for");
        Assert.False(two.IsCompleted);
        revocations.Leave(second);
        Assert.True(two.IsCompleted);
    }

    [Fact]
    public void ACarrierThatIsForgottenIsNotWaitedFor()
    {
        Revocations revocations = new();
        CarrierSlot slot = revocations.Register(new TestFills());
        revocations.Enter(slot, new TestHart());
        MemoryWait wait = revocations.Begin(Page, null)!;
        revocations.Unregister(slot);
        Assert.True(wait.IsCompleted);
        Assert.Null(revocations.Begin(Page, null));
    }

    [Theory]
    [InlineData(3, false)]
    [InlineData(64, false)]
    [InlineData(65, true)]
    [InlineData(10_000, true)]
    public void WhoeverMissedMoreThanTheLogHoldsDropsAll(int missed, bool dropsAll)
    {
        Revocations revocations = new();
        TestFills fills = new();
        CarrierSlot slot = revocations.Register(fills);
        for (int i = 0; i < missed; i++)
            Assert.Null(revocations.Begin(Page + ((ulong)i * 4096), null));
        revocations.Enter(slot, new TestHart());
        Assert.Equal(dropsAll ? 1 : 0, fills.DropAllCount);
        if (!dropsAll)
            Assert.Equal(Enumerable.Range(0, missed).Select(i => Page + ((ulong)i * 4096)), fills.Dropped);
        revocations.Leave(slot);
    }

    [Fact]
    public void ABareFenceDropsNothingAndStillWaits()
    {
        Revocations revocations = new();
        TestFills fills = new();
        CarrierSlot slot = revocations.Register(fills);
        revocations.Enter(slot, new TestHart());
        MemoryWait wait = revocations.Begin(Revocations.NoPage, null)!;
        Assert.NotNull(revocations.Begin(Revocations.AllPages, null));
        revocations.Leave(slot);
        Assert.True(wait.IsCompleted);
        Assert.Equal(1, fills.DropAllCount);
        Assert.Empty(fills.Dropped);
    }

    [Fact]
    public void ALandingMayBeginTheNextRevocation()
    {
        Revocations revocations = new();
        CarrierSlot slot = revocations.Register(new TestFills());
        TestHart hart = new();
        revocations.Enter(slot, hart);
        MemoryWait? next = null;
        bool done = false;
        MemoryWait first = revocations.Begin(Page, null, () =>
        {
            revocations.Enter(slot, hart);
            next = revocations.Begin(Page, null);
        })!;
        first.OnCompleted(() => done = true);
        revocations.Leave(slot);
        Assert.True(done);
        Assert.False(next!.IsCompleted);
        revocations.Leave(slot);
        Assert.True(next.IsCompleted);
    }

    /// <summary>The promise itself, on real threads: no carrier uses a translation after its revocation has landed, and every revocation lands.</summary>
    [Fact]
    public void NoTranslationIsUsedAfterItsRevocationHasLanded()
    {
        int seed = Seed.Take(output);
        const int Pages = 48;
        const int Carriers = 3;
        const int Revokers = 4;
        Revocations revocations = new();
        int[] current = new int[Pages];
        int[] landed = new int[Pages];
        long used = 0;
        int begun = 0;
        int stale = 0;
        Stress stress = new();
        stress.Add(index => Carry(new Random(seed + index)), Carriers);
        stress.Add(index => Revoke(index, new Random(seed + 100 + index)), Revokers);
        stress.Run(TimeSpan.FromSeconds(2));
        output.WriteLine($"{begun} revocations, {used} uses of translations");
        Assert.Equal(0, stale);
        Assert.InRange(begun, 10, int.MaxValue);

        void Carry(Random random)
        {
            VersionFills fills = new(Pages);
            TestHart hart = new();
            CarrierSlot slot = revocations.Register(fills);
            long count = 0;
            while (!stress.Stopping)
            {
                revocations.Enter(slot, hart);
                for (int step = random.Next(2000); step > 0 && !hart.TakeKick(); step--)
                {
                    int page = random.Next(Pages);
                    if (fills.Versions[page] < 0)
                        fills.Versions[page] = Volatile.Read(ref current[page]);
                    int version = fills.Versions[page];
                    if (version < Volatile.Read(ref landed[page]))
                        Interlocked.Increment(ref stale);
                    count++;
                }

                revocations.Leave(slot);
                Thread.Yield();
                if (random.Next(64) == 0)
                {
                    revocations.Unregister(slot);
                    fills.DropAll();
                    slot = revocations.Register(fills);
                }
            }

            revocations.Unregister(slot);
            Interlocked.Add(ref used, count);
        }

        void Revoke(int index, Random random)
        {
            while (!stress.Stopping)
            {
                Interlocked.Increment(ref begun);
                // Each revoker has its own pages, so that a page's versions land in order.
                int page = (random.Next(Pages / Revokers) * Revokers) + index;
                int version = Interlocked.Increment(ref current[page]);
                ulong name = random.Next(200) == 0 ? Revocations.AllPages : (ulong)page * 4096;
                int told = 0;
                MemoryWait? wait = revocations.Begin(name, null, () => Interlocked.Increment(ref told));
                if (wait is not null)
                {
                    wait.Block(CancellationToken.None);
                    Assert.Equal(1, told);
                }

                Volatile.Write(ref landed[page], version);
            }
        }
    }

    private sealed class VersionFills : ICarrierFills
    {
        public VersionFills(int pages)
        {
            Versions = new int[pages];
            DropAll();
        }

        public int[] Versions { get; }

        public void DropPage(ulong pageAddress) => Versions[pageAddress / 4096] = -1;

        public void DropAll() => Array.Fill(Versions, -1);

        public void Dispose()
        {
        }
    }
}
