using Strata.Cpu.RiscV;
using Strata.Guest.Processors;

namespace Strata.Cpu.Tests.Interpreter;

/// <summary>Stores are coherent with fetch (docs/compatibility.md), whoever makes them, without any fence.i.</summary>
public sealed class CodeCoherenceTests
{
    private const ulong Handler = TestMachine.Ram + 0x4000;

    [Fact]
    public void AStoreToTheNextInstructionIsSeenByIt()
    {
        using TestMachine machine = new();
        machine.Load("""
            auipc a0,0
            lw a1,28(a0)
            addi t0,zero,3
            again:
            sw a1,16(a0)      # patches the next instruction
            addi a2,a2,1
            addi t0,t0,-1
            bne t0,zero,again
            addi a2,a2,100    # what is patched in
            """);
        machine.Run(3 + (3 * 4));
        Assert.Equal(300UL, machine.State.X[12]);
    }

    [Fact]
    public void AStoreToTheSecondHalfOfAnInstructionIsSeen()
    {
        using TestMachine machine = new();
        machine.Load("""
            addi a2,a2,1
            jal zero,-4
            """);
        machine.Run(20);
        ulong before = machine.State.X[12];
        machine.Load(TestMachine.Ram + 2, [0x06, 0x10]); // a2,a2,1 -> immediate 0x100 and rs1's upper bits
        Assert.Equal(0x1006_0613U, BitConverter.ToUInt32([.. BitConverter.GetBytes(Assembler.Word("addi a2,a2,1")).AsSpan(0, 2), 0x06, 0x10]));
        machine.Run(2);
        Assert.Equal(before + 0x100, machine.State.X[12]);
    }

    [Fact]
    public void WhatADeviceWritesIsExecuted()
    {
        using TestMachine machine = new();
        machine.Load("""
            addi a2,a2,1
            jal zero,-4
            """);
        machine.Run(100);
        machine.Load("addi a2,zero,7");
        machine.Run(1);
        Assert.Equal(7UL, machine.State.X[12]);
    }

    [Theory]
    [InlineData("addi a2,a2,1", 1UL)]
    [InlineData("lui a2,0x12345", 0x1234_5000UL)]
    public void AnInstructionAcrossTwoPagesIsExecuted(string instruction, ulong expected)
    {
        using TestMachine machine = new();
        machine.Load(instruction + "\nwfi", TestMachine.Ram + 0xffe);
        machine.State.Pc = TestMachine.Ram + 0xffe;
        Assert.Equal(RunExitReason.WaitingForInterrupt, machine.Run(10).Reason);
        Assert.Equal(expected, machine.State.X[12]);
        Assert.Equal(TestMachine.Ram + 0x1006, machine.State.Pc);
    }

    [Fact]
    public void AnInstructionAcrossTwoPagesIsFetchedAnewEveryTime()
    {
        using TestMachine machine = new();
        machine.Load("addi a2,a2,1\njal zero,-4", TestMachine.Ram + 0xffe);
        machine.State.Pc = TestMachine.Ram + 0xffe;
        machine.Run(10);
        Assert.Equal(5UL, machine.State.X[12]);
        machine.Load("addi a2,a2,16", TestMachine.Ram + 0xffe);
        machine.Run(2);
        Assert.Equal(21UL, machine.State.X[12]);
    }

    [Fact]
    public void TheSecondHalfOfAnInstructionFaultsAtItsOwnAddress()
    {
        using TestMachine machine = new();
        ulong end = TestMachine.Ram + (16 << 20);
        machine.Load(end - 2, [0x13, 0x06]); // the first half of addi a2,…
        machine.State.Mtvec = Handler;
        machine.State.Pc = end - 2;
        machine.Run(1);
        Assert.Equal((ulong)TrapCause.InstructionAccessFault, machine.State.Mcause);
        Assert.Equal(end, machine.State.Mtval);
        Assert.Equal(end - 2, machine.State.Mepc);
        Assert.Equal(0UL, machine.Hart.InstructionsRetired);
    }

    [Fact]
    public void MoreCodeThanTheCacheHoldsRunsAllTheSame()
    {
        // 600 pages, each adding 1 and jumping to the next: more than DecodedCode keeps, twice around.
        using TestMachine machine = new();
        for (int page = 0; page < 600; page++)
            machine.Load(page < 599 ? "addi a2,a2,1\njal zero,4092" : "addi a2,a2,1\njalr zero,0(a3)", TestMachine.Ram + ((ulong)page * 4096));
        machine.State.X[13] = TestMachine.Ram;
        machine.Run(2 * 1200);
        Assert.Equal(1200UL, machine.State.X[12]);

        // Every page is still coherent: those evicted too.
        for (int page = 0; page < 600; page++)
            machine.Load("addi a2,a2,2", TestMachine.Ram + ((ulong)page * 4096));
        machine.Run(1200);
        Assert.Equal(2400UL, machine.State.X[12]);
    }
}
