using Strata.Cpu.Tests.Interpreter;
using Strata.Cpu.Translations;

namespace Strata.Cpu.Tests.Translations;

/// <summary>What the translator leaves out, fuses or computes in half: the same registers as the interpreter's, also where it is entered or faults in between.</summary>
public sealed class BlockPlanTests(ITestOutputHelper output)
{
    private const ulong Data = TestMachine.Ram + 0x10_0000;
    private const int Instruction = 4;

    // Registers of the host's (a0 to a5, s0, s1) and registers in memory (t0 to t4, a6, s2).
    private static readonly string[] s_registers = ["a0", "a1", "a2", "a3", "a4", "a5", "t0", "t1", "t2", "t3", "t4", "a6"];

    private static readonly ulong[] s_numbers = [0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 0x1_0000_0000, ulong.MaxValue, 0x8000_0000_0000_0000, 0x0123_4567_89ab_cdef];

    public static TheoryData<string, string> Idioms => new()
    {
        { "rotation", "slliw t1,a3,21; srliw a0,a3,11; or a0,a0,t1" },
        { "rotation, then both parts anew", "slliw t1,a3,21; srliw a4,a3,11; xor a0,a4,t1; addi t1,a0,1; addi a4,a0,2" },
        { "rotation of a register in memory", "srliw t2,t3,7; slliw t1,t3,25; addw t1,t1,t2; add t2,t1,t1" },
        { "rotation over its own operand", "slliw t1,a3,21; srliw a3,a3,11; or a3,a3,t1" },
        { "rotation over its own operand, in memory", "slliw a1,t3,21; srliw t3,t3,11; or t3,t3,a1" },
        { "rotation of 64 bits", "slli t1,a3,21; srli a0,a3,43; or a0,t1,a0; addi t1,a0,3" },
        { "rotation of 64 bits over its own operand", "slli t1,a3,57; srli a3,a3,7; xor a3,a3,t1" },
        { "no rotation: another amount", "slliw t1,a3,21; srliw a0,a3,12; or a0,a0,t1" },
        { "no rotation: another register", "slliw t1,a3,21; srliw a0,a4,11; or a0,a0,t1" },
        { "no rotation: the operand has changed", "slliw t1,a3,21; addi a3,a3,1; srliw a0,a3,11; or a0,a0,t1" },
        { "no rotation: the operand changes", "slliw t1,a3,21; srliw a0,a3,11; addi a3,a3,1; or a0,a0,t1" },
        { "no rotation: arithmetic", "slliw t1,a3,21; sraiw a0,a3,11; or a0,a0,t1" },
        { "zero-extension", "slli a5,a5,32; srli a5,a5,32" },
        { "zero-extension from another", "slli t0,a5,32; srli t0,t0,32" },
        { "zero-extension, half kept", "slli t0,a5,32; srli a4,t0,32; add a4,a4,t0" },
        { "index", "slli a5,a5,32; srli a5,a5,30; add a5,a5,a4" },
        { "index in memory", "slli t0,t0,32; srli t0,t0,29; add t0,a4,t0" },
        { "index of another", "slli a5,a5,3; add a5,a5,a4" },
        { "index of itself", "slli t0,a5,2; add t0,t0,a5" },
        { "sign-extension of 16 bits", "slli a5,a5,48; srai a5,a5,48" },
        { "zero-extension of 16 bits", "slli t0,a5,48; srli t0,t0,48" },
        { "sign-extension of 8 bits", "slli t0,t0,56; srai t0,t0,56" },
        { "sign-extension of 32 bits", "slli t0,a1,32; srai t0,t0,32" },
        { "low bits", "slli a5,a5,40; srli a5,a5,40" },
        { "low 31 bits", "slli a5,t1,33; srli a5,a5,33" },
        { "a constant", "lui a5,0x83; addi a5,a5,294" },
        { "a constant of 32 bits", "lui t0,0x80000; addiw t0,t0,-1; slli t0,t0,4" },
        { "an address", "auipc t0,0x12; addi t0,t0,-2002" },
        { "halves alone", "addw t0,a0,a1; addw t0,t0,a2; subw t0,t0,t1; addw a3,t0,t0; addi t0,a3,1" },
        { "halves of host registers", "addw a4,a0,a1; addw a4,a4,t2; mulw a4,a4,a2; sllw a3,a4,a1; srliw a4,a3,3; addi a4,a4,1; addi a3,a0,1" },
        { "halves and bits", "addw t0,a0,a1; addw t1,a2,a3; xor t0,t0,t1; or t1,t0,a4; addw a5,t0,t1; addi t0,a5,0; addi t1,a5,1" },
        { "bits of extended halves", "addw t0,a0,a1; srliw t1,a2,3; xor t0,t0,t1; and t0,t0,t1; addw t0,t0,a4; addi t1,t0,1" },
        { "not all bits are halves", "addw t0,a0,a1; xor t0,t0,a2; addw a3,t0,t0; addi t0,a3,1" },
        { "a mask", "addw t0,a0,a1; andi t0,t0,255; slli t0,t0,2; add t0,t0,a4" },
        { "stored halves", "addw t0,a0,a1; sw t0,0(s2); addw a4,a1,a2; sh a4,4(s2); addi t0,a0,1; addi a4,a0,2" },
        { "a stored whole", "addw t0,a0,a1; sd t0,0(s2); addw t0,t0,a2; sd t0,8(s2); addi t0,a0,1" },
        { "a chain", "add t0,a0,a1; xor t0,t0,a2; sub t0,t0,t1; addi t0,t0,5; and t0,a3,t0; sub t0,a3,t0" },
        { "nobody reads it", "add t0,a0,a1; add t0,a2,a3; mul a4,a0,a1; addi a4,a0,1" },
        { "copies", "addi t0,a0,0; addi t1,t0,0; addi a1,t1,0; addiw t0,t1,0; addiw t0,t0,0" },
        { "comparisons", "sltu t0,a0,a1; add t1,t0,a2; sltiu t0,t1,1; bne t0,zero,8; addi a3,a3,1" },
        { "read after a load that nobody wants", "ld t1,0(s1); ld zero,8(s1); add t2,t1,a1; ld t3,16(s1)" },
        { "read after a load of a byte that nobody wants", "lw t1,0(s1); lbu zero,3(s1); xor a4,t1,a1; lw t3,16(s1)" },
        { "read after it is left out", "add t0,a0,a1; slli a5,a5,32; srli a5,a5,32; add a4,t0,a5" },
    };

    [Theory]
    [MemberData(nameof(Idioms))]
    public void IdiomsGiveWhatTheirInstructionsGive(string name, string program)
    {
        Assert.NotEmpty(name);
        string[] instructions = program.Split("; ");
        foreach (bool counts in (bool[])[false, true])
        {
            using TwoEngines engines = new(new TranslationOptions { CountsInstructions = counts });
            Check(engines, instructions);
            for (int gap = 0; gap <= instructions.Length; gap++)
            {
                foreach (string access in (string[])["lw a7,0(s1)", "sw a0,0(s1)", "ld t5,0(s1); ld t6,8(s1)"])
                    Check(engines, [.. instructions[..gap], .. access.Split("; "), .. instructions[gap..]]);
            }
        }
    }

    [Theory]
    [InlineData(64, false)]
    [InlineData(64, true)]
    [InlineData(7, false)]
    public void RandomCodeGivesWhatTheInterpreterGives(int blockInstructions, bool counts)
    {
        int seed = Seed.Take(output);
        Random random = new(seed);
        using TwoEngines engines = new(new TranslationOptions { BlockInstructions = blockInstructions, CountsInstructions = counts });
        for (int i = 0; i < 250; i++)
            Check(engines, [.. Enumerable.Range(0, random.Next(4, 40)).Select(_ => RandomInstruction(random))]);
    }

    // From the start, then from each instruction; where s1 leads to memory, to a device, nowhere, and to memory up to a page's end.
    private static void Check(TwoEngines engines, string[] instructions)
    {
        engines.Load(string.Join('\n', instructions) + "\nwfi");
        int set = instructions.Length;
        for (int entry = 0; entry < instructions.Length; entry++)
        {
            foreach (ulong base1 in (ulong[])[Data, TwoEngines.Nowhere, TestMachine.DevicePage, Data + 0xff8])
            {
                int numbers = set++;
                string? report = engines.Run((ref HartState s) =>
                {
                    for (int x = 5; x < 32; x++)
                        s.X[x] = s_numbers[(uint)((numbers * 7) + (x * x * (numbers + 3))) % (uint)s_numbers.Length] + (ulong)(x & 1);
                    s.X[9] = base1;
                    s.X[18] = Data + 0x100;
                    s.Pc = TestMachine.Ram + (ulong)(entry * Instruction);
                });
                Assert.True(report is null, $"{string.Join("; ", instructions)} from {entry}, s1 = {base1:x}: {report}");
            }
        }
    }

    private static string RandomInstruction(Random random)
    {
        string Register() => s_registers[random.Next(s_registers.Length)];
        string near = s_registers[random.Next(3) + (random.Next(2) * 6)];
        string d = random.Next(3) == 0 ? Register() : near;
        return random.Next(22) switch
        {
            < 4 => $"{Pick(random, "addw", "subw", "mulw", "sllw", "srlw", "sraw")} {d},{Register()},{Register()}",
            < 7 => $"{Pick(random, "slliw", "srliw", "sraiw")} {d},{near},{Pick(random, "0", "7", "11", "21", "25", "31")}",
            < 9 => $"{Pick(random, "slli", "srli", "srai")} {d},{near},{Pick(random, "2", "3", "29", "32", "32", "48", "56", "61")}",
            < 13 => $"{Pick(random, "or", "xor", "and", "add", "sub", "addw", "mul", "sltu")} {d},{Register()},{near}",
            < 15 => $"{Pick(random, "addi", "addiw", "andi", "xori", "ori")} {d},{near},{random.Next(-2048, 2048)}",
            15 => $"lui {d},{random.Next(1 << 20)}",
            16 => $"{Pick(random, "lw", "lbu", "ld", "lwu")} {(random.Next(6) == 0 ? "zero" : d)},{Pick(random, "0", "4", "16")}({Pick(random, "s1", "s2", "s2")})",
            17 => $"{Pick(random, "sw", "sb", "sd")} {d},{Pick(random, "0", "8", "20")}({Pick(random, "s1", "s2", "s2")})",
            18 => $"{Pick(random, "beq", "bne", "bltu")} {Register()},{near},8",
            19 => $"{Pick(random, "bset", "sh2add", "add.uw", "ror", "andn", "sh1add")} {d},{Register()},{near}",
            20 => $"auipc {d},{random.Next(1 << 10)}",
            _ => $"addi {d},zero,{random.Next(-2048, 2048)}",
        };
    }

    private static string Pick(Random random, params string[] choices) => choices[random.Next(choices.Length)];
}
