namespace Strata.Cpu.Tests.Interpreter;

public sealed class AllocationTests
{
    [Fact]
    public void AMillionInstructionsAllocateNothing()
    {
        using TestMachine machine = new();
        machine.Load("""
            addi s0,zero,0
            again:
            sd s0,0(sp)
            ld t0,0(sp)
            amoadd.d t1,t0,(sp)
            csrrs t2,0x340,zero
            csrrw zero,0x340,t0
            fcvt.d.l fa0,t0
            fmadd.d fa0,fa0,fa0,fa0
            sfence.vma zero,zero
            lw t3,2046(s1)
            ecall
            addi s0,s0,1
            jal zero,again
            """);
        machine.Load("csrrs t0,0x341,zero\naddi t0,t0,4\ncsrrw zero,0x341,t0\nmret", TestMachine.Ram + 0x3000);
        machine.State.Mtvec = TestMachine.Ram + 0x3000;
        machine.State.MStatus |= 3UL << 13;
        machine.State.X[2] = TestMachine.Ram + 0x8_0000;
        machine.State.X[9] = TestMachine.Ram + 0x8_0800;
        machine.Run(100_000);
        long before = GC.GetAllocatedBytesForCurrentThread();
        machine.Run(1_000_000);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.InRange(machine.Hart.InstructionsRetired, 1_000_000UL, 1_100_000UL);
    }
}
