// docs/architecture.md: blocks are found by physical page, shared and revalidated by content.
using System.Buffers.Binary;
using Strata.Cpu.Tests.Interpreter;
using Strata.Cpu.Translations;
using Strata.Guest.Processors;

namespace Strata.Cpu.Tests.Translations;

/// <summary>Pages with the same content share their code, as long as they have it: each can change at any time, alone.</summary>
public sealed class SharedCodeTests(ITestOutputHelper output)
{
    private const ulong Caller = TestMachine.Ram;
    private const ulong Storer = TestMachine.Ram + 0x1000;
    private const ulong First = TestMachine.Ram + 0x10_0000;
    private const int PageBytes = 4096;

    // A function that calls no other, one that jumps inside the page, and one that nobody has called yet.
    private const int Leaf = 0;
    private const int Jumping = 0x100;
    private const int JumpsTo = 0x200;
    private const int Late = 0x300;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    public static TheoryData<string> Variants => ChangedCodeTests.Variants;

    [Theory]
    [InlineData("free")]
    [InlineData("counting")]
    [InlineData("one")]
    public void CopiesOfAPageAreTranslatedOnce(string variant)
    {
        long Count(int copies)
        {
            using TestMachine machine = Machine(variant, pages: 1 + copies);
            for (int page = 0; page <= copies; page++)
            {
                Assert.Equal(1UL, Call(machine, page, Leaf));
                Assert.Equal(42UL, Call(machine, page, Jumping));
            }

            return machine.Family.Blocks!.TranslationCount;
        }

        Assert.Equal(Count(0), Count(10));
    }

    /// <summary>More pages than share one unit, twice over: each group translates for itself.</summary>
    [Fact]
    public void ManyCopiesShareInGroups()
    {
        const int Pages = 100;
        using TestMachine machine = Machine("free", Pages);
        for (int page = 0; page < Pages; page++)
            Assert.Equal(1UL, Call(machine, page, Leaf));
        Assert.InRange(machine.Family.Blocks!.TranslationCount, 2, 20);
    }

    /// <summary>A kernel without a page cache loads programs wherever there is room: what was translated from one place is right for the next, also when something else was there.</summary>
    [Theory]
    [InlineData("free")]
    [InlineData("counting")]
    public void ProgramsThatAreLoadedElsewhereAreNotTranslatedAgain(string variant)
    {
        using TestMachine machine = Machine(variant, pages: 0);
        byte[][] programs = [.. Enumerable.Range(1, 3).Select(i => Page((uint)i))];
        long translations = 0;
        for (int round = 0; round < 120; round++)
        {
            for (int program = 0; program < programs.Length; program++)
            {
                int page = (round + (program * 3)) % 40;
                machine.Load(Address(page), programs[program]);
                Assert.Equal((ulong)program + 1, Call(machine, page, Leaf));
                Assert.Equal(42UL, Call(machine, page, Jumping));
                machine.Load(Address(page), new byte[PageBytes]);
            }

            if (round == 2)
                translations = machine.Family.Blocks!.TranslationCount;
        }

        Assert.Equal(translations, machine.Family.Blocks!.TranslationCount);
    }

    /// <summary>A process runs on, a copy of it has translated more and is gone: that is there for the one that stays.</summary>
    [Theory]
    [InlineData("free")]
    [InlineData("counting")]
    public void WhatOnePageHasTranslatedIsTheOthersToo(string variant)
    {
        using TestMachine machine = Machine(variant, pages: 2);
        Assert.Equal(1UL, Call(machine, 0, Leaf));
        Assert.Equal(1UL, Call(machine, 1, Leaf));
        Assert.Equal(5UL, Call(machine, 0, Late));
        long before = machine.Family.Blocks!.TranslationCount;
        machine.Load(Address(0), new byte[PageBytes]);
        Assert.Equal(5UL, Call(machine, 1, Late));
        Assert.Equal(before, machine.Family.Blocks!.TranslationCount);
    }

    /// <summary>What was translated otherwise is something else: each way has its own word.</summary>
    [Fact]
    public void EachWayOfTranslatingHasItsWord()
    {
        ulong WordOf(TranslationOptions options)
        {
            using TestMachine machine = new(translation: options);
            return machine.Family.Blocks!.Variant.Word;
        }

        TranslationOptions[] ways =
        [
            new(), new() { CountsInstructions = true }, new() { LinksJumps = false }, new() { BlockInstructions = 1 }, new() { BlockInstructions = 8 },
            new() { BlockInstructions = 8, CountsInstructions = true },
        ];
        Assert.Equal(ways.Length, ways.Select(WordOf).Distinct().Count());
        Assert.Equal(WordOf(new TranslationOptions()), WordOf(new TranslationOptions { CacheBytes = TranslationOptions.LeastCacheBytes }));
    }

    /// <summary>One page changes: it alone is translated anew, and its code alone.</summary>
    [Theory]
    [MemberData(nameof(Variants))]
    public void WhatOnePageChangesStaysForTheOthers(string variant)
    {
        using TestMachine machine = Machine(variant, pages: 3);
        for (int page = 0; page < 3; page++)
            Assert.Equal(1UL, Call(machine, page, Leaf));
        Patch(machine, 2, 0x800, 1);
        long before = machine.Family.Blocks?.TranslationCount ?? 0;
        Patch(machine, 1, Leaf, 7);
        ulong[] results = [.. Enumerable.Range(0, 3).Select(page => Call(machine, page, Leaf))];
        Assert.Equal([1UL, 7UL, 1UL], results);
        if (variant == "free")
            Assert.Equal(before + 1, machine.Family.Blocks!.TranslationCount);
    }

    /// <summary>What is shared so far does not say that the rest of the pages is the same: either of them may come to it first.</summary>
    [Theory]
    [MemberData(nameof(Variants))]
    public void BytesThatWereNotTranslatedYetMayDiffer(string variant)
    {
        foreach (int first in (int[])[0, 1])
        {
            using TestMachine machine = Machine(variant, pages: 2);
            Assert.Equal(1UL, Call(machine, 0, Leaf));
            Assert.Equal(1UL, Call(machine, 1, Leaf));
            Patch(machine, 1, Late, 9);
            ulong[] expected = [5, 9];
            Assert.Equal(expected[first], Call(machine, first, Late));
            Assert.Equal(expected[1 - first], Call(machine, 1 - first, Late));
            Assert.Equal(expected[first], Call(machine, first, Late));
            Assert.Equal(1UL, Call(machine, 0, Leaf));
            Assert.Equal(1UL, Call(machine, 1, Leaf));
            Assert.Equal(42UL, Call(machine, 1, Jumping));
        }
    }

    /// <summary>A jump that was linked for one page does not lead another one to what it has no more.</summary>
    [Theory]
    [MemberData(nameof(Variants))]
    public void LinkedJumpsLeadToWhatEachPageHas(string variant)
    {
        using TestMachine machine = Machine(variant, pages: 2);
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal(42UL, Call(machine, 0, Jumping));
            Assert.Equal(42UL, Call(machine, 1, Jumping));
        }

        Patch(machine, 0, JumpsTo, 50);
        Assert.Equal(50UL, Call(machine, 0, Jumping));
        Assert.Equal(42UL, Call(machine, 1, Jumping));
        Patch(machine, 1, JumpsTo, 60);
        Assert.Equal(50UL, Call(machine, 0, Jumping));
        Assert.Equal(60UL, Call(machine, 1, Jumping));
    }

    /// <summary>Two harts are in the same loop of the same code, each in its own page, and never leave it by themselves: a store to either page ends that one's.</summary>
    [Theory]
    [MemberData(nameof(Variants))]
    public void AStoreEndsTheLoopInItsPageOnly(string variant)
    {
        using TestMachine machine = new(harts: 2, translation: ChangedCodeTests.Options(variant));
        for (int hart = 0; hart < 2; hart++)
        {
            machine.Load("""
                again:
                addi a2,zero,0
                addi a3,a3,1
                beq a2,zero,again
                wfi
                """, Address(hart));
            machine.Harts[hart].State.Pc = Address(hart);
        }

        using HartThread first = new(machine, 0);
        using HartThread second = new(machine, 1);
        first.WaitUntilInGuestCode();
        second.WaitUntilInGuestCode();
        machine.Load("addi a2,zero,9", Address(0));
        Assert.True(first.Join(Patience), "the old loop goes on");
        Assert.False(second.Join(TimeSpan.FromMilliseconds(50)), "the other page was not stored to");
        machine.Load("addi a2,zero,8", Address(1));
        Assert.True(second.Join(Patience), "the old loop goes on");
        Assert.Equal(9UL, machine.Harts[0].State.X[12]);
        Assert.Equal(8UL, machine.Harts[1].State.X[12]);
    }

    /// <summary>A hart is in a loop of shared code when what comes next in its page differs from what another hart has translated meanwhile.</summary>
    [Theory]
    [MemberData(nameof(Variants))]
    public void HartsGoOnInPagesThatPartUnderThem(string variant)
    {
        for (int round = 0; round < 20; round++)
        {
            using TestMachine machine = new(harts: 2, translation: ChangedCodeTests.Options(variant));
            for (int hart = 0; hart < 2; hart++)
            {
                machine.Load("""
                    again:
                    lw a2,0(a0)
                    addi a3,a3,1
                    beq a2,zero,again
                    jalr zero,0(a1)
                    """, Address(hart));
                machine.Load("addi a4,zero,5\nwfi", Address(hart) + Late);
                machine.Harts[hart].State.Pc = Address(hart);
                machine.Load(Address(10 + hart), [0]);
                machine.Harts[hart].State.X[10] = Address(10 + hart);
                machine.Harts[hart].State.X[11] = Address(hart) + Late;
            }

            using HartThread first = new(machine, 0);
            using HartThread second = new(machine, 1);
            first.WaitUntilInGuestCode();
            second.WaitUntilInGuestCode();
            machine.Load("addi a4,zero,6", Address(1) + Late);
            machine.Load(Address(10 + (round & 1)), [1]);
            machine.Load(Address(11 - (round & 1)), [1]);
            Assert.True(first.Join(Patience));
            Assert.True(second.Join(Patience));
            Assert.Equal(5UL, machine.Harts[0].State.X[14]);
            Assert.Equal(6UL, machine.Harts[1].State.X[14]);
        }
    }

    /// <summary>A hart is in a loop of shared code that its page leaves, because another hart calls a function there that is another one elsewhere; then the loop is stored to.</summary>
    [Theory]
    [MemberData(nameof(Variants))]
    public void WhoIsInCodeThatThePageHasLeftHearsOfChanges(string variant)
    {
        using TestMachine machine = new(harts: 2, translation: ChangedCodeTests.Options(variant));
        for (int page = 0; page < 2; page++)
        {
            machine.Load("""
                again:
                beq a2,zero,again
                wfi
                """, Address(page));
            machine.Load("addi a2,zero,6\nwfi", Address(page) + Late);
        }

        // Page 1 has been executed first, and page 0 is the same: it shares the loop, and leaves it when the other function, which has changed meanwhile, is called.
        machine.Harts[1].State.Pc = Address(1);
        machine.Harts[1].State.X[12] = 1;
        Assert.Equal(RunExitReason.WaitingForInterrupt, machine.Run(10, hart: 1).Reason);
        machine.State.Pc = Address(0);
        using HartThread first = new(machine, 0);
        first.WaitUntilInGuestCode();
        machine.Load("addi a2,zero,5", Address(0) + Late);
        foreach (int page in (int[])[0, 1])
        {
            machine.Harts[1].State.IsWaiting = 0;
            machine.Harts[1].State.Pc = Address(page) + Late;
            using HartThread second = new(machine, 1);
            Assert.True(second.Join(Patience));
            Assert.Equal((ulong)page + 5, machine.Harts[1].State.X[12]);
        }

        machine.Load("beq a2,a2,end\nend:", Address(0));
        Assert.True(first.Join(Patience), "the old loop goes on");
    }

    /// <summary>Pages are copied onto each other, patched and called at random, with a cache that holds all and one that does not.</summary>
    [Theory]
    [MemberData(nameof(Variants))]
    public void CopiedPatchedAndCalledAtRandom(string variant)
    {
        const int Pages = 24;
        int[] functions = [Leaf, Jumping, Late, 0x400, 0x7f8, 0xff0];
        int seed = Seed.Take(output);
        Random random = new(seed);
        using TestMachine machine = Machine(variant, Pages);
        byte[][] contents = [.. Enumerable.Range(0, Pages).Select(_ => Page(1))];
        for (int step = 0; step < 20_000; step++)
        {
            int page = random.Next(Pages);
            switch (random.Next(12))
            {
                case 0:
                    int from = random.Next(Pages);
                    contents[page] = [.. contents[from]];
                    machine.Load(Address(page), contents[page]);
                    break;
                case 1:
                    int at = functions[random.Next(functions.Length)];
                    uint value = (uint)random.Next(1, 4);
                    if (at == Jumping)
                        (at, value) = (JumpsTo, 42 + value);
                    BinaryPrimitives.WriteUInt32LittleEndian(contents[page].AsSpan(at), Assembler.Word($"addi a2,zero,{value}"));
                    if (random.Next(2) == 0)
                        Patch(machine, page, at, value);
                    else
                        machine.Load(Address(page) + (ulong)at, contents[page].AsSpan(at, 4));
                    break;
                default:
                    int function = functions[random.Next(functions.Length)];
                    int decides = function == Jumping ? JumpsTo : function;
                    uint expected = BinaryPrimitives.ReadUInt32LittleEndian(contents[page].AsSpan(decides)) >> 20;
                    Assert.True(expected == Call(machine, page, function), $"seed {seed}, step {step}");
                    break;
            }
        }
    }

    private static ulong Address(int page) => First + ((ulong)page * PageBytes);

    // Functions return a number in a2; the call's way there and back is on the caller's page, at 0.
    private static TestMachine Machine(string variant, int pages)
    {
        TestMachine machine = new(translation: ChangedCodeTests.Options(variant));
        machine.Load("jalr ra,0(a0)\nwfi", Caller);
        machine.Load("sw a1,0(a0)\nwfi", Storer);
        for (int page = 0; page < pages; page++)
            machine.Load(Address(page), Page(1));
        return machine;
    }

    private static byte[] Page(uint result)
    {
        byte[] page = new byte[PageBytes];
        Assembler.Assemble($"addi a2,zero,{result}\njalr zero,0(ra)").CopyTo(page, Leaf);
        Assembler.Assemble($"jal zero,end\n{string.Concat(Enumerable.Repeat("addi zero,zero,0\n", ((JumpsTo - Jumping) / 4) - 1))}end:\naddi a2,zero,42\njalr zero,0(ra)").CopyTo(page, Jumping);
        foreach (int late in (int[])[Late, 0x400, 0x7f8, 0xff0])
            Assembler.Assemble("addi a2,zero,5\njalr zero,0(ra)").CopyTo(page, late);
        return page;
    }

    private static ulong Call(TestMachine machine, int page, int function)
    {
        machine.State.X[10] = Address(page) + (ulong)function;
        RunAt(machine, Caller);
        return machine.State.X[12];
    }

    // By the hart; Load stores as a device does.
    private static void Patch(TestMachine machine, int page, int function, uint result)
    {
        machine.State.X[10] = Address(page) + (ulong)function;
        machine.State.X[11] = Assembler.Word($"addi a2,zero,{result}");
        RunAt(machine, Storer);
    }

    private static void RunAt(TestMachine machine, ulong address)
    {
        machine.State.IsWaiting = 0;
        machine.State.Pc = address;
        while (machine.Run(1000).Reason != RunExitReason.WaitingForInterrupt)
        {
        }
    }
}
