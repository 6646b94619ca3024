using System.Diagnostics;
using Strata.Guest.Memory;

namespace Strata.Machines.Tests.Harts;

/// <summary>
/// Several harts on several carriers running tests/guest/smp, while a host thread gives pages other frames: what harts promise each other (SBI 2.0, Zifencei,
/// privileged specification 4.2.1, RVWMO's message passing, A's atomicity) must hold. A failure names the line of smp.c whose check failed.
/// </summary>
public sealed class SmpTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData(2, 2, "interpreter")]
    [InlineData(2, 2, "translator")]
    [InlineData(4, 2, "interpreter")]
    [InlineData(4, 2, "translator")]
    [InlineData(2, 1, "interpreter")]
    [InlineData(2, 1, "translator")]
    public void HartsStartAndStopThroughOurSbi(int harts, int carriers, string engine) => Run(new SmpRun(SmpTest.StartsAndStops, 300, harts, Engine: engine), carriers);

    [Theory]
    [InlineData(false, 2, "interpreter")]
    [InlineData(false, 2, "translator")]
    [InlineData(true, 2, "interpreter")]
    [InlineData(true, 2, "translator")]
    [InlineData(false, 1, "interpreter")]
    [InlineData(false, 1, "translator")]
    [InlineData(true, 1, "interpreter")]
    [InlineData(true, 1, "translator")]
    public void AnInterruptWakesTheOtherHart(bool machineMode, int carriers, string engine) =>
        Run(new SmpRun(SmpTest.Interrupts, 2000, MachineMode: machineMode, Engine: engine), carriers);

    [Theory]
    [InlineData(2, 2, "interpreter")]
    [InlineData(2, 2, "translator")]
    [InlineData(3, 2, "interpreter")]
    [InlineData(3, 2, "translator")]
    [InlineData(2, 1, "interpreter")]
    [InlineData(2, 1, "translator")]
    public void ARemoteFenceHasLandedWhenTheCallReturns(int harts, int carriers, string engine) =>
        Run(new SmpRun(SmpTest.RemoteFences, carriers == 1 ? 60UL : 200, harts, Paging: true, Engine: engine), carriers);

    [Theory]
    [InlineData(3, 2, "interpreter")]
    [InlineData(3, 2, "translator")]
    [InlineData(5, 3, "interpreter")]
    [InlineData(5, 3, "translator")]
    public void AFenceFollowsItsHartToAnotherCarrier(int harts, int carriers, string engine) =>
        Run(new SmpRun(SmpTest.LocalFences, 2000, harts, Paging: true, Engine: engine), carriers);

    [Theory]
    [InlineData(false, false, "interpreter")]
    [InlineData(false, false, "translator")]
    [InlineData(true, false, "interpreter")]
    [InlineData(true, false, "translator")]
    [InlineData(false, true, "interpreter")]
    [InlineData(false, true, "translator")]
    public void MessagesPassOverPagesWhoseFramesAreReplaced(bool paging, bool machineMode, string engine) =>
        Run(new SmpRun(SmpTest.Messages, 2000, Paging: paging, MachineMode: machineMode, Engine: engine), 2);

    [Theory]
    [InlineData(2, false, false, "interpreter")]
    [InlineData(2, false, false, "translator")]
    [InlineData(4, true, false, "interpreter")]
    [InlineData(4, true, false, "translator")]
    [InlineData(3, false, true, "interpreter")]
    [InlineData(3, false, true, "translator")]
    public void NoCountIsLostInContention(int harts, bool paging, bool machineMode, string engine) =>
        Run(new SmpRun(SmpTest.Contention, 150_000, harts, paging, machineMode, Engine: engine), 2);

    [Theory]
    [InlineData(false, "interpreter")]
    [InlineData(false, "translator")]
    [InlineData(true, "interpreter")]
    [InlineData(true, "translator")]
    public void CodeThatAnotherHartHasWrittenIsExecuted(bool paging, string engine) => Run(new SmpRun(SmpTest.WritesCode, 250, Paging: paging, Engine: engine), 2);

    /// <summary>The same with any page absent at any look, and nobody replacing frames: harts wait, and go on.</summary>
    [Theory]
    [InlineData((ulong)SmpTest.Messages, 120UL, "interpreter")]
    [InlineData((ulong)SmpTest.Messages, 120UL, "translator")]
    [InlineData((ulong)SmpTest.Contention, 50_000UL, "interpreter")]
    [InlineData((ulong)SmpTest.Contention, 50_000UL, "translator")]
    [InlineData((ulong)SmpTest.RemoteFences, 60UL, "interpreter")]
    [InlineData((ulong)SmpTest.RemoteFences, 60UL, "translator")]
    [InlineData((ulong)SmpTest.WritesCode, 150UL, "interpreter")]
    [InlineData((ulong)SmpTest.WritesCode, 150UL, "translator")]
    public void AbsentPagesChangeNothing(ulong test, ulong count, string engine) =>
        Run(new SmpRun((SmpTest)test, count, Paging: true, Engine: engine), 2, absenceRate: 0.4);

    private void Run(SmpRun run, int carriers, double absenceRate = 0)
    {
        int seed = Seed.Take(output);
        using HostResources host = new(carriers);
        using Machine machine = MachineBuilder.Build(host, run.Configuration);
        using ManualResetEventSlim off = new();
        RandomAbsence absence = new(seed, absenceRate, host);
        if (absenceRate > 0)
            machine.Memory.Absence = (_, _) => absence.Ask();
        machine.OnExit(_ => off.Set());
        long started = Stopwatch.GetTimestamp();
        machine.Start();
        int replaced = 0;
        Random random = new(seed);
        while (!off.IsSet && Stopwatch.GetElapsedTime(started) < Patience)
        {
            if (absenceRate > 0)
            {
                off.Wait(10);
                continue;
            }

            MemoryWait? wait = machine.Memory.ReplaceFrame(SmpRun.Pages[random.Next(SmpRun.Pages.Count)], out bool begun);
            replaced += begun ? 1 : 0;
            if (random.Next(4) == 0)
                wait?.Block(CancellationToken.None);
            if (random.Next(16) == 0)
                Thread.Yield();
            Thread.SpinWait(random.Next(400));
        }

        bool ended = off.IsSet;
        if (!ended)
            machine.Kill();
        Assert.True(off.Wait(Patience), "the machine cannot be stopped");
        output.WriteLine($"{Stopwatch.GetElapsedTime(started).TotalMilliseconds:f0} ms, {machine.InstructionsRetired / 1e6:f1} M instructions, {replaced} replacements");
        Assert.True(ended, $"the program did not end: {TrapOf(machine)}");
        MachineExit exit = machine.Exit!;
        Assert.True(exit is { Reason: MachineExitReason.PoweredOff, Code: 0 }, $"{exit.Reason}, smp.c line {exit.Code} {exit.Message} {TrapOf(machine)}");
    }

    private static string TrapOf(Machine machine)
    {
        machine.Memory.Absence = null;
        byte[] trap = new byte[24];
        return machine.Memory.Read(0x8100_0000 + (500 * sizeof(ulong)), trap).IsDone
            ? $"cause {BitConverter.ToUInt64(trap):x}, pc {BitConverter.ToUInt64(trap, 8):x}, value {BitConverter.ToUInt64(trap, 16):x}"
            : "memory is not present";
    }
}
