namespace Strata.Cpu.Tests.Interpreter;

/// <summary>Unprivileged specification, chapter "A": two harts on two threads.</summary>
public sealed class SharedMemoryTests
{
    private const int Increments = 200_000;
    private const ulong Counter = TestMachine.Ram + 0x10_0000;

    [Theory]
    [InlineData("again:\nlr.d t0,(a0)\naddi t0,t0,1\nsc.d t1,t0,(a0)\nbne t1,zero,again")]
    [InlineData("again:\nlr.w t0,(a0)\naddi t0,t0,1\nsc.w t1,t0,(a0)\nbne t1,zero,again")]
    [InlineData("addi t0,zero,1\namoadd.d t1,t0,(a0)")]
    [InlineData("addi t0,zero,1\namoadd.w t1,t0,(a0)")]
    public void IncrementsAreNotLost(string increment)
    {
        using TestMachine machine = new(harts: 2);
        machine.Load($"loop:\n{increment}\naddi a1,a1,-1\nbne a1,zero,loop\nwfi");
        Thread[] threads = new Thread[2];
        for (int i = 0; i < 2; i++)
        {
            int hart = i;
            machine.Harts[hart].State.X[10] = Counter;
            machine.Harts[hart].State.X[11] = Increments;
            threads[hart] = new Thread(() =>
            {
                while (machine.Harts[hart].State.IsWaiting == 0)
                    machine.Run(100_000, hart);
            });
        }

        foreach (Thread thread in threads)
            thread.Start();
        foreach (Thread thread in threads)
            thread.Join();
        Assert.Equal(2UL * Increments, machine.Read64(Counter));
    }

    [Fact]
    public void AHartExecutesWhatAnotherWrote()
    {
        // Hart 1 patches the immediate of hart 0's loop; hart 0 leaves it only when it executes the new one.
        using TestMachine machine = new(harts: 2);
        machine.Load("""
            again:
            addi a2,zero,0
            beq a2,zero,again
            wfi
            """);
        Thread runner = new(() =>
        {
            while (machine.Harts[0].State.IsWaiting == 0)
                machine.Run(10_000, 0);
        });
        runner.Start();
        machine.Load("sw a1,0(a0)\nwfi", TestMachine.Ram + 0x2000);
        ref HartState other = ref machine.Harts[1].State;
        other.Pc = TestMachine.Ram + 0x2000;
        other.X[10] = TestMachine.Ram;
        other.X[11] = Assembler.Word("addi a2,zero,9");
        while (machine.Harts[1].State.IsWaiting == 0)
            machine.Run(100, 1);
        Assert.True(runner.Join(TimeSpan.FromSeconds(20)));
        Assert.Equal(9UL, machine.Harts[0].State.X[12]);
    }
}
