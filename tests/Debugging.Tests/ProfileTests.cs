using Strata.Debugging.Profiles;
using Strata.Debugging.Symbols;
using Strata.Machines;

namespace Strata.Debugging.Tests;

public sealed class ProfileTests
{
    private static readonly SymbolTable s_symbols = new([new Symbol(LoopingMachine.Start, 4, "start"), new Symbol(LoopingMachine.Start + 4, 20, "loop")]);

    [Fact]
    public async Task AMachineThatLoopsIsFoundInItsLoop()
    {
        using LoopingMachine looping = new();
        Profile profile = await looping.Debugger.ProfileAsync(TimeSpan.FromSeconds(0.5), 500, 3, s_symbols, TestContext.Current.CancellationToken);

        // The host may be busy: what came must be right, however little it is.
        Assert.True(profile.Samples > 0 && profile.Translated > 0, $"{profile.Samples} samples, {profile.Translated} translated");
        Assert.Equal(profile.Samples, profile.Waiting + profile.Translated + profile.Stubs + profile.Monitor);
        Assert.Equal("loop", profile.Regions[0].Name);
        Assert.True(profile.Translated >= 0.9 * (profile.Samples - profile.Waiting), $"{profile.Translated} of {profile.Samples}");
        Assert.Equal(LoopingMachine.Start, profile.Blocks[0].PhysicalAddress);
        Assert.Equal(LoopingMachine.Start, profile.Blocks[0].VirtualAddress);

        // Seven instructions, of which one is a nop; a load and a store look into the TLB. The blocks of the boot ROM were executed once.
        Assert.InRange(profile.Expansion.WeightedMean!.Value, 1, 8);
        int padding = profile.Blocks[0].Instructions.SelectMany(instruction => instruction.Host).Count(host => host.Text.StartsWith("nop", StringComparison.Ordinal) || host.Text == "xchg ax,ax");
        Assert.Equal((profile.Blocks[0].HostInstructions - padding) / 7.0, profile.Expansion.WeightedMean!.Value, 0.01);
        Assert.InRange(profile.Expansion.Median, 1, 20);
        Assert.True(profile.Expansion.Blocks >= 1);
    }

    [Fact]
    public async Task TheGuestGoesOnWhereItWas()
    {
        using LoopingMachine looping = new();
        for (int i = 0; i < 20; i++)
            _ = await looping.Debugger.ProfileAsync(TimeSpan.FromMilliseconds(20), 5000, 0, s_symbols, TestContext.Current.CancellationToken);
        Assert.Equal(MachinePhase.Running, looping.Machine.Phase);
    }

    [Fact]
    public async Task AMachineThatEndsMeanwhileEndsTheProfile()
    {
        using LoopingMachine looping = new();
        Task<Profile> profile = looping.Debugger.ProfileAsync(TimeSpan.FromMinutes(10), 1000, 3, s_symbols, TestContext.Current.CancellationToken);
        looping.Machine.Dispose();
        Assert.Equal("E-MACHINE-PHASE", (await Assert.ThrowsAsync<DebuggingException>(() => profile)).Code);
    }

    [Fact]
    public async Task AnInterpretedMachineHasNoProfile()
    {
        using LoopingMachine looping = new(ExecutionEngine.Interpreter);
        DebuggingException refused = await Assert.ThrowsAsync<DebuggingException>(
            () => looping.Debugger.ProfileAsync(TimeSpan.FromSeconds(1), 100, 3, s_symbols, TestContext.Current.CancellationToken));
        Assert.Equal("E-ENGINE", refused.Code);
    }

    [Fact]
    public void APerfMapNamesBlocks()
    {
        using LoopingMachine looping = new();
        using StringWriter writer = new();
        looping.Debugger.WritePerfMap(writer, s_symbols);
        string[] lines = writer.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.All(lines, line => Assert.Matches("^[0-9a-f]+ [0-9a-f]+ guest:[^ ]+$", line));
        Assert.Single(lines, line => line.EndsWith(" guest:start", StringComparison.Ordinal));
    }
}
