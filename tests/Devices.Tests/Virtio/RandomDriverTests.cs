using System.Buffers.Binary;

namespace Strata.Devices.Tests.Virtio;

/// <summary>Drivers that do anything at all, within a fixed budget (larger in long runs); each run's seed is printed and can be set in STRATA_SEED.</summary>
public sealed class RandomDriverTests(ITestOutputHelper output)
{
    private const int StepsPerRound = 60;
    private const ushort QueueSize = 8;

    private static readonly int s_rounds = Seed.Rounds(250, 100_000);

    private static readonly ulong[] s_places =
    [
        0, 0x1000, VirtioRig.MmioSlot, VirtioRig.MmioSlot + 0x50, 0x200_bff8, VirtioRig.Ram - 8, VirtioRig.Ram + VirtioRig.RamSize - 8,
        VirtioRig.Ram + VirtioRig.RamSize, PciDriver.BaseAddress, 1UL << 56, ulong.MaxValue - 15, ulong.MaxValue,
    ];

    private static readonly uint[] s_lengths = [0, 1, 2, 8, 15, 16, 17, 32, 512, 513, 4096, 65536, 1 << 20, (1 << 21) + 512, 0x7fff_ffff, 0x8000_0000, uint.MaxValue];

    [Theory, MemberData(nameof(HostileDriverTests.Subjects), MemberType = typeof(HostileDriverTests))]
    public void A_random_driver_harms_nobody(Bus bus, Kind kind)
    {
        int seed = SeedOf(bus, kind);
        Random random = new(seed);
        using Subject subject = new(bus, kind);
        long before = GC.GetTotalMemory(forceFullCollection: true);
        for (int round = 0; round < s_rounds; round++)
        {
            VirtioRig rig = subject.Rig;
            rig.Start(random.Next(3) == 0 ? 1UL << 32 : VirtioRig.All, QueueSize);
            rig.MakePagesAbsent(random.Next(), random.Next(4) == 0 ? 3 : 1000);
            subject.Pool.IsOpen = random.Next(2) == 0;
            for (int step = 0; step < StepsPerRound; step++)
                Step(subject, random);
            rig.Memory.Absence = null;
            subject.CheckHealth();
        }

        // A deterministic disk keeps the copies of as many slices as it had in flight at once.
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, 16 << 20);
    }

    [Theory, MemberData(nameof(HostileDriverTests.Subjects), MemberType = typeof(HostileDriverTests))]
    public void A_hart_that_rewrites_the_rings_while_the_device_reads_them_harms_nobody(Bus bus, Kind kind)
    {
        int seed = SeedOf(bus, kind);
        using Subject subject = new(bus, kind);
        VirtioRig rig = subject.Rig;
        Random random = new(seed);
        for (int round = 0; round < 20; round++)
        {
            rig.Start(queueSize: QueueSize);
            subject.ActAsHost();
            using CancellationTokenSource stop = new();
            ulong[] targets = [.. rig.Queues.SelectMany(queue => new[] { queue.Table, queue.Available })];
            int otherSeed = random.Next();
            Thread other = new(() => Rewrite(rig, targets, new Random(otherSeed), stop.Token));
            other.Start();
            try
            {
                for (int kick = 0; kick < 300; kick++)
                {
                    Fill(rig, rig.Queues[random.Next(rig.Queues.Count)], random);
                    rig.Driver.Notify((ushort)random.Next(rig.Queues.Count));
                    rig.Clock.Advance(10_000);
                }
            }
            finally
            {
                stop.Cancel();
                other.Join();
            }

            subject.CheckHealth();
        }
    }

    private static void Rewrite(VirtioRig rig, ulong[] targets, Random random, CancellationToken stop)
    {
        byte[] bytes = new byte[16];
        while (!stop.IsCancellationRequested)
        {
            random.NextBytes(bytes);
            bytes[12] &= 7;
            bytes[14] &= QueueSize - 1;
            bytes[13] = bytes[15] = 0;
            BinaryPrimitives.WriteUInt64LittleEndian(bytes, VirtioRig.Ram + (ulong)random.Next(1 << 20));
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(8), s_lengths[random.Next(s_lengths.Length)]);
            rig.Memory.Write(targets[random.Next(targets.Length)] + (16UL * (ulong)random.Next(QueueSize)), bytes);
        }
    }

    private static void Step(Subject subject, Random random)
    {
        VirtioRig rig = subject.Rig;
        DriverQueue queue = rig.Queues[random.Next(rig.Queues.Count)];
        switch (random.Next(16))
        {
            case 0:
                rig.Registers.Write(Aligned(random, 0x200, out int width), width, (ulong)random.NextInt64() >> random.Next(64));
                break;
            case 1:
                rig.Registers.Read(Aligned(random, 0x4000, out width), width, out _);
                break;
            case 2:
                rig.Driver.Status = (byte)random.Next(256);
                break;
            case 3:
                rig.Driver.SelectQueue((ushort)random.Next(12));
                rig.Driver.ResetQueue();
                break;
            case 4:
                rig.Driver.SetAddresses(Place(random) & ~15UL, Place(random) & ~1UL, Place(random) & ~3UL);
                rig.Driver.EnableQueue();
                break;
            case 5:
                rig.WriteU16(queue.Available + 2, (ushort)random.Next(random.Next(2) == 0 ? 16 : 65536));
                break;
            case 6:
                subject.ActAsHost();
                break;
            case 7:
                subject.Pool.DoAll();
                break;
            case 8:
                subject.Pool.IsOpen ^= true;
                break;
            case 9:
                rig.Transport.Save(new Guest.State.StateWriter());
                break;
            default:
                Fill(rig, queue, random);
                rig.Driver.Notify(queue.Index);
                rig.Clock.Advance((ulong)random.Next(20_000));
                break;
        }
    }

    private static ulong Aligned(Random random, int size, out int width)
    {
        width = 1 << random.Next(4);
        return (ulong)(random.Next(size / width) * width);
    }

    private static ulong Place(Random random) => random.Next(3) == 0
        ? s_places[random.Next(s_places.Length)]
        : VirtioRig.Ram + (ulong)random.Next(1 << 20);

    // Descriptors that are mostly right, with a header that makes sense for a disk or a control queue, so that most chains get far.
    private static void Fill(VirtioRig rig, DriverQueue queue, Random random)
    {
        ulong header = VirtioRig.Ram + (1 << 20);
        byte[] bytes = new byte[16];
        uint[] types = [0, 1, 4, 8, 11, 13, 99];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, types[random.Next(types.Length)]);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(4), (ushort)random.Next(8));
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(6), (ushort)random.Next(2));
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(8), (ulong)(random.Next(8) == 0 ? random.NextInt64() : random.Next(2048)));
        if (queue.Index == 3)
            BinaryPrimitives.WriteUInt32LittleEndian(bytes, (uint)random.Next(4));
        rig.Write(header, bytes);
        int count = random.Next(1, 5);
        bool indirect = random.Next(4) == 0;
        ulong? table = indirect ? header + 0x1000 : null;
        int readable = random.Next(0, count + 1);
        for (int i = 0; i < count; i++)
        {
            ushort flags = (ushort)((i < count - 1 ? 1 : 0) | (i >= readable ? 2 : 0));
            if (random.Next(30) == 0)
                flags = (ushort)random.Next(8);
            ulong address = i == 0 && readable > 0 ? header : random.Next(10) == 0 ? Place(random) : header + 0x2000 + (ulong)random.Next(1 << 18);
            uint length = i == 0 && readable > 0 ? 16 : i == count - 1 ? 1 : s_lengths[random.Next(s_lengths.Length - (random.Next(3) == 0 ? 0 : 6))];
            queue.Describe(i, address, length, flags, (ushort)(random.Next(30) == 0 ? random.Next(65536) : i + 1), table);
        }

        if (table is { } tableAddress)
            queue.Describe(0, tableAddress, (uint)(16 * count), 4);
        queue.MakeAvailable((ushort)(random.Next(40) == 0 ? random.Next(65536) : 0));
    }

    // Another one for each subject.
    private int SeedOf(Bus bus, Kind kind) => Seed.Take(output) ^ (((int)bus * 3) + (int)kind);
}
