namespace Strata.Conformance.Differential;

/// <summary>The driver itself: it must find, narrow and shrink a difference that is there, and none that is not.</summary>
[Collection("differential")]
public sealed class DriverTests
{
    // Opcode, funct3 and funct7 of the instruction that is falsified, and the bits that make another one of it.
    private const ulong AddBecomesXor = 0x0000_4000_0000_0033;
    private const ulong SetLessThanUnsignedBecomesSigned = 0x0000_1000_0000_3033;

    [Theory]
    [InlineData(AddBecomesXor, "add")]
    [InlineData(SetLessThanUnsignedBecomesSigned, "sltu")]
    public void A_falsified_instruction_is_found_and_shrunk_to_itself(ulong fault, string mnemonic)
    {
        DifferentialRun run = new(GuestProgram.Load("instructions"), new QemuRunner());
        string? report = run.Compare(new Parameters { Seed = 7, Count = 2000 }, new QemuRunner(), new FaultyRunner(new QemuRunner(), fault));
        Assert.NotNull(report);
        string[] instructions = [.. report.Split('\n').Where(line => line.Contains(":\t", StringComparison.Ordinal))];
        Assert.True(instructions.Length is >= 2 and <= 4, report);
        Assert.Contains($"\t{mnemonic}\t", report, StringComparison.Ordinal);
        Assert.Contains("seed 7 case", report, StringComparison.Ordinal);
    }

    [Fact]
    public void A_machine_that_stops_is_reported_with_the_case_it_stopped_in()
    {
        DifferentialRun run = new(GuestProgram.Load("instructions"), new QemuRunner());
        string? report = run.Compare(new Parameters { Seed = 7, Count = 2000 }, new StoppingRunner(new QemuRunner(), 1234));
        Assert.NotNull(report);
        Assert.Contains("case 1234 ", report, StringComparison.Ordinal);
        Assert.Contains("did not end in its time", report, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public void The_oracle_agrees_with_itself_one_instruction_at_a_time(uint mode)
    {
        QemuRunner single = new("QEMU 10, one instruction per block", "-accel", "tcg,one-insn-per-tb=on");
        DifferentialRun run = new(GuestProgram.Load("instructions"), new QemuRunner());
        string? report = run.Compare(new Parameters { Seed = 11, Count = 4000, Mode = mode }, single);
        Assert.True(report is null, report);
    }

    /// <summary>A machine with a wrong instruction: the parameter block tells the guest to run another one in its place.</summary>
    private sealed class FaultyRunner(IProgramRunner inner, ulong fault) : IProgramRunner
    {
        public string Name => "faulty";

        public ProgramOutput Run(byte[] elf, TimeSpan budget)
        {
            BitConverter.TryWriteBytes(elf.AsSpan(Parameters.Find(elf) + Parameters.SizeBytes - 8), fault);
            return inner.Run(elf, budget);
        }
    }

    /// <summary>A machine that never gets beyond one case.</summary>
    private sealed class StoppingRunner(IProgramRunner inner, ulong last) : IProgramRunner
    {
        public string Name => "stopping";

        public ProgramOutput Run(byte[] elf, TimeSpan budget)
        {
            int block = Parameters.Find(elf);
            ulong first = BitConverter.ToUInt64(elf, block + 24);
            ulong count = BitConverter.ToUInt64(elf, block + 32);
            uint cases = BitConverter.ToUInt32(elf, block + 60);
            if (last < first || last >= first + count) return inner.Run(elf, budget);
            ulong whole = BitConverter.ToUInt32(elf, block + 52) == 0 ? (last - first) / cases * cases : last - first;
            if (whole == 0) return new ProgramOutput(string.Empty, -1, Hung: true);
            BitConverter.TryWriteBytes(elf.AsSpan(block + 32), whole);
            ProgramOutput output = inner.Run(elf, budget);
            return new ProgramOutput(output.Text.Replace("end\n", string.Empty, StringComparison.Ordinal), -1, Hung: true);
        }
    }
}
