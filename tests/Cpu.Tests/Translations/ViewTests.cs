// Privileged specification 1.13, sections 3.1.6.3 (SUM, MXR), 3.3.1 (ECALL), 3.3.2 (SRET), 4.2.1 (SFENCE.VMA) and 4.3.1.
using System.Globalization;
using System.Text;
using Strata.Cpu.RiscV;
using Strata.Cpu.RiscV.Csr;
using Strata.Cpu.Tests.Interpreter;
using Strata.Guest.Processors;

namespace Strata.Cpu.Tests.Translations;

/// <summary>
/// System calls, returns and SUM change which tables emitted code looks into, without asking: after each of them, whatever has happened meanwhile to satp, page tables,
/// MXR, the sets of the TLB and the carrier, an access must find what the interpreter finds.
/// </summary>
public sealed class ViewTests(ITestOutputHelper output)
{
    // More than the sets of a TLB, three for each.
    private const int Spaces = 9;
    private const int Pages = 4;
    private const int Calls = 400;
    private const ulong Kernel = TestMachine.Ram;
    private const ulong Bodies = TestMachine.Ram + 0x4000;
    private const ulong Constants = TestMachine.Ram + 0x3000;
    private const ulong Tables = TestMachine.Ram + 0x10_0000;
    private const ulong UserCode = TestMachine.Ram + 0x20_0000;
    private const ulong Frames = TestMachine.Ram + 0x40_0000;
    private const ulong Virtual = 0x4000_0000;
    private const ulong Data = Virtual + 0x1000;
    private const ulong ExecutableOnly = Virtual + 0xf000;

    // V, R, W, A, D, U; and X instead of R and W.
    private const ulong UserData = 0xd7;
    private const ulong UserText = 0xd9;

    public static TheoryData<string> Variants => ["free", "counting", "one", "small"];

    [Theory]
    [MemberData(nameof(Variants))]
    public void Section_4_3_1_EveryViewIsThatOfTheModeAndOfSum(string variant)
    {
        int seed = Seed.Take(output);
        for (int round = 0; round < 6; round++)
        {
            Random random = new(seed + round);
            using TestMachine expected = new(harts: 2);
            using TestMachine actual = new(harts: 2, translation: ChangedCodeTests.Options(variant));
            string bodies = WriteBodies(random);
            Prepare(expected, bodies);
            Prepare(actual, bodies);
            int stops = 0;
            for (bool ends = false; !ends; stops++)
            {
                RunExit e = expected.RunOn(random.Next(2), 10_000_000);
                RunExit a = actual.RunOn(random.Next(2), 10_000_000);
                string? difference = Difference(expected.State, actual.State);
                Assert.True(e.Reason == a.Reason && difference is null, $"seed {seed}, round {round}, stop {stops}: {e.Reason}, {a.Reason}; {difference}");
                ends = e.Reason != RunExitReason.WaitingForInterrupt || expected.State.X[27] != 0;
                int space = random.Next(Spaces), page = random.Next(Pages);
                ulong entry = Entry(random);
                bool isEdited = random.Next(2) == 0;
                foreach (TestMachine machine in (TestMachine[])[expected, actual])
                {
                    machine.State.IsWaiting = 0;
                    if (!isEdited)
                        continue;

                    // As a remote fence does.
                    machine.Write64(LastTable(space) + (8 * (1 + (ulong)page)), entry);
                    Interlocked.Increment(ref machine.State.FenceEpoch);
                }
            }

            Assert.True(expected.State.X[16] > 0 && expected.State.X[14] > 0, "no interrupt, or no fault");
        }
    }

    // Without SUM in S-mode, and where U-mode may not, an access that hit a moment ago in another view must fault.
    [Theory]
    [MemberData(nameof(Variants))]
    public void Section_3_1_6_3_WithoutSumUserPagesFaultAgain(string variant)
    {
        using TestMachine machine = new(harts: 2, translation: ChangedCodeTests.Options(variant));
        StringBuilder body = new();
        for (int i = 0; i < 50; i++)
            body.Append("csrrs zero,0x100,s4\nld t1,0(a0)\ncsrrc zero,0x100,s4\nld t1,0(a0)\n");
        Prepare(machine, Body(body.ToString(), isLast: true));
        _ = machine.RunOn(0, 1_000_000);
        Assert.Equal(1UL, machine.State.X[27]);
        Assert.Equal((50 * (ulong)TrapCause.LoadPageFault) + (ulong)TrapCause.IllegalInstruction, machine.State.X[14]);
    }

    /// <summary>The tables of the carrier that the hart has left hear of nothing while nobody runs there.</summary>
    [Theory]
    [MemberData(nameof(Variants))]
    public void AHartThatMovesTakesNoTablesAlong(string variant)
    {
        using TestMachine machine = new(harts: 2, translation: ChangedCodeTests.Options(variant));
        Prepare(machine, string.Concat(Enumerable.Repeat(Body("wfi\n", isLast: false), 20)));
        Stop(machine, 1, 4);
        Stop(machine, 0, 5);
        Assert.Equal(0UL, machine.State.X[12]);
        Assert.Null(machine.Memory.ReplaceFrame(Frame(0), out _));
        machine.Write64(Frame(0) + 256, 77);
        Stop(machine, 1, 3);
        Assert.Equal(77UL, machine.State.X[12]);
    }

    private static void Stop(TestMachine machine, int carrier, int times)
    {
        for (int i = 0; i < times; i++)
        {
            Assert.Equal(RunExitReason.WaitingForInterrupt, machine.RunOn(carrier, 1_000_000).Reason);
            machine.State.IsWaiting = 0;
        }
    }

    private static ulong LastTable(int space) => Tables + (0x3000 * (ulong)space) + 0x2000;

    private static ulong Frame(int number) => Frames + ((ulong)number << 12);

    private static ulong Entry(Random random) => random.Next(5) == 0 ? 0 : (Frame(random.Next(Spaces * Pages)) >> 2) | UserData;

    // What one system call does after another: each ends with the address of the next in s2.
    private static string WriteBodies(Random random)
    {
        StringBuilder text = new();
        for (int call = 0; call < Calls; call++)
        {
            StringBuilder body = new();
            for (int i = random.Next(1, 7); i > 0; i--)
            {
                int page = random.Next(Pages);
                int space = random.Next(Spaces);
                string address = string.Create(CultureInfo.InvariantCulture, $"lui t2,{page}\nadd t2,t2,a0\n");
                body.Append(random.Next(14) switch
                {
                    0 or 1 => "csrrs zero,0x100,s4\n",
                    2 => "csrrc zero,0x100,s4\n",
                    3 => "csrrs zero,0x100,s5\n",
                    4 => "csrrc zero,0x100,s5\n",
                    5 => address + "ld t1,256(t2)\nadd a2,a2,t1\n",
                    6 => address + "addi a2,a2,1\nsd a2,256(t2)\n",
                    7 => "ld t1,0(a1)\nadd a2,a2,t1\n",
                    8 or 9 => string.Create(CultureInfo.InvariantCulture, $"ld t1,{8 * space}(s6)\ncsrrw zero,0x180,t1\n"),
                    10 => address + string.Create(CultureInfo.InvariantCulture,
                        $"ld t1,{512 + (8 * random.Next(Spaces * Pages))}(s6)\nld t3,{256 + (8 * space)}(s6)\nsd t1,{8 * (1 + page)}(t3)\n"
                        + $"addi t4,zero,{space + 1}\nsfence.vma {(random.Next(2) == 0 ? "t2" : "zero")},{(random.Next(2) == 0 ? "t4" : "zero")}\n"),
                    11 => random.Next(2) == 0 ? "csrrs zero,0x100,s7\n" : "csrrc zero,0x100,s7\n",
                    12 => random.Next(2) == 0 ? "csrrsi zero,0x144,2\n" : "csrrsi zero,0x100,2\ncsrrci zero,0x100,2\n",
                    _ => random.Next(6) == 0 ? "wfi\n" : "addi a2,a2,7\n",
                });
            }

            text.Append(Body(body.ToString(), call == Calls - 1));
        }

        return text.ToString();
    }

    private static string Body(string body, bool isLast) =>
        "auipc s2,0\naddi s2,s2,NEXT\n" + body + (isLast ? "addi s11,zero,1\ncsrrci zero,0x144,2\nwfi\n" : "") + "jalr zero,0(s9)\nEND\n";

    private static void Prepare(TestMachine machine, string bodies)
    {
        // Faults are skipped and counted, interrupts acknowledged and counted, calls go on at s2 and end at s9.
        machine.Load("""
            csrrs t0,0x142,zero
            blt t0,zero,interrupt
            addi t1,zero,8
            beq t0,t1,call
            add a4,a4,t0
            csrrs t1,0x143,zero
            xor a5,a5,t1
            csrrs t1,0x141,zero
            addi t1,t1,4
            csrrw zero,0x141,t1
            sret
            interrupt:
            csrrci zero,0x144,2
            addi a6,a6,1
            sret
            call:
            csrrs s3,0x141,zero
            jalr zero,0(s2)
            """, Kernel);
        machine.Load("addi s3,s3,4\ncsrrw zero,0x141,s3\ncsrrc zero,0x100,s8\nsret", Kernel + 0x800);
        machine.Load("""
            again:
            ld t1,256(a0)
            add a2,a2,t1
            fadd.d fa0,fa0,fa0
            ecall
            lui t2,2
            add t2,t2,a0
            sd a2,256(t2)
            ld t1,0(a1)
            ecall
            ecall
            jal zero,again
            """, UserCode);
        ulong at = Bodies;
        foreach (string body in bodies.Split("END\n", StringSplitOptions.RemoveEmptyEntries))
        {
            byte[] bytes = Assembler.Assemble(body.Replace("NEXT", "0", StringComparison.Ordinal), at);
            bytes = Assembler.Assemble(body.Replace("NEXT", bytes.Length.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal), at);
            machine.Load(at, bytes);
            at += (ulong)bytes.Length;
        }

        Assert.True(at < Tables, "too much code");
        for (int space = 0; space < Spaces; space++)
        {
            ulong root = LastTable(space) - 0x2000, middle = root + 0x1000, last = root + 0x2000;
            machine.Write64(root + (2 * 8), (TestMachine.Ram >> 2) | 0xcf);
            machine.Write64(root + (1 * 8), (middle >> 2) | 1);
            machine.Write64(middle, (last >> 2) | 1);
            machine.Write64(last, (UserCode >> 2) | UserText | 2);
            machine.Write64(last + (15 * 8), (UserCode >> 2) | UserText);
            machine.Write64(Constants + (8 * (ulong)space), (8UL << 60) | ((ulong)(space + 1) << 44) | (root >> 12));
            machine.Write64(Constants + 256 + (8 * (ulong)space), last);
            for (int page = 0; page < Pages; page++)
            {
                int number = (space * Pages) + page;
                machine.Write64(last + (8 * (ulong)(1 + page)), (Frame(number) >> 2) | UserData);
                machine.Write64(Frame(number) + 256, (ulong)number * 1000);
                machine.Write64(Constants + 512 + (8 * (ulong)number), number % 7 == 3 ? 0 : (Frame(number) >> 2) | UserData);
            }
        }

        ref HartState s = ref machine.State;
        s.PmpAddress[0] = (1UL << 54) - 1;
        s.PmpConfiguration[0] = 0x1f;
        s.PmpEpoch++;
        s.Privilege = PrivilegeMode.User;
        s.Satp = (8UL << 60) | (1UL << 44) | ((LastTable(0) - 0x2000) >> 12);
        s.Medeleg = ulong.MaxValue;
        s.Mideleg = 2;
        s.Mie = 2;
        s.Stvec = Kernel;
        s.Pc = Virtual;
        s.X[10] = Data;
        s.X[11] = ExecutableOnly;
        s.X[18] = Bodies;
        s.X[20] = MStatusBits.Sum;
        s.X[21] = MStatusBits.Mxr;
        s.X[22] = Constants;
        s.X[23] = MStatusBits.Fs;
        s.X[24] = MStatusBits.Spp;
        s.X[25] = Kernel + 0x800;
    }

    private static string? Difference(in HartState expected, in HartState actual)
    {
        StringBuilder text = new();
        for (int i = 0; i < 32; i++)
        {
            if (expected.X[i] != actual.X[i])
                text.Append(CultureInfo.InvariantCulture, $"x{i} {actual.X[i]:x} instead of {expected.X[i]:x}; ");
        }

        (string Name, ulong Expected, ulong Actual)[] others =
        [
            ("pc", expected.Pc, actual.Pc), ("mstatus", expected.MStatus, actual.MStatus), ("sepc", expected.Sepc, actual.Sepc), ("scause", expected.Scause, actual.Scause),
            ("stval", expected.Stval, actual.Stval), ("satp", expected.Satp, actual.Satp), ("mode", (ulong)expected.Privilege, (ulong)actual.Privilege),
            ("trapped", expected.InstructionsTrapped, actual.InstructionsTrapped),
        ];
        foreach ((string name, ulong e, ulong a) in others)
        {
            if (e != a)
                text.Append(CultureInfo.InvariantCulture, $"{name} {a:x} instead of {e:x}; ");
        }

        return text.Length == 0 ? null : text.ToString();
    }
}
