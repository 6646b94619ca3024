using Strata.Cpu.Tests.Interpreter;
using Strata.Cpu.Translations;
using Strata.Guest.Processors;

namespace Strata.Cpu.Tests.Translations;

/// <summary>What a guest reads of its counters, and stopped harts, where instructions are not counted: translated code that runs free.</summary>
public sealed class CounterTests
{
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(100);

    [Fact]
    public void Section_3_1_12_an_inhibited_counter_stands_still_and_goes_on_from_there_when_nothing_is_counted()
    {
        TimeSpan smallest = TimeSpan.MaxValue;
        for (int attempt = 0; attempt < 10 && smallest > s_pause / 2; attempt++)
        {
            using TestMachine machine = new(translation: new TranslationOptions());
            machine.Load("""
                csrrs s2,0xb02,zero
                csrrwi zero,0x320,5
                csrrs a0,0xb02,zero
                csrrs a1,0xb00,zero
                wfi
                csrrs a2,0xb02,zero
                csrrs a3,0xb00,zero
                csrrwi zero,0x320,1
                csrrs a4,0xb02,zero
                csrrs a5,0xb00,zero
                csrrwi zero,0x320,0
                csrrs a6,0xb02,zero
                csrrs a7,0xb00,zero
                wfi
                """);
            Assert.Equal(RunExitReason.WaitingForInterrupt, machine.Run(1000).Reason);
            Thread.Sleep(s_pause);
            machine.State.IsWaiting = 0;
            Assert.Equal(RunExitReason.WaitingForInterrupt, machine.Run(1000).Reason);
            RegisterFile x = machine.State.X;

            // Inhibited, then instret alone runs, then both.
            Assert.True(x[18] < x[10]);
            Assert.Equal((x[10], x[11]), (x[12], x[13]));
            Assert.True(x[12] < x[14]);
            Assert.Equal(x[13], x[15]);
            Assert.True(x[14] < x[16]);
            Assert.True(x[15] < x[17]);
            TimeSpan jump = TimeSpan.FromMicroseconds((x[17] - x[11]) / 1000.0);
            smallest = jump < smallest ? jump : smallest;
        }

        // A nanosecond for an instruction: what passed meanwhile is not in it, unless the host took the processor away each time.
        Assert.InRange(smallest, TimeSpan.Zero, s_pause / 2);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_stopped_hart_executes_nothing(bool translated)
    {
        using TestMachine machine = new(translation: translated ? new TranslationOptions() : null);
        machine.Load("addi a0,a0,1\nwfi");
        machine.State.IsStopped = 1;
        ulong retired = machine.Hart.InstructionsRetired;
        for (int i = 0; i < 3; i++)
            Assert.Equal(RunExitReason.Stopped, machine.Run(1000).Reason);
        Assert.Equal((0UL, TestMachine.Ram, retired), (machine.State.X[10], machine.State.Pc, machine.Hart.InstructionsRetired));
        machine.State.IsStopped = 0;
        Assert.Equal(RunExitReason.WaitingForInterrupt, machine.Run(1000).Reason);
        Assert.Equal(1UL, machine.State.X[10]);
    }
}
