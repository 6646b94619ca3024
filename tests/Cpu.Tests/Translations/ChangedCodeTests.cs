// Unprivileged specification, chapter "Zifencei"; docs/compatibility.md: stores are coherent with fetch.
using Strata.Cpu.Tests.Interpreter;
using Strata.Cpu.Translations;

namespace Strata.Cpu.Tests.Translations;

/// <summary>Translated code whose bytes change: by its own hart, by another one, by a device; on its page, on others, while it runs.</summary>
public sealed class ChangedCodeTests
{
    private const ulong Code = TestMachine.Ram;
    private const ulong OtherCode = TestMachine.Ram + 0x2000;
    private const ulong Data = TestMachine.Ram + 0x10_0000;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>Every way of translating; a block of one instruction, few blocks before the cache begins anew, and the interpreter, which all must equal.</summary>
    public static TheoryData<string> Variants => ["interpreter", "free", "counting", "one", "eight", "counting one", "small", "counting small"];

    internal static TranslationOptions? Options(string variant) => variant switch
    {
        "interpreter" => null,
        "free" => new TranslationOptions(),
        "counting" => new TranslationOptions { CountsInstructions = true },
        "one" => new TranslationOptions { BlockInstructions = 1 },
        "eight" => new TranslationOptions { BlockInstructions = 8 },
        "counting one" => new TranslationOptions { CountsInstructions = true, BlockInstructions = 1 },
        "small" => new TranslationOptions { CacheBytes = TranslationOptions.LeastCacheBytes },
        _ => new TranslationOptions { CountsInstructions = true, CacheBytes = TranslationOptions.LeastCacheBytes },
    };

    [Theory]
    [MemberData(nameof(Variants))]
    public void AStoreToTheNextInstructionIsSeenByIt(string variant)
    {
        using TestMachine machine = new(translation: Options(variant));
        machine.Load("""
            auipc a0,0
            lw a1,32(a0)
            addi t0,zero,100
            again:
            sw a1,16(a0)      # patches the next instruction
            addi a2,a2,1
            addi t0,t0,-1
            bne t0,zero,again
            wfi
            addi a2,a2,100    # what is patched in
            """);
        RunToEnd(machine);
        Assert.Equal(10_000UL, machine.State.X[12]);
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void PatchAndRunOnTheSamePageWithoutAFence(string variant) => PatchAndRun(variant, Code + 0x800, "");

    [Theory]
    [MemberData(nameof(Variants))]
    public void PatchAndRunOnAnotherPageWithoutAFence(string variant) => PatchAndRun(variant, OtherCode, "");

    [Theory]
    [MemberData(nameof(Variants))]
    public void PatchAndRunOnAnotherPageWithAFence(string variant) => PatchAndRun(variant, OtherCode, "fence.i");

    /// <summary>The patched instruction lies in two pages, and so does the store.</summary>
    [Theory]
    [MemberData(nameof(Variants))]
    public void PatchAndRunAcrossAPageBoundary(string variant) => PatchAndRun(variant, OtherCode + 0xffe, "");

    /// <summary>The two halves of what runs lie on two pages, and only the second is patched.</summary>
    [Theory]
    [MemberData(nameof(Variants))]
    public void PatchingTheSecondHalfOfAnInstructionAcrossAPageBoundary(string variant)
    {
        using TestMachine machine = new(translation: Options(variant));
        machine.Load("addi a2,a2,1\njalr zero,0(ra)", OtherCode + 0xffe);
        machine.Load("""
            again:
            jalr ra,0(a0)
            sh a1,2(a0)
            addi a1,a1,16
            addi t0,t0,-1
            bne t0,zero,again
            wfi
            """);
        machine.State.X[10] = OtherCode + 0xffe;
        machine.State.X[11] = (Assembler.Word("addi a2,a2,2") >> 16) & 0xffff;
        machine.State.X[5] = 100;
        RunToEnd(machine);
        Assert.Equal(100UL * 101 / 2, machine.State.X[12]);
    }

    /// <summary>A guest that recycles a page: code, then a table that is written and read, then other code.</summary>
    [Theory]
    [MemberData(nameof(Variants))]
    public void APageIsDataInBetween(string variant)
    {
        using TestMachine machine = new(translation: Options(variant));
        machine.Load("""
            again:
            sw a1,0(a0)       # addi a2,a2,N
            sw a3,4(a0)       # ret
            jalr ra,0(a0)
            lui t1,1
            add t1,t1,a0
            addi t2,a0,0
            fill:
            sd t1,0(t2)
            addi t2,t2,8
            bne t2,t1,fill
            ld t2,8(a0)
            sub t2,t2,t1
            add a4,a4,t2      # stays 0
            lui t2,0x100
            add a1,a1,t2
            addi t0,t0,-1
            bne t0,zero,again
            wfi
            """);
        machine.State.X[10] = OtherCode;
        machine.State.X[11] = Assembler.Word("addi a2,a2,1");
        machine.State.X[13] = Assembler.Word("jalr zero,0(ra)");
        machine.State.X[5] = 40;
        RunToEnd(machine);
        Assert.Equal(40UL * 41 / 2, machine.State.X[12]);
        Assert.Equal(0UL, machine.State.X[14]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void WhatIsWrittenUnchangedIsNotTranslatedAgain(bool counts)
    {
        using TestMachine machine = new(translation: new TranslationOptions { CountsInstructions = counts });
        machine.Load("addi a2,a2,1\njalr zero,0(ra)", OtherCode);
        machine.Load("""
            again:
            jalr ra,0(a0)
            lw a1,0(a0)
            sw a1,0(a0)
            addi t0,t0,-1
            bne t0,zero,again
            wfi
            """);
        machine.State.X[10] = OtherCode;
        machine.State.X[5] = 1000;
        RunToEnd(machine);
        Assert.Equal(1000UL, machine.State.X[12]);
        Assert.InRange(machine.Family.Blocks!.TranslationCount, 3, 8);
    }

    /// <summary>One function of a page is patched again and again: the others stay translated, and what was replaced costs nothing any more.</summary>
    [Fact]
    public void WhatDidNotChangeStaysTranslated()
    {
        using TestMachine machine = new(translation: new TranslationOptions());
        machine.Load("addi a2,a2,1\njalr zero,0(ra)", OtherCode);
        machine.Load("addi a3,a3,1\njalr zero,0(ra)", OtherCode + 0x100);
        machine.Load("""
            again:
            jalr ra,0(a0)
            jalr ra,256(a0)
            sw a1,0(a0)
            add a1,a1,a4
            addi t0,t0,-1
            bne t0,zero,again
            wfi
            """);
        machine.State.X[10] = OtherCode;
        machine.State.X[11] = Assembler.Word("addi a2,a2,2");
        machine.State.X[14] = 1 << 20;
        machine.State.X[5] = 1000;
        RunToEnd(machine);
        Assert.Equal(1000UL, machine.State.X[13]);
        Assert.InRange(machine.Family.Blocks!.TranslationCount, 1000, 1010);
    }

    /// <summary>What lies right before and right behind a function may change without its being translated again; its first and its last byte may not.</summary>
    [Theory]
    [InlineData("sd a1,-8(a0)", 0)]
    [InlineData("sb a1,-1(a0)", 0)]
    [InlineData("sd a1,8(a0)", 0)]
    [InlineData("sb a1,8(a0)", 0)]
    [InlineData("sb a1,1536(a0)", 0)]
    [InlineData("sw a1,-3(a0)", 1)]
    [InlineData("sb a1,0(a0)", 1)]
    [InlineData("sb a1,7(a0)", 1)]
    [InlineData("sd a1,7(a0)", 1)]
    public void OnlyWhatWasMadeFromTheBytesIsTakenBack(string store, int translations)
    {
        ulong Count(string instruction)
        {
            using TestMachine machine = new(translation: new TranslationOptions());
            machine.Load("addi a2,a2,1\njalr zero,0(ra)", OtherCode + 0x100);
            machine.Load($"""
                jalr ra,0(a0)
                {instruction}
                fence rw,rw
                lw t1,0(a3)
                sw t1,0(a0)
                lw t1,4(a3)
                sw t1,4(a0)
                jalr ra,0(a0)
                wfi
                """);
            machine.State.X[10] = OtherCode + 0x100;
            machine.State.X[11] = ulong.MaxValue;
            machine.State.X[13] = OtherCode + 0x800;
            machine.Load("addi a2,a2,1\njalr zero,0(ra)", OtherCode + 0x800);
            RunToEnd(machine);
            Assert.Equal(2UL, machine.State.X[12]);
            return (ulong)machine.Family.Blocks!.TranslationCount;
        }

        Assert.Equal((ulong)translations, Count(store) - Count("addi zero,zero,0"));
    }

    /// <summary>Data beside code: neither many stores nor few, whatever lies between, make a difference.</summary>
    [Theory]
    [MemberData(nameof(Variants))]
    public void DataAreStoredBesideTheFunctionThatIsCalled(string variant)
    {
        using TestMachine machine = new(translation: Options(variant));
        machine.Load("ld a2,256(a0)\nadd a3,a3,a2\njalr zero,0(ra)", OtherCode);
        machine.Load("""
            again:
            addi t1,t1,1
            andi t2,t1,127
            stores:
            sd t1,256(a0)
            addi t2,t2,-1
            bge t2,zero,stores
            jalr ra,0(a0)
            bne t1,t0,again
            wfi
            """);
        machine.State.X[10] = OtherCode;
        machine.State.X[5] = 1000;
        RunToEnd(machine);
        Assert.Equal(1000UL * 1001 / 2, machine.State.X[13]);
    }

    /// <summary>The hart never leaves the page: its jumps lead to each other without asking.</summary>
    [Theory]
    [MemberData(nameof(Variants))]
    public void AnotherHartPatchesTheLoopThatAHartIsIn(string variant)
    {
        using TestMachine machine = new(harts: 2, translation: Options(variant));
        machine.Load("""
            again:
            addi a2,zero,0
            beq a2,zero,again
            wfi
            """);
        machine.Load("sw a1,0(a0)\nwfi", OtherCode);
        using HartThread runner = new(machine, 0);
        runner.WaitUntilInGuestCode();
        ref HartState other = ref machine.Harts[1].State;
        other.Pc = OtherCode;
        other.X[10] = Code;
        other.X[11] = Assembler.Word("addi a2,zero,9");
        using HartThread writer = new(machine, 1);
        Assert.True(writer.Join(Patience));
        Assert.True(runner.Join(Patience), "the old loop goes on");
        Assert.Equal(9UL, machine.Harts[0].State.X[12]);
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void ADevicePatchesTheLoopThatAHartIsIn(string variant)
    {
        using TestMachine machine = new(translation: Options(variant));
        machine.Load("""
            again:
            addi a2,zero,0
            beq a2,zero,again
            wfi
            """);
        using HartThread runner = new(machine, 0);
        runner.WaitUntilInGuestCode();
        machine.Load("addi a2,zero,9");
        Assert.True(runner.Join(Patience), "the old loop goes on");
        Assert.Equal(9UL, machine.State.X[12]);
    }

    /// <summary>Message passing, then a fence.i, then the code that was the message: all in one page of the hart that receives.</summary>
    [Theory]
    [MemberData(nameof(Variants))]
    public void AfterTheFlagAndAFenceComesTheNewCode(string variant)
    {
        using TestMachine machine = new(harts: 2, translation: Options(variant));

        // The receiver: waits for flag == round, executes addi a2,zero,round, compares, answers.
        machine.Load("""
            addi a3,zero,1
            wait:
            lw t0,0(a0)
            bne t0,a3,wait
            fence.i
            addi a2,zero,0
            bne a2,a3,wrong
            sw a3,64(a0)
            addi a3,a3,1
            bne a3,a4,wait
            wfi
            wrong:
            addi a5,zero,1
            sw a4,64(a0)
            wfi
            """);

        // The sender: patches, then raises the flag, then waits for the answer. a1: the instruction; a5: 1 << 20.
        machine.Load("""
            addi a3,zero,1
            next:
            add a1,a1,a5
            sw a1,16(a2)
            fence rw,rw
            sw a3,0(a0)
            wait:
            lw t0,64(a0)
            beq t0,a4,end
            bne t0,a3,wait
            addi a3,a3,1
            bne a3,a4,next
            end:
            wfi
            """, OtherCode);
        ref HartState receiver = ref machine.Harts[0].State;
        receiver.X[10] = Data;
        receiver.X[14] = 2000;
        ref HartState sender = ref machine.Harts[1].State;
        sender.Pc = OtherCode;
        sender.X[10] = Data;
        sender.X[11] = Assembler.Word("addi a2,zero,0");
        sender.X[12] = Code;
        sender.X[14] = 2000;
        sender.X[15] = 1 << 20;
        using HartThread first = new(machine, 0);
        using HartThread second = new(machine, 1);
        Assert.True(first.Join(Patience), "the receiver does not end");
        Assert.True(second.Join(Patience), "the sender does not end");
        Assert.Equal(0UL, machine.Harts[0].State.X[15]);
        Assert.Equal(2000UL, machine.Harts[0].State.X[13]);
    }

    /// <summary>Small programs have data beside their code: a hart that stores there all the time may slow down one that executes there, but not stop it.</summary>
    [Theory]
    [MemberData(nameof(Variants))]
    public void StoresBesideTheCodeOfAnotherHartDoNotStarveIt(string variant)
    {
        using TestMachine machine = new(harts: 2, translation: Options(variant));
        machine.Load("""
            again:
            addi t0,t0,-1
            jalr ra,0(a0)
            bne t0,zero,again
            wfi
            """);
        machine.Load("jalr zero,0(ra)", OtherCode + 0x1000);
        machine.Load("again:\nsd a1,0(a0)\naddi a1,a1,1\njal zero,again", OtherCode);
        machine.Harts[0].State.X[10] = OtherCode + 0x1000;
        machine.Harts[0].State.X[5] = 2000;
        machine.Harts[1].State.Pc = OtherCode;
        machine.Harts[1].State.X[10] = Code + 0x800;
        using HartThread writer = new(machine, 1);
        writer.WaitUntilInGuestCode();
        using HartThread runner = new(machine, 0);
        Assert.True(runner.Join(Patience), $"the hart is starved: {machine.Harts[0].State.X[5]} rounds are left");
    }

    /// <summary>The page that is executed gets another frame with the same content, again and again, while two harts are in it.</summary>
    [Theory]
    [MemberData(nameof(Variants))]
    public void TheFrameOfTheCodeIsReplacedWhileItRuns(string variant)
    {
        using TestMachine machine = new(harts: 2, translation: Options(variant));
        machine.Load("""
            again:
            addi a2,a2,1
            jalr ra,0(a0)
            addi t0,t0,-1
            bne t0,zero,again
            wfi
            """);
        machine.Load("addi a3,a3,1\njalr zero,0(ra)", OtherCode);
        for (int hart = 0; hart < 2; hart++)
        {
            machine.Harts[hart].State.X[5] = 3_000_000;
            machine.Harts[hart].State.X[10] = OtherCode;
        }

        using HartThread first = new(machine, 0);
        using HartThread second = new(machine, 1);
        for (int i = 0; i < 2000 && machine.Harts[0].State.IsWaiting == 0; i++)
            machine.Memory.ReplaceFrame(i % 2 == 0 ? Code : OtherCode, out _)?.Block(CancellationToken.None);
        Assert.True(first.Join(Patience));
        Assert.True(second.Join(Patience));
        for (int hart = 0; hart < 2; hart++)
        {
            Assert.Equal(3_000_000UL, machine.Harts[hart].State.X[12]);
            Assert.Equal(3_000_000UL, machine.Harts[hart].State.X[13]);
        }
    }

    private static void PatchAndRun(string variant, ulong function, string fence)
    {
        using TestMachine machine = new(translation: Options(variant));
        machine.Load("addi a2,a2,1\njalr zero,0(ra)", function);
        machine.Load($"""
            again:
            jalr ra,0(a0)
            add a1,a1,a3
            sw a1,0(a0)
            {fence}
            addi t0,t0,-1
            bne t0,zero,again
            wfi
            """);
        machine.State.X[10] = function;
        machine.State.X[11] = Assembler.Word("addi a2,a2,1");
        machine.State.X[13] = 1 << 20;
        machine.State.X[5] = 500;
        RunToEnd(machine);
        Assert.Equal(500UL * 501 / 2, machine.State.X[12]);
    }

    internal static void RunToEnd(TestMachine machine)
    {
        using HartThread thread = new(machine, 0);
        Assert.True(thread.Join(Patience), $"the program does not end; pc {machine.State.Pc:x}");
    }
}
