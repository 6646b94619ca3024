// Privileged specification 1.13, sections 4.2.1 (SFENCE.VMA) and 7 (Svinval).
using Strata.Cpu.RiscV;

namespace Strata.Cpu.Tests.Interpreter;

/// <summary>A hart that moves from one carrier to another and back: what it left behind must have heard of all that it did since.</summary>
public sealed class MovedHartTests
{
    private const ulong Root = TestMachine.Ram + 0x1000;
    private const ulong Middle = TestMachine.Ram + 0x2000;
    private const ulong Last = TestMachine.Ram + 0x3000;
    private const ulong Before = TestMachine.Ram + 0x10000;
    private const ulong After = TestMachine.Ram + 0x11000;
    private const ulong Virtual = 0x4000_0000;
    private const ulong Asid = 7;

    // V, R, W, X, A, D.
    private const ulong Leaf = 0xcf;

    [Theory]
    [InlineData("sfence.vma zero,zero")]
    [InlineData("sfence.vma a0,zero")]
    [InlineData("sfence.vma zero,a2")]
    [InlineData("sfence.vma a0,a2")]
    [InlineData("sinval.vma a0,a2")]
    public void Section_4_2_1_AFenceReachesTheCarrierThatTheHartHasLeft(string fence)
    {
        using TestMachine machine = new(harts: 2);
        machine.Load($"ld a3,0(a0)\nsd a4,0(a1)\n{fence}\nld a3,0(a0)");
        machine.Write64(Before, 1);
        machine.Write64(After, 2);
        machine.Write64(Root + (2 * 8), (TestMachine.Ram >> 2) | Leaf);
        machine.Write64(Root + (1 * 8), (Middle >> 2) | 1);
        machine.Write64(Middle, (Last >> 2) | 1);
        machine.Write64(Last, (Before >> 2) | Leaf);
        ref HartState s = ref machine.State;
        s.PmpAddress[0] = (1UL << 54) - 1;
        s.PmpConfiguration[0] = 0x1f;
        s.PmpEpoch++;
        s.Privilege = PrivilegeMode.Supervisor;
        s.Satp = (8UL << 60) | (Asid << 44) | (Root >> 12);
        s.X[10] = Virtual;
        s.X[11] = Last;
        s.X[12] = Asid;
        s.X[14] = (After >> 2) | Leaf;

        machine.RunOn(carrier: 0, 1);
        Assert.Equal(1UL, s.X[13]);
        machine.RunOn(carrier: 1, 2);
        machine.RunOn(carrier: 0, 1);
        Assert.Equal(TestMachine.Ram + 16, s.Pc);
        Assert.Equal(2UL, s.X[13]);
    }
}
