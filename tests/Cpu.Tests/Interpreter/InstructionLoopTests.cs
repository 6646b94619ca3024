using Strata.Guest.Processors;

namespace Strata.Cpu.Tests.Interpreter;

public sealed class InstructionLoopTests
{
    [Fact]
    public void ALoopRetiresExactlyWhatTheBudgetSays()
    {
        using TestMachine machine = new();
        machine.Load("""
            addi a0,zero,0
            again:
            addi a0,a0,1
            jal zero,again
            """);
        RunExit exit = machine.Run(1001);
        Assert.Equal(RunExitReason.BudgetSpent, exit.Reason);
        Assert.Equal(1001UL, machine.Hart.InstructionsRetired);
        Assert.Equal(500UL, machine.State.X[10]);
        Assert.Equal(TestMachine.Ram + 4, machine.State.Pc);
    }

    [Fact]
    public void LoadsStoresAndCallsWork()
    {
        using TestMachine machine = new();
        machine.Load("""
            lui sp,0x40080
            slli sp,sp,1
            addi a0,zero,20
            jal ra,fib
            wfi
            fib:
            addi t0,zero,2
            blt a0,t0,done
            addi sp,sp,-32
            sd ra,0(sp)
            sd s0,8(sp)
            sd s1,16(sp)
            addi s0,a0,0
            addi a0,a0,-1
            jal ra,fib
            addi s1,a0,0
            addi a0,s0,-2
            jal ra,fib
            add a0,a0,s1
            ld ra,0(sp)
            ld s0,8(sp)
            ld s1,16(sp)
            addi sp,sp,32
            done:
            jalr zero,0(ra)
            """);
        RunExit exit = machine.Run(10_000_000);
        Assert.Equal(RunExitReason.WaitingForInterrupt, exit.Reason);
        Assert.Equal(6765UL, machine.State.X[10]);
    }
}
