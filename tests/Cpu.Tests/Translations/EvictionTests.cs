// Issue 9, section 1: a bounded code cache; what leaves it makes nobody wrong, and nobody wait for long.
using Strata.Cpu.Tests.Interpreter;
using Strata.Cpu.Translations;

namespace Strata.Cpu.Tests.Translations;

/// <summary>More code than the cache holds: segments leave while other code of the same page stays, while harts run what leaves, and while they jump there.</summary>
public sealed class EvictionTests
{
    private const ulong Code = TestMachine.Ram;
    private const ulong Functions = TestMachine.Ram + 0x10_0000;
    private const int FunctionPages = 400;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(40);

    public static TheoryData<string> Variants => ["free", "counting", "one", "small", "counting small"];

    /// <summary>As many pages of code as the cache holds several times over, called in turn: all of it again and again, and each call counts.</summary>
    [Theory]
    [MemberData(nameof(Variants))]
    public void MoreCodeThanTheCacheHolds(string variant)
    {
        using TestMachine machine = new(translation: SmallOf(variant));
        LoadFunctions(machine, 7);
        LoadCaller(machine, Code);
        PrepareCaller(machine, 0, Code, rounds: 3);
        using HartThread thread = new(machine, 0);
        Assert.True(thread.Join(Patience), "the program does not end");
        Assert.Equal(3UL * 7 * FunctionPages, machine.State.X[12]);
        Assert.True(machine.Family.Blocks!.EvictionCount > 2, "nothing had to leave");
    }

    /// <summary>Who looks at code from outside is told that an address that was read earlier has another meaning now, or none.</summary>
    [Fact]
    public void AddressesOfWhatHasLeftMeanNothing()
    {
        using TestMachine machine = new(translation: SmallOf("counting"));
        TranslatedCode code = machine.Family.Code!;
        LoadFunctions(machine, 7);
        LoadCaller(machine, Code);
        PrepareCaller(machine, 0, Code, rounds: 3);
        machine.Run(100);
        int generation = code.Generation;
        nint[] before = [.. code.List().Select(block => block.HostAddress)];
        Assert.NotEmpty(before);
        Assert.All(before, address => Assert.True(code.HoldsSince(address, generation)));
        using HartThread thread = new(machine, 0);
        Assert.True(thread.Join(Patience), "the program does not end");
        Assert.True(code.Generation > generation, "nothing had to leave");
        Assert.All(before, address => Assert.False(code.HoldsSince(address, generation)));
        Assert.All(code.List(), block => Assert.True(code.HoldsSince(block.HostAddress, code.Generation)));
        Assert.False(code.HoldsSince(code.Place.Address + code.Place.SizeBytes, code.Generation));
    }

    /// <summary>
    /// One hart stays in two pages: jumps inside them are linked, jumps between them looked up. Another one has everything leave all the time. The first is
    /// kicked out of what leaves, and comes back to it: by a link, by an entry, and by a translation.
    /// </summary>
    [Theory]
    [MemberData(nameof(Variants))]
    public void AHartRunsWhatLeavesAndJumpsThere(string variant)
    {
        using TestMachine machine = new(harts: 2, translation: SmallOf(variant));
        LoadFunctions(machine, 7);
        LoadCaller(machine, Code);
        const ulong Rounds = 300_000;
        machine.Load("""
            again:
            addi a2,a2,1
            beq a2,zero,far
            back:
            jalr ra,0(a0)
            addi t0,t0,-1
            bne t0,zero,again
            wfi
            far:
            jal zero,back
            """, Code + 0x4000);
        machine.Load("""
            addi a3,a3,1
            beq a3,zero,never
            addi a4,a4,1
            never:
            jalr zero,0(ra)
            """, Code + 0x5000);
        ref HartState first = ref machine.Harts[0].State;
        first.Pc = Code + 0x4000;
        first.X[10] = Code + 0x5000;
        first.X[5] = Rounds;
        PrepareCaller(machine, 1, Code, rounds: 1_000_000);
        using HartThread evictor = new(machine, 1);

        // The runner's way is short: on a busy host it would be at its end before anything leaves.
        Assert.True(SpinWait.SpinUntil(() => machine.Family.Blocks!.EvictionCount > 2, Patience), "nothing had to leave");
        using HartThread runner = new(machine, 0);
        Assert.True(runner.Join(Patience), $"{machine.Harts[0].State.X[5]} rounds are left");
        evictor.Dispose();
        Assert.Equal((Rounds, Rounds, Rounds), (first.X[12], first.X[13], first.X[14]));
        Assert.True(machine.Family.Blocks!.EvictionCount > 2, "nothing had to leave");
    }

    /// <summary>Two parts of a page are translated at different times, so one leaves while the other stays: a jump from this to that asks again.</summary>
    [Theory]
    [MemberData(nameof(Variants))]
    public void JumpsFromWhatStaysToWhatLeftAreTakenBack(string variant)
    {
        using TestMachine machine = new(translation: SmallOf(variant));
        LoadFunctions(machine, 7);
        machine.Load("addi a3,a3,1\njal zero,there\nthere:\naddi a4,a4,1\njalr zero,0(ra)".Replace("there:\n", Padding(30) + "there:\n", StringComparison.Ordinal), Code + 0x4000);
        machine.Load("""
            again:
            add a0,s0,zero
            add t1,s1,zero
            next:
            jalr ra,0(a0)
            add a0,a0,s2
            addi t3,t3,-1
            bne t3,zero,notboth
            addi t3,zero,37
            jalr ra,0(s4)
            notboth:
            addi t4,t4,-1
            bne t4,zero,notlast
            addi t4,zero,101
            jalr ra,128(s4)
            notlast:
            addi t1,t1,-1
            bne t1,zero,next
            addi t0,t0,-1
            bne t0,zero,again
            wfi
            """);
        PrepareCaller(machine, 0, Code, rounds: 20);
        machine.State.X[20] = Code + 0x4000;
        machine.State.X[28] = 37;
        machine.State.X[29] = 101;
        using HartThread thread = new(machine, 0);
        Assert.True(thread.Join(Patience), "the program does not end");
        const ulong Calls = 20 * FunctionPages;
        Assert.Equal((7 * Calls, Calls / 37, (Calls / 37) + (Calls / 101)), (machine.State.X[12], machine.State.X[13], machine.State.X[14]));
    }

    private static string Padding(int instructions) => string.Concat(Enumerable.Repeat("addi a5,a5,1\n", instructions));

    // In each of many pages a function that adds so much to a2, with as many jumps inside the page.
    private static void LoadFunctions(TestMachine machine, int additions)
    {
        string body = string.Concat(Enumerable.Repeat("addi a2,a2,1\nbeq a2,zero,end\n", additions));
        for (int i = 0; i < FunctionPages; i++)
            machine.Load($"{body}end:\njalr zero,0(ra)", Functions + ((ulong)i * 0x1000));
    }

    // t0 rounds over all functions: s0 the first, s1 how many, s2 how far apart.
    private static void LoadCaller(TestMachine machine, ulong address) => machine.Load("""
        again:
        add a0,s0,zero
        add t1,s1,zero
        next:
        jalr ra,0(a0)
        add a0,a0,s2
        addi t1,t1,-1
        bne t1,zero,next
        addi t0,t0,-1
        bne t0,zero,again
        wfi
        """, address);

    private static void PrepareCaller(TestMachine machine, int hart, ulong entry, ulong rounds)
    {
        ref HartState s = ref machine.Harts[hart].State;
        s.Pc = entry;
        s.X[5] = rounds;
        s.X[8] = Functions;
        s.X[9] = FunctionPages;
        s.X[18] = 0x1000;
    }

    // Small enough for everything here to leave.
    private static TranslationOptions SmallOf(string variant)
    {
        TranslationOptions options = ChangedCodeTests.Options(variant)!;
        return options with { CacheBytes = Math.Min(options.CacheBytes, 256 << 10) };
    }
}
