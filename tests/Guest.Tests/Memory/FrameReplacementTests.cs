using System.Runtime.InteropServices;
using Strata.Guest.Memory;

namespace Strata.Guest.Tests.Memory;

/// <summary>A page gets another frame: nobody sees the old one afterwards, nobody loses a store, nobody waits for ever.</summary>
public sealed class FrameReplacementTests(ITestOutputHelper output)
{
    private const ulong Base = TestMemory.HighBase;

    [Fact]
    public void TheFirstWriteOfAPageThatAnotherCarrierReadsWaitsForIt()
    {
        using TestMemory test = new();
        TestCarrier reader = new(test.Memory);
        TestCarrier writer = new(test.Memory);
        reader.Enter();
        writer.Enter();
        nint zero = reader.Resolve(Base, FillAccess.Read).HostAddress;
        Assert.Equal(test.Frames.AddressOf(test.Frames.ZeroFrame), zero);
        MemoryWait wait = writer.Resolve(Base, FillAccess.Write).Wait!;
        Assert.Equal(1, reader.Hart.KickCount);

        // Nobody gets the page meanwhile, at either frame, and everybody waits for the same.
        Assert.Same(wait, reader.Resolve(Base, FillAccess.Read).Wait);
        Assert.Same(wait, test.Memory.Read(Base, new byte[1]).Wait);
        Assert.Same(wait, test.Memory.Write(Base, [1]).Wait);
        using MemoryLease lease = new();
        Assert.Same(wait, test.Memory.Lease(Base, 1, LeaseAccess.HostReads, lease).Wait);
        Assert.Same(wait, test.Memory.ReplaceFrame(Base, out bool begun));
        Assert.False(begun);
        writer.Leave();
        Assert.False(wait.IsCompleted);
        reader.Leave();
        Assert.True(wait.IsCompleted);
        Assert.Empty(reader.Fills.Reads);
        reader.Enter();
        writer.Enter();
        MemoryFill written = writer.Resolve(Base, FillAccess.Write);
        Assert.NotEqual(zero, written.HostAddress);
        Assert.Equal(written.HostAddress, reader.Resolve(Base, FillAccess.Read).HostAddress);
        reader.Leave();
        writer.Leave();
    }

    [Fact]
    public void ACarrierThatReadThePageItselfNeedNotWaitForItself()
    {
        using TestMemory test = new();
        TestCarrier carrier = new(test.Memory);
        carrier.Enter();
        carrier.Resolve(Base, FillAccess.Read);
        Assert.Equal(FillKind.Ram, carrier.Resolve(Base, FillAccess.Write).Kind);
        Assert.Empty(carrier.Fills.Reads);
        Assert.Equal(0, carrier.Hart.KickCount);
        carrier.Leave();
    }

    [Fact]
    public void ReplacingKeepsTheContentAndFreesTheOldFrameAfterTheGracePeriod()
    {
        using TestMemory test = new();
        TestCarrier carrier = new(test.Memory);
        Assert.True(test.Memory.Write(Base, [1, 2, 3]).IsDone);
        int used = test.Frames.UsedFrameCount;
        carrier.Enter();
        nint old = carrier.Resolve(Base, FillAccess.Write).HostAddress;
        carrier.Resolve(Base, FillAccess.Read);
        MemoryWait wait = test.Memory.ReplaceFrame(Base, out bool begun)!;
        Assert.True(begun);

        // Until it has left, the carrier may use what it holds: reads and stores still go to the old frame, and none is lost.
        Assert.Equal(1, Marshal.ReadByte(old));
        Marshal.WriteByte(old, 3, 4);
        Assert.Equal(used + 1, test.Frames.UsedFrameCount);
        carrier.Leave();
        Assert.True(wait.IsCompleted);
        Assert.Empty(carrier.Fills.Writes);
        Assert.Empty(carrier.Fills.Reads);
        Assert.Equal(used, test.Frames.UsedFrameCount);
        byte[] content = new byte[4];
        Assert.True(test.Memory.Read(Base, content).IsDone);
        Assert.Equal([1, 2, 3, 4], content);
    }

    [Fact]
    public void DisposingInTheMiddleOfAReplacementFreesBothFrames()
    {
        using FrameAllocator frames = new(8 << 20);
        GuestMemory memory = new(frames, [new RamRange(Base, 1 << 20)], new MmioBus(new Lock()));
        TestCarrier carrier = new(memory);
        Assert.True(memory.Write(Base, [1]).IsDone);
        carrier.Enter();
        Assert.NotNull(memory.ReplaceFrame(Base, out _));
        memory.Dispose();
        Assert.Equal(1, frames.UsedFrameCount);
    }

    [Fact]
    public void OnlyRamCanBeReplaced()
    {
        using TestMemory test = new();
        Assert.Throws<ArgumentOutOfRangeException>(() => test.Memory.ReplaceFrame(0, out _));
        Assert.Throws<ArgumentOutOfRangeException>(() => test.Memory.ReplaceFrame(ulong.MaxValue & ~0xfffUL, out _));
        Assert.Throws<ArgumentOutOfRangeException>(() => test.Memory.ReplaceFrame(Base + TestMemory.HighSize, out _));
    }

    /// <summary>A disk read (a lease) in flight, a frame that is to be replaced, and a hart that reads and writes the page meanwhile.</summary>
    [Fact]
    public void ALeaseAReplacementAndASecondHart()
    {
        using TestMemory test = new();
        TestCarrier hart = new(test.Memory);
        TestCarrier other = new(test.Memory);
        hart.Enter();
        other.Enter();
        hart.Resolve(Base, FillAccess.Read);
        other.Resolve(Base, FillAccess.Read);

        // The device begins: the page has no frame of its own yet, and both harts hold the zero frame.
        using MemoryLease lease = new();
        MemoryWait wait = test.Memory.Lease(Base, 512, LeaseAccess.HostWrites, lease).Wait!;
        hart.Leave();
        hart.Enter();
        Assert.Same(wait, hart.Resolve(Base, FillAccess.Write).Wait);
        other.Leave();
        other.Enter();
        Assert.True(wait.IsCompleted);
        Assert.True(test.Memory.Lease(Base, 512, LeaseAccess.HostWrites, lease).IsDone);
        nint leased = lease.Segments[0].HostAddress;

        // While the disk writes, harts work on the same frame and a replacement has to wait.
        Assert.Equal(leased, hart.Resolve(Base, FillAccess.Write).HostAddress);
        Assert.Equal(leased, other.Resolve(Base, FillAccess.Read).HostAddress);
        MemoryWait end = test.Memory.ReplaceFrame(Base, out bool begun)!;
        Assert.False(begun);
        lease.Span(0).Fill(0x77);
        Marshal.WriteByte(leased, 600, 5);
        lease.Release();
        Assert.True(end.IsCompleted);

        // Now it begins, and neither the disk's bytes nor the hart's are lost.
        MemoryWait replaced = test.Memory.ReplaceFrame(Base, out begun)!;
        Assert.True(begun);
        Assert.Equal(MemoryStatus.NotPresent, test.Memory.Lease(Base, 512, LeaseAccess.HostWrites, lease).Status);
        Marshal.WriteByte(leased, 601, 6);
        hart.Leave();
        other.Leave();
        Assert.True(replaced.IsCompleted);
        byte[] content = new byte[602];
        Assert.True(test.Memory.Read(Base, content).IsDone);
        Assert.False(content.AsSpan(0, 512).ContainsAnyExcept((byte)0x77));
        Assert.Equal([5, 6], content[600..]);
    }

    /// <summary>
    /// Everything at once on real threads: carriers that load, store and count through cached entries, a disk that reads into leased pages, pages that get
    /// another frame all the time. Every page holds its number, which no stale or freed frame does, and every counted increment must be there in the end.
    /// </summary>
    [Fact]
    public void NothingIsLostWhileFramesAreReplacedUnderLoad()
    {
        int seed = Seed.Take(output);
        const int Pages = 24;
        using TestMemory test = new();
        long increments = 0;
        int wrong = 0;
        int replaced = 0;
        int leases = 0;
        for (int page = 0; page < Pages; page++)
            Assert.True(test.Memory.Write(Address(page), BitConverter.GetBytes((ulong)page + 1)).IsDone);
        Stress stress = new();
        stress.Add(index => Carry(new Random(seed + index)), 3);
        stress.Add(_ => Transfer(new Random(seed + 10)));
        stress.Add(index => Replace(new Random(seed + 20 + index)), 2);
        stress.Run(TimeSpan.FromSeconds(3));
        output.WriteLine($"{replaced} replacements, {increments} increments, {leases} leases");
        Assert.Equal(0, wrong);
        long sum = 0;
        byte[] head = new byte[16];
        for (int page = 0; page < Pages; page++)
        {
            Assert.True(test.Memory.Read(Address(page), head).IsDone);
            Assert.Equal((ulong)page + 1, BitConverter.ToUInt64(head));
            sum += BitConverter.ToInt64(head, 8);
        }

        Assert.Equal(increments, sum);
        Assert.Equal(Pages + 1, test.Frames.UsedFrameCount);
        Assert.InRange(replaced, 10, int.MaxValue);

        static ulong Address(int page) => Base + ((ulong)page * GuestMemory.PageSize);

        unsafe void Carry(Random random)
        {
            TestCarrier carrier = new(test.Memory);
            long counted = 0;
            while (!stress.Stopping)
            {
                MemoryWait? wait = null;
                carrier.Enter();
                for (int step = random.Next(500); step > 0 && wait is null && !carrier.Hart.TakeKick(); step--)
                {
                    int page = random.Next(Pages);
                    bool write = random.Next(2) == 0;
                    if (!(write ? carrier.Fills.Writes : carrier.Fills.Reads).TryGetValue(Address(page), out MemoryFill fill))
                        fill = carrier.Resolve(Address(page), write ? FillAccess.Write : FillAccess.Read);
                    wait = fill.Wait;
                    if (wait is not null)
                        break;
                    ulong* host = (ulong*)fill.HostAddress;
                    if (Volatile.Read(ref *host) != (ulong)page + 1)
                        Interlocked.Increment(ref wrong);
                    if (write)
                    {
                        Interlocked.Increment(ref *(long*)(host + 1));
                        counted++;
                    }
                }

                carrier.Leave();
                Thread.Yield();
                wait?.Block(CancellationToken.None);
            }

            Interlocked.Add(ref increments, counted);
            test.Memory.Revocations.Unregister(carrier.Slot);
        }

        void Transfer(Random random)
        {
            using MemoryLease lease = new();
            while (!stress.Stopping)
            {
                int page = random.Next(Pages - 1);
                MemoryResult result = test.Memory.Lease(Address(page) + 4000, 128, LeaseAccess.HostWrites, lease);
                if (result.Wait is { } wait)
                {
                    wait.Block(CancellationToken.None);
                    continue;
                }

                for (int i = 0; i < lease.Segments.Count; i++)
                {
                    LeaseSegment segment = lease.Segments[i];
                    Span<byte> bytes = lease.Span(i);
                    for (int at = 0; at < bytes.Length; at++)
                    {
                        // Not over the number and the count at the next page's start.
                        if (((segment.GuestAddress + (ulong)at) & 0xfff) >= 16)
                            bytes[at] = (byte)leases;
                    }
                }

                leases++;
                lease.Release();
            }
        }

        void Replace(Random random)
        {
            while (!stress.Stopping)
            {
                MemoryWait? wait = test.Memory.ReplaceFrame(Address(random.Next(Pages)), out bool begun);
                if (begun)
                    Interlocked.Increment(ref replaced);

                if (random.Next(4) != 0)
                    wait?.Block(CancellationToken.None);
            }
        }
    }
}
