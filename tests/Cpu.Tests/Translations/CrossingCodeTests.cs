// Unprivileged specification, section 1.5 (instructions of 32 bits begin at any even address); privileged specification 1.13, section 4.1.9 (stval of a fetch that
// faults in its second half).
using Strata.Cpu.RiscV;
using Strata.Cpu.Tests.Interpreter;
using Strata.Cpu.Translations;

namespace Strata.Cpu.Tests.Translations;

/// <summary>Instructions whose halves lie in two pages: their code belongs to the first, and what follows it is looked at whenever it is executed.</summary>
public sealed class CrossingCodeTests
{
    private const ulong Root = TestMachine.Ram + 0x10_0000;
    private const ulong Middle = TestMachine.Ram + 0x10_1000;
    private const ulong Last = TestMachine.Ram + 0x10_2000;
    private const ulong Handler = TestMachine.Ram + 0x10_3000;
    private const ulong First = TestMachine.Ram + 0x20_0000;
    private const ulong Second = TestMachine.Ram + 0x20_5000;
    private const ulong Third = TestMachine.Ram + 0x20_9000;
    private const ulong Virtual = 0x4000_0000;
    private const ulong End = 0xffe;

    // V, R, W, X, A, D; and the same without X.
    private const ulong Leaf = 0xcf;
    private const ulong Data = 0xc7;

    public static TheoryData<string> Variants => ChangedCodeTests.Variants;

    /// <summary>Each kind of instruction between two others, in a loop; a0 is data, t0 counts rounds.</summary>
    public static TheoryData<string, string> Instructions
    {
        get
        {
            string[] instructions =
            [
                "addi a2,a2,3", "add a2,a2,t0", "lui a2,0x12345", "auipc a2,0x12345", "ld a2,8(a0)", "sd t0,8(a0)", "lbu a2,4095(a0)", "sd t0,4092(a0)", "amoadd.d a2,t0,(a0)",
                "lr.w a2,(a0)", "div a2,t0,a0", "csrrw a2,0x340,t0", "csrrs a2,0x300,t0", "fence.i", "fadd.d fa0,fa0,fa1", "fld fa1,0(a0)", "fdiv.s fa0,fa1,fa2",
                "bne zero,zero,start", "beq zero,zero,behind", "jal a2,behind", "cbo.zero (a0)", "mul a2,t0,t0",
            ];
            TheoryData<string, string> data = [];
            foreach (string variant in (string[])["free", "counting", "one", "small"])
            {
                foreach (string instruction in instructions)
                    data.Add(variant, instruction);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Instructions))]
    public void AnInstructionInTwoPagesDoesWhatItDoesInOne(string variant, string instruction)
    {
        using TwoEngines engines = new(ChangedCodeTests.Options(variant)!);
        engines.Load($"""
            start:
            addi a3,a3,1
            .half 1
            {instruction}
            behind:
            addi a4,a4,1
            addi t0,t0,-1
            bne t0,zero,start
            wfi
            """, First + End - 6);
        engines.Load("jalr zero,0(ra)");
        foreach (ulong instructions in (ulong[])(variant == "counting" ? [7, 30, 1000] : [100_000]))
        {
            Assert.Null(engines.Run(
                (ref HartState s) =>
                {
                    s.MStatus |= 3 << 13;
                    s.X[1] = First + End - 6;
                    s.X[5] = 12;
                    s.X[10] = TestMachine.Ram + 0x30_0000;
                    s.F[11] = 0x4008_0000_0000_0000;
                },
                instructions));
        }
    }

    /// <summary>It is translated: else each round would be interpreted. Jumps inside its page lead to it, and so do others.</summary>
    [Fact]
    public void AnInstructionInTwoPagesIsTranslatedOnce()
    {
        using TestMachine machine = new(translation: new TranslationOptions());
        Loop(machine);
        ChangedCodeTests.RunToEnd(machine);
        Assert.Equal(3000UL, machine.State.X[12]);
        TranslatedBlock block = Assert.Single(machine.Family.Code!.List(First), block => block.End > 0x1000);
        Assert.Equal((int)End, block.Start);
        Assert.Equal(0x1002, block.End);
        BlockContent content = machine.Family.Code.Read(in block)!;
        Assert.Equal(Assembler.Word("addi a2,a2,3"), BitConverter.ToUInt32(content.Guest));
        Assert.Single(content.Marks);
        Assert.InRange(machine.Family.Blocks!.TranslationCount, 3, 6);
    }

    /// <summary>One page of code is mapped twice, and another page follows each time.</summary>
    [Theory]
    [MemberData(nameof(Variants))]
    public void TheSameFirstHalfBeforeTwoOthers(string variant)
    {
        using TestMachine machine = Paged(variant);
        Map(machine, 0, First, Leaf);
        Map(machine, 1, Second, Leaf);
        Map(machine, 2, First, Leaf);
        Map(machine, 3, Third, Leaf);
        Halves(machine, Second, "addi a2,a2,1\njalr zero,0(ra)");
        Halves(machine, Third, "addi a2,a2,1024\njalr zero,0(ra)");
        machine.Load("""
            again:
            jalr ra,0(a0)
            jalr ra,0(a1)
            jalr ra,0(a0)
            addi t0,t0,-1
            bne t0,zero,again
            wfi
            """);
        ref HartState s = ref machine.State;
        s.X[10] = Virtual + End;
        s.X[11] = Virtual + 0x2000 + End;
        s.X[5] = 50;
        ChangedCodeTests.RunToEnd(machine);
        Assert.Equal((50UL * 1024) + 100, machine.State.X[12]);
    }

    /// <summary>The page behind becomes another, data, or none, while everything else stays: a fence says so.</summary>
    [Theory]
    [MemberData(nameof(Variants))]
    public void Section_4_1_9_TheSecondHalfIsMappedAnew(string variant)
    {
        foreach ((ulong entry, bool faults, ulong sum) in new[] { (Page(Third, Leaf), false, 10UL + 10240), (Page(Second, Data), true, 10UL), (0UL, true, 10UL) })
        {
            using TestMachine machine = Paged(variant);
            Map(machine, 0, First, Leaf);
            Map(machine, 1, Second, Leaf);
            Halves(machine, Second, "addi a2,a2,1\njalr zero,0(ra)");
            Halves(machine, Third, "addi a2,a2,1024\njalr zero,0(ra)");
            machine.Load("""
                addi t0,zero,10
                again:
                jalr ra,0(a0)
                addi t0,t0,-1
                bne t0,zero,again
                sd a3,8(a4)
                sfence.vma a5,zero
                addi t0,zero,10
                more:
                jalr ra,0(a0)
                addi t0,t0,-1
                bne t0,zero,more
                wfi
                """);
            ref HartState s = ref machine.State;
            s.X[10] = Virtual + End;
            s.X[13] = entry;
            s.X[14] = Last;
            s.X[15] = Virtual + 0x1000;
            ChangedCodeTests.RunToEnd(machine);
            s = ref machine.State;
            Assert.Equal(sum, s.X[12]);
            Assert.Equal(faults ? (ulong)TrapCause.InstructionPageFault : 0, s.Scause);
            Assert.Equal(faults ? Virtual + End : 0, s.Sepc);
            Assert.Equal(faults ? Virtual + 0x1000 : 0, s.Stval);
        }
    }

    /// <summary>Another hart patches the second half of the loop that a hart is in, which looks at it without being told.</summary>
    [Theory]
    [MemberData(nameof(Variants))]
    public void AnotherHartPatchesTheSecondHalf(string variant)
    {
        using TestMachine machine = new(harts: 2, translation: ChangedCodeTests.Options(variant));
        machine.Load("again:\naddi a3,a3,1\naddi a2,zero,0\nbeq a2,zero,again\nwfi", First + End - 4);
        machine.Load("sh a1,0(a0)\nwfi");
        machine.Harts[0].State.Pc = First + End - 4;
        using HartThread runner = new(machine, 0);
        runner.WaitUntilInGuestCode();
        ref HartState other = ref machine.Harts[1].State;
        other.X[10] = First + 0x1000;
        other.X[11] = Assembler.Word("addi a2,zero,9") >> 16;
        using HartThread writer = new(machine, 1);
        Assert.True(writer.Join(TimeSpan.FromSeconds(20)));
        Assert.True(runner.Join(TimeSpan.FromSeconds(20)), "the old loop goes on");
        Assert.Equal(9UL, machine.Harts[0].State.X[12]);
    }

    /// <summary>The frames of both pages are replaced again and again while two harts execute what lies across.</summary>
    [Theory]
    [MemberData(nameof(Variants))]
    public void TheFramesOfBothPagesAreReplacedWhileItRuns(string variant)
    {
        using TestMachine machine = new(harts: 2, translation: ChangedCodeTests.Options(variant));
        Loop(machine);
        for (int hart = 0; hart < 2; hart++)
        {
            machine.Harts[hart].State.Pc = TestMachine.Ram;
            machine.Harts[hart].State.X[10] = First + End - 4;
            machine.Harts[hart].State.X[5] = 1_000_000;
        }

        using HartThread first = new(machine, 0);
        using HartThread second = new(machine, 1);
        for (int i = 0; i < 1000 && machine.Harts[0].State.IsWaiting == 0; i++)
            machine.Memory.ReplaceFrame(i % 2 == 0 ? First : First + 0x1000, out _)?.Block(CancellationToken.None);
        Assert.True(first.Join(TimeSpan.FromSeconds(60)) && second.Join(TimeSpan.FromSeconds(60)), "the harts do not end");
        for (int hart = 0; hart < 2; hart++)
            Assert.Equal(3_000_000UL, machine.Harts[hart].State.X[12]);
    }

    // t0 rounds of a call of what lies across.
    private static void Loop(TestMachine machine)
    {
        machine.Load("addi a3,a3,1\naddi a2,a2,3\njalr zero,0(ra)", First + End - 4);
        machine.Load("""
            again:
            jalr ra,0(a0)
            addi t0,t0,-1
            bne t0,zero,again
            wfi
            """);
        machine.State.X[10] = First + End - 4;
        machine.State.X[5] = 1000;
    }

    // The first instruction's first half at the end of the first page, the rest at the start of another.
    private static void Halves(TestMachine machine, ulong rest, string program)
    {
        byte[] bytes = Assembler.Assemble(program);
        machine.Load(First + End, bytes.AsSpan(0, 2));
        machine.Load(rest, bytes.AsSpan(2));
    }

    private static ulong Page(ulong physical, ulong flags) => (physical >> 2) | flags;

    private static void Map(TestMachine machine, int number, ulong physical, ulong flags) => machine.Write64(Last + ((ulong)number * 8), Page(physical, flags));

    // S-mode, RAM where it is physically; a trap ends the run.
    private static TestMachine Paged(string variant)
    {
        TestMachine machine = new(translation: ChangedCodeTests.Options(variant));
        machine.Write64(Root + (2 * 8), Page(TestMachine.Ram, Leaf));
        machine.Write64(Root + (1 * 8), Page(Middle, 1));
        machine.Write64(Middle, Page(Last, 1));
        machine.Load("wfi", Handler);
        ref HartState s = ref machine.State;
        s.PmpAddress[0] = (1UL << 54) - 1;
        s.PmpConfiguration[0] = 0x1f;
        s.PmpEpoch++;
        s.Privilege = PrivilegeMode.Supervisor;
        s.Satp = (8UL << 60) | (Root >> 12);
        s.Medeleg = ulong.MaxValue;
        s.Stvec = Handler;
        return machine;
    }
}
