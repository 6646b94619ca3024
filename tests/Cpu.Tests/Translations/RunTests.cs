using Strata.Cpu.Tests.Interpreter;
using Strata.Cpu.Translations;

namespace Strata.Cpu.Tests.Translations;

/// <summary>
/// Accesses that share a look-up, with whatever may lie between them: the same registers and memory as the interpreter's, wherever one of them faults, misses, is a
/// device's or leaves the page, and wherever the run is entered.
/// </summary>
public sealed class RunTests(ITestOutputHelper output)
{
    private const ulong Data = TestMachine.Ram + 0x10_0000;
    private const int DataBytes = 0x3000;
    private const int Instruction = 4;

    // Registers of the host's and registers in memory.
    private static readonly string[] s_registers = ["a0", "a2", "a4", "a5", "t0", "t1", "a6", "s3"];
    private static readonly string[] s_floats = ["fa0", "fa1", "fa5", "ft0", "fs1", "ft10", "fs9"];

    // Bases that were just computed, and parts of what a plan makes one operation of or leaves for later.
    private static readonly string[] s_halves =
    [
        "addi t0,s1,8", "addi s3,s2,-8", "add t0,s2,zero", "addi s3,s3,4", "slliw t1,a2,21", "srliw a0,a2,11", "or a0,a0,t1", "addw t1,a0,t0", "slli t1,a0,3",
        "add t1,t1,a4", "slli a6,a6,32", "srli a6,a6,30", "and t1,t1,a0", "sub t1,a6,t1", "or t1,t1,a6", "addi a6,zero,7",
        "addi t0,s2,24", "addi t0,t0,16", "addi s3,s1,-32", "add s3,s1,zero", "auipc t0,0x100",
    ];

    // Where the bases point: inside a page, to its end, odd, into a page that is stored to later, to a device, nowhere.
    private static readonly ulong[] s_places = [Data + 0x200, Data + 0xff0, Data + 0x1001, Data + 0x1ffc, TestMachine.DevicePage, TwoEngines.Nowhere];

    public static TheoryData<string, string> Runs => new()
    {
        { "load, then store", "ld a0,8(s1); addi a0,a0,1; sd a0,8(s1)" },
        { "store, then load of a part", "sd a2,8(s1); lh t0,12(s1); lbu a0,9(s1)" },
        { "another base in between", "ld a0,0(s1); ld t0,8(s2); sd a0,8(s1); sd t0,0(s2)" },
        { "another base that has more", "ld a0,0(s1); ld t0,8(s2); ld t1,16(s2); sd t0,24(s2); sd a0,8(s1)" },
        { "the other base is loaded", "ld s2,0(s1); ld t0,8(s1); add t0,t0,a0; sd t0,16(s1)" },
        { "its own base at last", "ld a0,0(s1); sd a0,16(s1); ld s1,8(s1); addi a0,a0,1" },
        { "numbers of both kinds", "fld fa0,0(s1); flw ft10,8(s1); fsd fa0,16(s1); fsw ft10,24(s1)" },
        { "arithmetic of both kinds", "fld fa0,0(s1); fld fa1,8(s1); addi a0,a0,3; fmul.d fa0,fa0,fa1; fadd.d fa0,fa0,fa0; fsd fa0,16(s1)" },
        { "what the interpreter has to finish", "fld fa0,0(s1); fsub.d fa0,fa0,fa0; fdiv.d fa1,fa0,fa0; fsd fa1,8(s1); ld a0,8(s1)" },
        { "what is in no box", "fld fa0,0(s1); fadd.s fa1,fa0,fa0; fsw fa1,8(s1); lw a0,8(s1)" },
        { "halves that are pending", "addw t0,a0,a1; lw t1,0(s1); addw t0,t0,t1; ld a4,0(s2); sw t0,4(s1); addi t0,a4,1" },
        { "shifts by registers", "ld t0,0(s1); sll t1,t0,a6; srl a0,t1,t0; sd t1,8(s1); sra t0,t1,a6; sd t0,16(s1)" },
        { "division, which takes the register", "ld t0,0(s1); sd t0,8(s1); div a0,t0,a2; mulhu a4,t0,a2; sd a0,16(s1); sd a4,24(s1)" },
        { "a base that was just computed", "addi t0,s1,8; ld a0,0(t0); sd t0,8(t0); sd a0,16(t0)" },
        { "a base that is stored as well", "addi t0,s1,8; sd t0,8(t0); ld a0,-8(t0); sw t0,20(t0); sd a0,24(t0)" },
        { "a value that was just computed", "ld t0,0(s1); addi t1,t0,3; sd t1,0(s2); xor t1,t1,t0; sd t1,8(s1); sub t1,t1,t0; sw t1,16(s1)" },
        { "what was just computed, to the base it is", "ld t0,0(s1); add t1,s1,zero; sd t1,-8(t1); ld a6,16(t1); add a6,a6,t0; sd a6,24(s1)" },
        { "an address of zero in between", "ld t0,8(s1); ld a0,16(zero); sd t0,0(s1)" },
        { "a rotation that waits", "slliw t1,a3,21; lw t0,0(s1); srliw a0,a3,11; lw a4,8(s2); or a0,a0,t1; addw t1,a0,t0; sd t1,8(s1); sw t1,4(s2)" },
        { "an index that waits", "slli t0,a0,3; ld t1,0(s1); ld a4,0(s2); add t0,t0,a1; sd t0,8(s1); slli t0,t0,32; sd t1,0(s2); srli t0,t0,30; sd t0,16(s1)" },
        { "what nobody reads waits", "addi t0,a0,5; ld t1,0(s1); ld a4,8(s2); sd a4,8(s1); addi t0,zero,7; sd t1,16(s1); sd t0,24(s1)" },
        { "singles in boxes and not", "fld ft10,0(s1); flw fa0,8(s1); fsw ft10,12(s2); fadd.s fa0,fa0,fa0; fsw fa0,4(s1); fadd.s fa1,ft10,fa0; feq.s a0,fa0,fa0; sd a0,8(s1)" },
        { "two bases in turn", "ld a0,0(s1); sd a0,0(s2); ld a4,8(s1); sd a4,8(s2); ld t0,16(s1); sd t0,16(s2); sb a0,-1(s2)" },
        { "bases that come from one", "ld a0,0(s1); addi t0,s1,8; sd a0,0(t0); addi s3,s1,24; ld a4,-8(s3); sd a4,8(t0); addi s1,s1,32; sd a0,-32(s1)" },
        { "a base that moves", "ld a0,0(s1); sd a0,64(s1); addi s1,s1,16; ld a4,0(s1); sd a4,64(s1); addi s1,s1,-16; sd a4,8(s1)" },
        { "a base in memory that moves", "addi t0,s1,0; ld a0,0(t0); sd a0,64(t0); addi t0,t0,16; ld a4,0(t0); sd a4,64(t0); addi t1,t0,-8; sd a4,8(t1)" },
        { "bases related in front of it, and the first moved", "addi t0,s1,8; addi s1,s1,16; ld a2,0(s1); sd a2,0(t0); addi s1,s1,-16" },
        { "a held base from one in memory, in front of it", "addi a0,t0,8; ld a4,0(t0); ld a5,0(a0); sd a4,8(a0)" },
        { "a chain of bases, in front of it", "addi t0,s1,8; addi t1,t0,8; ld a2,0(s1); ld a4,0(t1); sd a2,8(t1)" },
        { "a base that moves, related in front of it", "addi t0,s1,0; ld a2,0(s1); addi t0,t0,16; ld a4,0(t0); sd a2,0(t0)" },
        { "a base that comes back from another", "addi t0,s1,8; ld a2,0(s1); addi s1,t0,-8; ld a4,8(s1); sd a2,16(s1)" },
        { "more groups than can be held", "ld a0,0(s1); ld a4,1024(s1); ld a5,2032(s1); ld a6,-1024(s1); ld t1,0(s2); ld a2,1024(s2); ld t2,-2000(s2); sd a0,8(s1); sd a4,1032(s1); sd a5,2024(s1); sd a6,-1016(s1); sd t1,8(s2); sd a2,1032(s2); sd t2,-1992(s2)" },
        { "branches out of it", "addi a3,a3,1; ld a0,0(s1); andi a3,a3,3; ld t0,0(s2); bne a3,zero,-16; ld a4,8(s1); sd a4,8(s2); beq a0,t0,-28; sd a0,16(s1); sd t0,24(s2)" },
        { "branches forward out of it", "ld a0,0(s1); beq a0,zero,48; ld a4,8(s1); bltu a4,a0,40; sd a4,16(s1); ld t0,0(s2); bge t0,a4,28; sd t0,24(s1); sd a0,8(s2); addi t1,t1,1; addi t1,t1,2; addi t1,t1,3; addi t1,t1,4; addi t1,t1,5" },
        { "a store that is not executed", "ld a0,0(s1); ld a4,16(s1); beq a0,a0,12; sd a4,8(s1); sd a0,24(s1); addi t0,a0,1" },
        { "an address near the page that is executed", "auipc t0,0x100; ld t0,0x200(t0); sd t0,0(s1); auipc a5,0x100; sd t0,0x210(a5); ld a0,8(s1); auipc t1,0x100; lw t1,0x204(t1)" },
        { "an address near the page, where nothing is", "ld a0,0(s1); auipc t0,0x70000; ld t0,0x200(t0); sd t0,8(s1)" },
        { "a constant address", "ld a0,0(s1); lui t0,0x80; ld t0,0x10(t0); sd t0,8(s1)" },
        { "an address that was waited for", "addi t0,s1,8; ld t1,0(t0); addi a6,s2,-8; sd t1,16(a6); addi t0,t1,5; ld a4,24(a6); addi a6,zero,9; sd a4,8(s1)" },
        { "a loop", "ld t0,0(s1); ld t1,8(s1); addi a3,a3,1; sd a3,8(s1); andi a3,a3,7; bne a3,zero,-12; sd t0,16(s1)" },
    };

    [Theory]
    [MemberData(nameof(Runs))]
    public void RunsDoWhatTheirInstructionsDo(string name, string program)
    {
        Assert.NotEmpty(name);
        foreach (bool counts in (bool[])[false, true])
        {
            using TwoEngines engines = new(new TranslationOptions { CountsInstructions = counts });
            Check(engines, program.Split("; "), new Random(1), counts);
        }
    }

    [Theory]
    [InlineData(64, false)]
    [InlineData(64, true)]
    [InlineData(7, false)]
    public void RandomAccessesDoWhatTheInterpreterDoes(int blockInstructions, bool counts)
    {
        int seed = Seed.Take(output);
        Random random = new(seed);
        using TwoEngines engines = new(new TranslationOptions { BlockInstructions = blockInstructions, CountsInstructions = counts });
        for (int i = 0; i < 150; i++)
            Check(engines, [.. Enumerable.Range(0, random.Next(3, 30)).Select(_ => RandomInstruction(random))], random, counts);
    }

    // From the start, then from each instruction, wherever the bases lead.
    private static void Check(TwoEngines engines, string[] instructions, Random random, bool counts)
    {
        engines.Load(string.Join('\n', instructions) + "\nwfi");
        byte[] data = new byte[DataBytes];
        for (int entry = 0; entry < instructions.Length; entry++)
        {
            foreach (ulong first in s_places)
            {
                ulong second = s_places[random.Next(4)] + 64;
                random.NextBytes(data);
                BitConverter.TryWriteBytes(data.AsSpan(0x200), random.NextDouble());
                engines.Load(Data, data);
                ulong number = (ulong)random.NextInt64();
                bool strays = random.Next(2) == 0;
                string? report = engines.Run(
                    (ref HartState s) =>
                    {
                        for (int x = 5; x < 32; x++)
                        {
                            s.X[x] = number * (ulong)x;
                            s.F[x] = (x & 1) != 0 ? BitConverter.DoubleToUInt64Bits(x * 1.5) : 0xffff_ffff_3f80_0000 + (ulong)x;
                        }

                        s.X[5] = strays ? TwoEngines.Nowhere : first + 128;
                        s.X[19] = strays ? TestMachine.DevicePage + 8 : second + 64;
                        s.X[10] = strays ? TwoEngines.Nowhere + 8 : s.X[10];
                        s.X[9] = first;
                        s.X[18] = second;
                        s.Pc = TestMachine.Ram + (ulong)(entry * Instruction);
                    },
                    instructions: 2_000);
                Assert.True(report is null, $"{string.Join("; ", instructions)} from {entry}, s1 = {first:x}, s2 = {second:x}: {report}");
                Assert.True(!counts || engines.Retired(true) == engines.Retired(false), $"{string.Join("; ", instructions)} from {entry}, s1 = {first:x}, s2 = {second:x}: retired otherwise");
                Assert.True(engines.HaveSameMemory(Data, DataBytes), $"{string.Join("; ", instructions)} from {entry}, s1 = {first:x}, s2 = {second:x}: memory differs");
            }
        }
    }

    private static string RandomInstruction(Random random)
    {
        string Register() => s_registers[random.Next(s_registers.Length)];
        string Float() => s_floats[random.Next(s_floats.Length)];
        string place = $"{random.Next(-8, 32) * 4}({Pick(random, "s1", "s1", "s1", "s2", "s2", "t0", "s3")})";
        return random.Next(26) switch
        {
            < 4 => $"{Pick(random, "lb", "lbu", "lh", "lhu", "lw", "lwu", "ld", "ld")} {(random.Next(8) == 0 ? "zero" : Register())},{place}",
            < 7 => $"{Pick(random, "sb", "sh", "sw", "sd")} {(random.Next(8) == 0 ? "zero" : Register())},{place}",
            < 9 => $"{Pick(random, "flw", "fld")} {Float()},{place}",
            < 11 => $"{Pick(random, "fsw", "fsd")} {Float()},{place}",
            < 13 => $"{Pick(random, "fadd.d", "fmul.d", "fsub.s", "fdiv.d", "fmin.d", "fsgnjn.d", "fsgnj.s")} {Float()},{Float()},{Float()}",
            13 => $"{Pick(random, "feq.d", "flt.d", "feq.s")} {Register()},{Float()},{Float()}",
            14 => $"{Pick(random, "fcvt.d.l", "fcvt.s.wu", "fmv.d.x")} {Float()},{Register()}",
            < 17 => $"{Pick(random, "add", "addw", "xor", "sll", "srlw", "mul", "sltu", "max", "bset", "sh2add", "andn", "ror")} {Register()},{Register()},{Register()}",
            17 => $"{Pick(random, "addiw", "slli", "srai")} {Register()},{Register()},{random.Next(1, 31)}",
            18 => $"{Pick(random, "divu", "mulhu", "rem")} {Register()},{Register()},{Register()}",
            >= 19 and < 25 => Pick(random, s_halves),
            _ => random.Next(3) == 0 ? $"addi {Pick(random, "s1,s1", "s2,s2")},{Pick(random, "8", "-4", "64")}" : $"beq {Register()},{Register()},8",
        };
    }

    private static string Pick(Random random, params string[] choices) => choices[random.Next(choices.Length)];
}
