using Strata.Guest.Time;
using Strata.Machines.Boot;

namespace Strata.Machines.Tests.Harts;

/// <summary>A guest that only traps (tests/guest/storm) retires nothing; time goes on all the same, deterministic or not, as in QEMU with and without -icount.</summary>
public sealed class TrapStormTests
{
    private const ulong Ticks = 100_000;

    [Theory]
    [InlineData(0u, false, "interpreter")]
    [InlineData(0u, false, "translator")]
    [InlineData(1u, false, "interpreter")]
    [InlineData(1u, false, "translator")]
    [InlineData(0u, true, "interpreter")]
    [InlineData(0u, true, "translator")]
    [InlineData(1u, true, "interpreter")]
    [InlineData(1u, true, "translator")]
    public void TheTimerGetsThrough(uint mode, bool deterministic, string engine)
    {
        ulong count = Run(mode, deterministic, engine);
        if (deterministic)
            Assert.Equal(count, Run(mode, deterministic, engine));
    }

    private static ulong Run(uint mode, bool deterministic, string engine)
    {
        using HostResources host = new(1);
        using Machine machine = MachineBuilder.Build(host, new MachineConfiguration
        {
            Boot = new FirmwareBoot(new BootFile(GuestElf.Load("storm", Ticks, mode: mode), "storm")),
            MemoryBytes = 16 << 20,
            Deterministic = deterministic,
        }.On(engine));
        using ManualResetEventSlim off = new();
        machine.OnExit(_ => off.Set());
        machine.Start();
        bool ended = off.Wait(TimeSpan.FromSeconds(20));
        machine.Kill();
        Assert.True(off.Wait(TimeSpan.FromSeconds(20)));
        Assert.True(ended, "time stood still");
        Assert.True(machine.Exit is { Reason: MachineExitReason.PoweredOff, Code: 0 }, $"{machine.Exit} {machine.Exit!.Message}");

        // Translated code counts only where it must.
        if (deterministic || engine == "interpreter")
            Assert.InRange(machine.InstructionsRetired, 1UL, 40_000UL);
        if (machine.Clock is not DeterministicClock clock)
            return 0;
        Assert.InRange(clock.InstructionCount, Ticks * DeterministicClock.InstructionsPerTick, (Ticks * DeterministicClock.InstructionsPerTick) + 40_000);
        return clock.InstructionCount;
    }
}
