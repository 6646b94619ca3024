namespace Strata.Machines.Tests.Harts;

/// <summary>The same deterministic run gives the same state every million instructions, wherever pages are meanwhile.</summary>
public sealed class DeterminismTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData((ulong)SmpTest.Messages, 120UL, 2, true, false)]
    [InlineData((ulong)SmpTest.Contention, 15_000UL, 3, true, false)]
    [InlineData((ulong)SmpTest.Interrupts, 40_000UL, 2, false, true)]
    [InlineData((ulong)SmpTest.LocalFences, 100UL, 3, true, false)]
    [InlineData((ulong)SmpTest.WritesCode, 300UL, 2, true, false)]
    public void TheSameRunGivesTheSameHashes(ulong test, ulong count, int harts, bool paging, bool machineMode)
    {
        int seed = Seed.Take(output);
        SmpRun run = new((SmpTest)test, count, harts, paging, machineMode, Deterministic: true);
        List<string> once = Hashes(run, seed, 0);
        Assert.NotEmpty(once);
        Assert.Equal(once, Hashes(run, seed, 0.3));
        Assert.Equal(once, Hashes(run with { Engine = "translator" }, seed, 0));
        Assert.Equal(once, Hashes(run with { Engine = "translator, blocks of 8" }, seed, 0.3));
        Assert.Equal(once, Hashes(run with { Engine = "translator, small cache" }, seed + 1, 0.8));
        Assert.Equal(once, Hashes(run with { Engine = "translator, blocks of 1" }, seed + 1, 0, Collecting));
        output.WriteLine($"{once.Count} hashes");
        Assert.Equal(once.Count, once.Distinct().Count());
    }

    // A garbage collection every few milliseconds: nothing that emitted code uses may move.
    private static Task Collecting(CancellationToken end) => Task.Run(
        () =>
        {
            while (!end.WaitHandle.WaitOne(3))
                GC.Collect(2, GCCollectionMode.Forced, blocking: true, compacting: true);
        },
        CancellationToken.None);

    private List<string> Hashes(SmpRun run, int seed, double absenceRate, Func<CancellationToken, Task>? beside = null)
    {
        using HostResources host = new(2);
        using Machine machine = MachineBuilder.Build(host, run.Configuration);
        RandomAbsence absence = new(seed, absenceRate, host);
        if (absenceRate > 0)
            machine.Memory.Absence = (_, _) => absence.Ask();
        List<string> hashes = [];
        machine.OnCheckpoint(count => hashes.Add($"{count} {machine.State.Hash()} {string.Join(' ', machine.State.HashByPart())}"));
        using ManualResetEventSlim off = new();
        machine.OnExit(_ => off.Set());
        using CancellationTokenSource ended = new();
        Task besides = beside?.Invoke(ended.Token) ?? Task.CompletedTask;
        machine.Start();
        if (!off.Wait(Patience))
            machine.Kill();
        Assert.True(off.Wait(Patience));
        ended.Cancel();
        besides.GetAwaiter().GetResult();
        Assert.True(machine.Exit is { Reason: MachineExitReason.PoweredOff, Code: 0 }, machine.Exit!.ToString());
        output.WriteLine($"{machine.InstructionsRetired} instructions, {absence.Count} absences");
        hashes.Add($"end {machine.InstructionsRetired} {machine.State.Hash()}");
        return hashes;
    }
}
