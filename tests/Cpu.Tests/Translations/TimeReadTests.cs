using System.Collections.Concurrent;
using Strata.Cpu.RiscV;
using Strata.Cpu.RiscV.Csr;
using Strata.Cpu.Tests.Interpreter;
using Strata.Cpu.Translations;
using Strata.Guest.Time;
using Strata.Host;

namespace Strata.Cpu.Tests.Translations;

/// <summary>What rdtime gives where time follows the host's clock: what the clock says, and only to whom it is permitted.</summary>
public sealed class TimeReadTests : IDisposable
{
    private const ulong Handler = TestMachine.Ram + 0x1000;
    private const ulong Permission = 2;

    private readonly EventLoop _loop = new("test events");
    private readonly WorkerPool _pool = new("test devices", 1);
    private readonly Lock _deviceLock = new();
    private readonly ConcurrentQueue<Exception> _failures = new();

    public void Dispose()
    {
        _loop.Dispose();
        _pool.Dispose();
        Assert.Empty(_failures);
    }

    [Theory]
    [InlineData(PrivilegeMode.Machine, 0, 0, true)]
    [InlineData(PrivilegeMode.Supervisor, Permission, 0, true)]
    [InlineData(PrivilegeMode.Supervisor, ~Permission, Permission, false)]
    [InlineData(PrivilegeMode.User, Permission, Permission, true)]
    [InlineData(PrivilegeMode.User, Permission, ~Permission, false)]
    [InlineData(PrivilegeMode.User, ~Permission, Permission, false)]
    public void Section_3_1_11_time_is_theclocks_for_those_whom_mcounteren_and_scounteren_permit_it(PrivilegeMode mode, ulong mcounteren, ulong scounteren, bool isPermitted)
    {
        foreach (bool translated in (bool[])[false, true])
        {
            using FreeRunningClock clock = new(_loop, _pool, _deviceLock, _failures.Enqueue);
            using TestMachine machine = new(translation: translated ? new TranslationOptions() : null, clock: clock);

            // Registers of the guest that are registers of the host, and those that are not; then none; then with floating point loaded.
            machine.Load("""
                csrrs a0,0xc01,zero
                csrrs t3,0xc01,zero
                csrrs zero,0xc01,zero
                fadd.d fa0,fa1,fa1
                csrrs a1,0xc01,zero
                fadd.d fa0,fa0,fa1
                ebreak
                """);
            machine.Load("wfi", Handler);
            foreach (ulong delta in (ulong[])[0, 1UL << 40, ulong.MaxValue - 12345])
            {
                lock (_deviceLock)
                    clock.MoveMachineTime(delta);
                ref HartState s = ref machine.State;
                s.Pc = TestMachine.Ram;
                s.Mtvec = Handler;
                s.Privilege = mode;
                s.MStatus = MStatusBits.Fs;
                s.IsWaiting = 0;
                s.Mcounteren = mcounteren;
                s.Scounteren = scounteren;
                s.PmpAddress[0] = (1UL << 54) - 1;
                s.PmpConfiguration[0] = 0x1f;
                s.PmpEpoch++;
                s.X[10] = s.X[11] = s.X[28] = 0;
                s.F[11] = BitConverter.DoubleToUInt64Bits(1.5);
                for (int slot = 12; slot < 28; slot++)
                    s.X[slot] = (ulong)slot;
                ulong before = clock.MachineTime;
                _ = machine.Run(1000);
                ulong after = clock.MachineTime;
                Assert.Equal(isPermitted ? TrapCause.Breakpoint : TrapCause.IllegalInstruction, (TrapCause)s.Mcause);
                Assert.Equal(isPermitted ? TestMachine.Ram + 24 : TestMachine.Ram, s.Mepc);
                for (int slot = 12; slot < 28; slot++)
                    Assert.Equal((ulong)slot, s.X[slot]);
                Assert.Equal(0UL, s.X[0]);
                if (!isPermitted)
                {
                    Assert.Equal(0UL, s.X[10]);
                    continue;
                }

                // Differences, for time may pass 0 here.
                ulong[] times = [0, s.X[10] - before, s.X[28] - before, s.X[11] - before, after - before];
                Assert.Equal(times.Order(), times);
                Assert.Equal(4.5, BitConverter.UInt64BitsToDouble(s.F[10]));
            }
        }
    }
}
