using Strata.Guest.Memory;

namespace Strata.Guest.Tests.Memory;

/// <summary>The radix tree against dictionaries.</summary>
public sealed class PageMapTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(1UL)]
    [InlineData(64UL)]
    [InlineData(65UL)]
    [InlineData(4097UL)]
    [InlineData(1UL << 24)]
    [InlineData(1UL << 52)]
    public void PagesBeyondTheMapAreNone(ulong pageCount)
    {
        PageMap map = new(pageCount);
        map.Set(pageCount - 1, new PageEntry(PageState.Private, 7));
        Assert.Equal(new PageEntry(PageState.Private, 7), map[pageCount - 1]);
        foreach (ulong beyond in (ReadOnlySpan<ulong>)[pageCount * 64, 1UL << 58, ulong.MaxValue])
            Assert.Equal(PageState.None, map[beyond].State);
    }

    [Fact]
    public void SharedMapsAreIndependentAndEqualADictionaryEach()
    {
        Random random = new(Seed.Take(output));
        const ulong PageCount = 300_000;
        List<(PageMap Map, Dictionary<ulong, PageEntry> Model)> maps = [(new PageMap(PageCount), [])];
        for (int step = 0; step < 60_000; step++)
        {
            (PageMap map, Dictionary<ulong, PageEntry> model) = maps[random.Next(maps.Count)];
            ulong page = random.Next(4) == 0 ? (ulong)random.NextInt64((long)PageCount) : (ulong)random.Next(200);
            if (random.Next(500) == 0 && maps.Count < 24)
            {
                maps.Add((map.Share(), new Dictionary<ulong, PageEntry>(model)));
            }
            else if (random.Next(3) != 0)
            {
                PageEntry entry = new((PageState)random.Next(1, 5), (uint)random.Next());
                map.Set(page, entry);
                model[page] = entry;
            }

            Assert.Equal(model.GetValueOrDefault(page), map[page]);
        }

        foreach ((PageMap map, Dictionary<ulong, PageEntry> model) in maps)
        {
            foreach ((ulong page, PageEntry entry) in model)
                Assert.Equal(entry, map[page]);
        }
    }

    [Fact]
    public void ARangeEqualsItsPagesSetOneByOne()
    {
        Random random = new(Seed.Take(output));
        for (int round = 0; round < 300; round++)
        {
            ulong pageCount = 1UL << random.Next(1, 20);
            ulong first = (ulong)random.NextInt64((long)pageCount);
            ulong count = (ulong)random.NextInt64((long)(pageCount - first) + 1);
            PageMap map = new(pageCount);
            map.SetRange(first, count, new PageEntry(PageState.Zero, 3));
            HashSet<ulong> written = [];
            for (int i = 0; i < 20 && count > 0; i++)
            {
                ulong page = first + (ulong)random.NextInt64((long)count);
                map.Set(page, new PageEntry(PageState.Private, 9));
                written.Add(page);
            }

            for (int i = 0; i < 400; i++)
            {
                ulong page = (ulong)random.NextInt64((long)pageCount);
                PageEntry expected = written.Contains(page) ? new(PageState.Private, 9)
                    : page >= first && page - first < count ? new(PageState.Zero, 3) : default;
                Assert.Equal(expected, map[page]);
            }
        }
    }

    [Fact]
    public void SixtyFourGibibytesOfZeroesTakeHardlyAnyNodes()
    {
        const ulong Base = 0x80000;
        const ulong Pages = (64UL << 30) / GuestMemory.PageSize;
        long before = GC.GetAllocatedBytesForCurrentThread();
        PageMap map = new(Base + Pages);
        map.SetRange(Base, Pages, new PageEntry(PageState.Zero, 0));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 64 * 1024);
        Assert.Equal(PageState.Zero, map[Base + Pages - 1].State);
        Assert.Equal(PageState.None, map[Base + Pages].State);
        Assert.Equal(PageState.None, map[Base - 1].State);
    }

    [Fact]
    public void ABranchCopiesThePathToWhatItChangesAndNothingElse()
    {
        PageMap parent = new(1 << 24);
        parent.SetRange(0, 1 << 24, new PageEntry(PageState.Zero, 0));
        for (ulong page = 0; page < 1 << 24; page += 4096)
            parent.Set(page, new PageEntry(PageState.Private, (uint)page));
        PageMap branch = parent.Share();
        long before = GC.GetAllocatedBytesForCurrentThread();
        branch.Set(8192, new PageEntry(PageState.Private, 1));
        long path = GC.GetAllocatedBytesForCurrentThread() - before;
        before = GC.GetAllocatedBytesForCurrentThread();
        branch.Set(8193, new PageEntry(PageState.Private, 2));
        long neighbour = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.InRange(path, 1, 4 * ((64 * 8) + 128));
        Assert.Equal(0, neighbour);
        Assert.Equal(8192u, parent[8192].Frame);
        Assert.Equal(PageState.Zero, parent[8193].State);
    }

    [Fact]
    public void AReaderWithoutTheLockSeesAnEntryThatWasThereAtSomeTime()
    {
        const ulong Pages = 4096;
        PageMap map = new(Pages);
        map.SetRange(0, Pages, new PageEntry(PageState.Zero, 0));
        bool stop = false;
        int torn = 0;
        Thread reader = new(() =>
        {
            for (ulong page = 0; !Volatile.Read(ref stop); page = (page + 977) % Pages)
            {
                PageEntry entry = map[page];
                bool whole = entry == new PageEntry(PageState.Zero, 0) || (entry.State == PageState.Private && entry.Frame % Pages == page);
                torn += whole ? 0 : 1;
            }
        });
        reader.Start();
        List<PageMap> branches = [];
        for (uint round = 0; round < 40; round++)
        {
            for (uint page = 0; page < Pages; page++)
                map.Set(page, new PageEntry(PageState.Private, (round * (uint)Pages) + page));
            branches.Add(map.Share());
        }

        Volatile.Write(ref stop, true);
        reader.Join();
        Assert.Equal(0, torn);
        Assert.Equal(40, branches.Count);
    }
}
