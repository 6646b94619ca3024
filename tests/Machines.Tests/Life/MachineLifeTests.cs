using Strata.Guest.Memory;
using Strata.Guest.Time;
using Strata.Machines.Tests.Harts;

namespace Strata.Machines.Tests.Life;

/// <summary>Machines made, started, killed at any time and disposed of: nothing hangs, nothing is left.</summary>
public sealed class MachineLifeTests(ITestOutputHelper output) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly HostResources _host = new(2);

    public void Dispose() => _host.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void AMachineCanBeKilledAtAnyTime(bool deterministic)
    {
        Random random = new(Seed.Take(output));
        MachineConfiguration configuration = new SmpRun(SmpTest.Endless, 0, 2, Deterministic: deterministic).Configuration;
        for (int round = 0; round < 60; round++)
        {
            Machine machine = MachineBuilder.Build(_host, configuration);
            using ManualResetEventSlim off = new();
            int exits = 0;
            machine.OnExit(_ =>
            {
                exits++;
                off.Set();
            });
            if (random.Next(8) != 0)
                machine.Start();
            Thread.SpinWait(random.Next(1 << random.Next(18)));
            Parallel.Invoke(machine.Kill, machine.Kill, () => Thread.SpinWait(random.Next(1000)));
            Assert.True(off.Wait(Patience), $"round {round}: the machine does not stop");
            Assert.Equal(MachineExitReason.Killed, machine.Exit!.Reason);
            Assert.Throws<InvalidOperationException>(machine.Start);
            ulong retired = machine.InstructionsRetired;
            machine.Dispose();
            machine.Dispose();
            Assert.Equal(retired, machine.InstructionsRetired);
            Assert.Equal(1, exits);
        }
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void DisposingWaitsForHostInputInFlight(bool deterministic, bool started)
    {
        Machine machine = MachineBuilder.Build(_host, new SmpRun(SmpTest.Endless, 0, 2, Deterministic: deterministic).Configuration);
        using ManualResetEventSlim go = new();
        MemoryLease lease = new();
        Assert.True(machine.Memory.Lease(0x8200_0000, 3 * 4096, LeaseAccess.HostWrites, lease).IsDone);
        bool written = false;
        HostWork work = machine.Clock.BeginHostWork("test read", 1 << 30, () =>
        {
            lease.Release();
            return null;
        });
        _host.Pool.Queue(() =>
        {
            go.Wait();
            for (int i = 0; i < lease.Segments.Count; i++)
                lease.Span(i).Fill(0x5a);
            Volatile.Write(ref written, true);
            work.Complete();
        });
        if (started)
            machine.Start();
        Thread.Sleep(20);
        Thread disposer = new(machine.Dispose);
        disposer.Start();
        Assert.False(disposer.Join(100), "the machine gave its memory back while the host was writing to it");
        go.Set();
        Assert.True(disposer.Join(Patience), "the machine waits for ever for its input");
        Assert.True(written);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void AMachineThatCannotGoOnSaysWhyAndCanBeDisposedOf(bool deterministic)
    {
        Machine machine = MachineBuilder.Build(_host, new SmpRun(SmpTest.Endless, 0, 3, Deterministic: deterministic).Configuration);
        int looks = 0;
        machine.Memory.Absence = (_, _) => ++looks > 60 ? throw new InvalidOperationException("the store is gone") : null;
        using ManualResetEventSlim off = new();
        machine.OnExit(_ => off.Set());
        machine.Start();
        Assert.True(off.Wait(Patience));
        Assert.Equal(MachineExitReason.Failed, machine.Exit!.Reason);
        Assert.Contains("the store is gone", machine.Exit.Message, StringComparison.Ordinal);
        Assert.NotEqual(0, machine.Exit.ProcessExitCode);
        machine.Dispose();
    }

    [Fact]
    public void AMachineWhoseEventFailsCanBeDisposedOf()
    {
        Machine machine = MachineBuilder.Build(_host, new SmpRun(SmpTest.Endless, 0).Configuration);
        using ManualResetEventSlim off = new();
        machine.OnExit(_ => off.Set());
        machine.Start();
        MemoryLease lease = new();
        MemoryResult result;
        while (!(result = machine.Memory.Lease(0x8200_0000, 100, LeaseAccess.HostWrites, lease)).IsDone)
            result.Wait!.Block(CancellationToken.None);
        HostWork work = machine.Clock.BeginHostWork("test read", 1, () => null);
        ClockEvent broken = machine.Clock.CreateEvent("broken", () => throw new InvalidOperationException("device bug"));
        broken.Set(0);
        Assert.True(off.Wait(Patience));
        Assert.Equal(MachineExitReason.Failed, machine.Exit!.Reason);
        _host.Pool.Queue(work.Complete);
        machine.Dispose();
    }
}
