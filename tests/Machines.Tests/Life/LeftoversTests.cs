using System.Globalization;
using Strata.Machines.Tests.Harts;

namespace Strata.Machines.Tests.Life;

/// <summary>The tests that ask the kernel what the whole process holds, and so run while no other test does.</summary>
[CollectionDefinition(nameof(LeftoversTests), DisableParallelization = true)]
[Collection(nameof(LeftoversTests))]
public sealed class LeftoversTests(ITestOutputHelper output) : IDisposable
{
    private const int BatchSize = 100;
    private readonly HostResources _host = new(2);

    public void Dispose() => _host.Dispose();

    /// <remarks>The allocators keep what they once needed, so the first batches grow. A leak grows in every batch; one that does not proves that there is none.</remarks>
    [Fact]
    public void HundredsOfMachinesLeaveNothing()
    {
        const int MostBatches = 5;
        MachineConfiguration[] configurations =
        [
            new SmpRun(SmpTest.Endless, 0, 2, Deterministic: true).Configuration,
            new SmpRun(SmpTest.Endless, 0, 2).Configuration,
            new SmpRun(SmpTest.Endless, 0, 2).Configuration,
        ];
        Assert.InRange(Alive(MakeAndDispose(configurations)), 0, 2);
        Census before = Census.Take();
        List<string> growth = [];
        for (int batch = 0; batch < MostBatches; batch++)
        {
            int alive = Alive(MakeAndDispose(configurations));
            Census after = Census.Take();
            Assert.InRange(alive, 0, 2);
            growth.Add($"{after} after {before}");
            output.WriteLine(growth[^1]);
            if (after.IsNoMoreThan(before))
                return;
            before = after;
        }

        Assert.Fail($"every {BatchSize} machines left something:\n" + string.Join('\n', growth));
    }

    private static int Alive(List<WeakReference> machines)
    {
        Census.Collect();
        return machines.Count(machine => machine.IsAlive);
    }

    [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
    private List<WeakReference> MakeAndDispose(MachineConfiguration[] configurations)
    {
        const int AtOnce = 10;
        List<WeakReference> made = [];
        for (int i = 0; i < BatchSize; i += AtOnce)
        {
            Machine[] machines = [.. Enumerable.Range(0, AtOnce).Select(k => MachineBuilder.Build(_host, configurations[k % configurations.Length]))];
            foreach (Machine machine in machines.Skip(1))
                machine.Start();
            Thread.SpinWait(20_000);
            foreach (Machine machine in machines)
                machine.Dispose();
            made.AddRange(machines.Select(machine => new WeakReference(machine)));
        }

        return made;
    }

    private readonly record struct Census(int Descriptors, int Threads, int Mappings, ulong AddressSpaceKiB, ulong ResidentKiB)
    {
        /// <summary>True when a batch left less than a leak would: a tenth of a descriptor, a fifth of a mapping, 160 KiB for each machine.</summary>
        public bool IsNoMoreThan(Census before) =>
            Descriptors <= before.Descriptors + (BatchSize / 10)
            && Threads <= before.Threads + 8
            && Mappings <= before.Mappings + (BatchSize / 5)
            && AddressSpaceKiB <= before.AddressSpaceKiB + (BatchSize / 4 * SmpRun.MemoryBytes / 1024)
            && ResidentKiB <= before.ResidentKiB + (BatchSize * 160);

        public static Census Take()
        {
            Collect();
            string[] status = File.ReadAllLines("/proc/self/status");
            return new Census(
                Directory.GetFiles("/proc/self/fd").Length, (int)Field("Threads:"), File.ReadLines("/proc/self/maps").Count(), Field("VmSize:"), Field("VmRSS:"));

            ulong Field(string name) =>
                ulong.Parse(Array.Find(status, line => line.StartsWith(name, StringComparison.Ordinal))![name.Length..].Replace("kB", "", StringComparison.Ordinal).Trim(), CultureInfo.InvariantCulture);
        }

        public static void Collect()
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            GC.Collect();
        }
    }
}
