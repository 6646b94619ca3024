using Strata.Cpu.RiscV.Csr;
using Strata.Cpu.Tests.Interpreter;
using Strata.Cpu.Translations;

namespace Strata.Cpu.Tests.Translations;

/// <summary>Floating point among other instructions: what blocks assume and what they have to tell, translated and interpreted: no difference.</summary>
public sealed class FloatBlockTests
{
    private const ulong Third = 0x3fd5_5555_5555_5555;
    private const ulong One = 0x3ff0_0000_0000_0000;
    private const ulong Three = 0x4008_0000_0000_0000;
    private const ulong QuietNaN = 0x7ff8_0000_0000_0001;
    private const ulong Off = 0;
    private const ulong Initial = 1UL << MStatusBits.FsShift;
    private const ulong Clean = 2UL << MStatusBits.FsShift;

    public static TheoryData<bool, int> Variants => new() { { false, 1 }, { false, 64 }, { true, 1 }, { true, 64 } };

    [Theory]
    [MemberData(nameof(Variants))]
    public void Csr_writes_hold_for_the_next_instruction(bool counts, int length)
    {
        using TwoEngines engines = Make(counts, length, """
            fdiv.d fa0,ft0,ft1
            csrrwi a0,2,1
            fdiv.d fa1,ft0,ft1
            csrrwi a1,2,3
            fdiv.d fa2,ft0,ft1
            fdiv.d fs4,ft0,ft1
            csrrwi a2,2,4
            fdiv.d fa3,ft0,ft1
            fsd fa3,0(s0)
            fdiv.d fa4,ft0,ft1
            csrrwi a3,1,0
            csrrwi zero,2,2
            fdiv.d fa5,ft1,ft0
            csrrs a4,3,zero
            fdiv.d fs5,ft0,ft1
            csrrs a5,3,zero
            fdiv.d fs6,ft0,ft2
            csrrs a6,1,zero
            wfi
            """);
        Equal(engines.Run((ref HartState s) => (s.F[0], s.F[1], s.X[8]) = (One, Three, TestMachine.Ram + 0x10000)));
        Assert.Equal([Third, Third, Third + 1, Third + 1], [engines.State.F[10], engines.State.F[11], engines.State.F[12], engines.State.F[20]]);
        Assert.Equal(1UL, engines.State.X[13] & 31);
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void Flags_are_read_and_written_where_they_are(bool counts, int length)
    {
        using TwoEngines engines = Make(counts, length, """
            csrrs a0,1,zero
            fdiv.d fa0,ft0,ft1
            csrrs a1,1,zero
            flt.d a2,ft2,ft0
            csrrw a3,1,a1
            csrrs a4,1,zero
            fdiv.d fa1,ft0,ft3
            csrrw s4,1,s4
            csrrwi zero,1,9
            fsd fa1,0(s0)
            csrrwi a5,1,31
            csrrs a6,2,zero
            csrrs a7,1,zero
            csrrs s5,3,zero
            csrrw zero,1,zero
            csrrs s6,0x300,zero
            wfi
            """);
        foreach (ulong status in (ulong[])[Initial, Clean, MStatusBits.Fs])
        {
            Equal(engines.Run((ref HartState s) =>
            {
                s.MStatus = status;
                (s.F[0], s.F[1], s.F[2], s.F[3], s.X[8], s.X[20]) = (One, Three, QuietNaN, 0, TestMachine.Ram + 0x10000, 0x1234);
                s.Frm = 2;
            }));
            ulong[] seen = [engines.State.X[10], engines.State.X[11], engines.State.X[13], engines.State.X[14], engines.State.X[20], engines.State.X[15]];
            Assert.Equal([0UL, 1, 17, 1, 9, 9], seen);
            Assert.Equal((2UL, 31UL), (engines.State.X[16], engines.State.X[17]));
        }
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void FS_is_dirty_from_the_first_result_or_flag_on(bool counts, int length)
    {
        string[] programs =
        [
            "feq.d a0,fa0,fa0", "flt.d a0,fa0,fa1", "fcvt.w.d a0,fa0,rtz", "fmv.x.d a0,fa0", "fclass.d a0,fa0", "fsd fa0,0(s0)", "fsw fs4,0(s0)",
            "fmv.d.x fa0,a0", "fsgnj.d fs4,fs4,fs4", "fld fs4,0(s0)", "flw fa0,0(s0)", "fadd.d fa0,fa0,fa0", "fsgnj.s fa0,fa0,fa0",
            "fld fa0,0(s1)", "flw fa0,0(s1)", "fsd fa0,0(s1)", "fmv.d.x fa0,a0\nfld fa0,0(s1)", "fsd fa0,0(s2)", "fld fa0,1(s2)", "flw fa0,0(s2)\nfadd.s fa0,fa0,fa0",
        ];
        foreach (string program in programs)
        {
            using TwoEngines engines = Make(counts, length, program + "\nfsd fa0,64(s0)\ncsrrs a1,0x300,zero\nwfi");
            foreach (ulong status in (ulong[])[Off, Initial, Clean, MStatusBits.Fs])
            {
                foreach (ulong number in (ulong[])[One, Third, QuietNaN])
                {
                    Equal(engines.Run((ref HartState s) =>
                    {
                        s.MStatus = status;
                        s.F[10] = s.F[11] = s.F[20] = number;
                        s.X[8] = TestMachine.Ram + 0x10000;
                        s.X[9] = TwoEngines.Nowhere;
                        s.X[18] = TestMachine.DevicePage;
                    }));
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void Numbers_survive_what_the_monitor_does_in_a_block(bool counts, int length)
    {
        using TwoEngines engines = Make(counts, length, """
            fld fa0,0(s0)
            fld fs4,8(s0)
            lw a0,0(s2)
            fadd.d fa0,fa0,fs4
            amoadd.d a1,a2,(s3)
            fadd.d fa7,fa0,fa0
            fmul.d fs4,fa0,fs4
            fclass.d a3,fs4
            fld fa1,0(s2)
            fmadd.d fa2,fa1,fs4,fa0
            sw a0,0(s2)
            fsd fa2,2041(s0)
            fld fa3,2041(s0)
            fcvt.s.d fa4,fa3
            fsw fa4,16(s0)
            flw fs5,16(s0)
            fadd.s fs5,fs5,fa4
            fadd.s fs6,fs5,fa3
            fmv.x.w a4,fs5
            fcvt.h.s fa5,fs5
            fadd.s fa5,fa5,fs5
            cbo.zero (s0)
            fadd.d fa6,fa0,fa0
            wfi
            """);
        for (int i = 0; i < 3; i++)
        {
            int run = i;
            Equal(engines.Run((ref HartState s) =>
            {
                s.X[8] = TestMachine.Ram + 0x10800;
                s.X[18] = TestMachine.DevicePage;
                s.X[19] = TestMachine.Ram + 0x2_0000 + ((ulong)run * 0x1000);
                s.X[12] = One;
                s.F[10] = Third;
                s.F[20] = Three;
            }));
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(64)]
    public void Budgets_end_between_any_two_instructions(int length)
    {
        using TwoEngines engines = Make(counts: true, length, """
            again:
            fadd.d fa0,fa0,fa1
            fdiv.d fs4,fa0,fa2
            addi a0,a0,1
            fsub.s fa3,fa3,fa0
            fsd fs4,0(s0)
            fmul.d fa4,fs4,ft0
            flt.d a1,fa4,fa0
            jal zero,again
            """);
        Equal(engines.Run(
            (ref HartState s) => (s.F[10], s.F[11], s.F[12], s.F[0], s.X[8]) = (One, Third, Three, QuietNaN, TestMachine.Ram + 0x10000),
            instructions: 5));
        for (ulong budget = 1; budget < 60; budget++)
        {
            Equal(engines.Continue(budget));
            Assert.Equal(engines.Retired(translated: false), engines.Retired(translated: true));
        }
    }

    private static TwoEngines Make(bool counts, int length, string program)
    {
        TwoEngines engines = new(new TranslationOptions { CountsInstructions = counts, BlockInstructions = length });
        engines.Load(program);
        return engines;
    }

    private static void Equal(string? report) => Assert.True(report is null, report);
}
