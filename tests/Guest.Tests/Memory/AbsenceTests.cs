using System.Runtime.InteropServices;
using Strata.Guest.Memory;

namespace Strata.Guest.Tests.Memory;

/// <summary>Any page may be absent at any access: the results are those of a run in which none is.</summary>
public sealed class AbsenceTests(ITestOutputHelper output)
{
    private const ulong Base = TestMemory.HighBase;
    private const int Bytes = 64 << 10;

    [Fact]
    public void RandomAccessesGiveTheSameResultsWithAndWithoutAbsentPages()
    {
        int seed = Seed.Take(output);
        List<string> present = Run(seed, 0);
        foreach (double rate in (ReadOnlySpan<double>)[0.05, 0.5, 0.9])
            Assert.Equal(present, Run(seed, rate));
    }

    [Fact]
    public void AnAbsentPageIsNeverTouched()
    {
        using TestMemory test = new();
        TestCarrier carrier = new(test.Memory);
        MemoryWait here = new();
        test.Memory.Absence = (page, _) => page == Base + 0x1000 ? here : null;
        carrier.Enter();
        Assert.Same(here, test.Memory.Read(Base + 0xfff, new byte[2]).Wait);
        Assert.Same(here, test.Memory.Write(Base + 0xfff, [1, 2]).Wait);
        using MemoryLease lease = new();
        Assert.Same(here, test.Memory.Lease(Base + 0xfff, 2, LeaseAccess.HostReads, lease).Wait);
        Assert.Empty(lease.Segments);
        foreach (FillAccess access in Enum.GetValues<FillAccess>())
            Assert.Same(here, carrier.Resolve(Base + 0x1000, access).Wait);
        Assert.True(test.Memory.Read(Base, new byte[0x1000]).IsDone);
        carrier.Leave();
    }

    // One step of the program is repeated until every page that it needs is there; what it answers is the log.
    private List<string> Run(int seed, double rate)
    {
        using TestMemory test = new();
        Random random = new(seed);
        Random absent = new(seed + 1);
        List<MemoryWait> waits = [];
        int absences = 0;
        if (rate > 0)
            test.Memory.Absence = (_, _) => absent.NextDouble() < rate ? Absent() : null;
        TestCarrier carrier = new(test.Memory);
        List<string> log = [];
        using MemoryLease lease = new();
        byte[] buffer = new byte[3 * 4096];
        for (int step = 0; step < 4000; step++)
        {
            int length = random.Next(1, random.Next(8) == 0 ? 9000 : 32);
            int offset = random.Next(Bytes - length + 1);
            byte fill = (byte)random.Next(1, 256);
            int kind = random.Next(6);
            carrier.Enter();
            while (Step(kind, Base + (ulong)offset, length, fill) is { } wait)
            {
                carrier.Leave();
                foreach (MemoryWait arrived in waits)
                    arrived.Complete();
                waits.Clear();
                Assert.True(wait.IsCompleted, "what an access waits for is neither an absent page nor a grace period");
                carrier.Enter();
            }

            carrier.Leave();
        }

        byte[] all = new byte[Bytes];
        test.Memory.Absence = null;
        Assert.True(test.Memory.Read(Base, all).IsDone);
        log.Add(Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(all)));
        log.Add(string.Join(' ', test.Memory.BeginGeneration()));
        output.WriteLine($"rate {rate}: {absences} absences");
        return log;

        MemoryWait Absent()
        {
            MemoryWait wait = new();
            waits.Add(wait);
            absences++;
            return wait;
        }

        MemoryWait? Step(int kind, ulong address, int length, byte fill)
        {
            Span<byte> bytes = buffer.AsSpan(0, length);
            MemoryResult result;
            switch (kind)
            {
                case 0:
                    result = test.Memory.Read(address, bytes);
                    if (result.IsDone)
                        log.Add(Convert.ToHexString(bytes));
                    return result.Wait;
                case 1:
                    bytes.Fill(fill);
                    return test.Memory.Write(address, bytes).Wait;
                case 2:
                    result = test.Memory.Lease(address, length, LeaseAccess.HostWrites, lease);
                    for (int i = 0; i < lease.Segments.Count; i++)
                        lease.Span(i).Fill(fill);
                    lease.Release();
                    return result.Wait;
                case 3:
                    result = test.Memory.Lease(address, length, LeaseAccess.HostReads, lease);
                    if (result.IsDone)
                        log.Add(string.Concat(Enumerable.Range(0, lease.Segments.Count).Select(i => Convert.ToHexString(lease.Span(i)))));
                    lease.Release();
                    return result.Wait;
                default:
                    ulong page = address & ~0xfffUL;
                    FillAccess access = kind == 4 ? FillAccess.Write : FillAccess.Read;
                    MemoryFill entry = carrier.Resolve(page, access);
                    if (entry.Kind == FillKind.NotPresent)
                        return entry.Wait;
                    nint host = entry.HostAddress + (nint)(address & 0xfff);
                    if (access == FillAccess.Write)
                        Marshal.WriteByte(host, fill);
                    else
                        log.Add(Marshal.ReadByte(host).ToString("x2", System.Globalization.CultureInfo.InvariantCulture));
                    return null;
            }
        }
    }
}
