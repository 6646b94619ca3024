using Strata.Cpu.RiscV;
using Strata.Cpu.RiscV.Csr;
using Strata.Cpu.Tests.Interpreter;

namespace Strata.Cpu.Tests.RiscV;

/// <summary>
/// Derives the class of every instruction by running it on random states under two random privileged states, in U-mode and in M-mode (G. J. Popek and
/// R. P. Goldberg, "Formal Requirements for Virtualizable Third Generation Architectures", 1974: a monitor can be made if what is sensitive is privileged).
/// </summary>
public sealed class PopekGoldbergTests : IDisposable
{
    private const int Seed = 1974;
    private const int Trials = 50;
    private const ulong Code = TestMachine.Ram + 0x1000;
    private const ulong Scratch = TestMachine.Ram + 0x8_0000;
    private const int ScratchBytes = 4096;
    private const ulong NoTrap = 63;

    private static readonly int[] Csrs =
    [
        CsrNumber.Fflags, CsrNumber.Frm, CsrNumber.Fcsr, CsrNumber.Cycle, CsrNumber.Time, CsrNumber.Instret, CsrNumber.Hpmcounter3, CsrNumber.Sstatus,
        CsrNumber.Sie, CsrNumber.Stvec, CsrNumber.Satp, CsrNumber.Sscratch, CsrNumber.Stimecmp, CsrNumber.Mstatus, CsrNumber.Mie, CsrNumber.Mscratch,
        CsrNumber.Mhartid, CsrNumber.Mcycle, CsrNumber.Pmpaddr0 + 1,
    ];

    private readonly TestMachine _machine = new();
    private readonly Random _random = new(Seed);

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void EveryRowHasTheClassThatItsBehaviourShows()
    {
        List<string> wrong = [];
        foreach (InstructionRow row in InstructionTable.Rows.Where(row => row.Operation != Operation.Illegal))
        {
            InstructionClass derived = Derive(row, countersTrap: false);
            if (derived != row.Class)
                wrong.Add($"{row.Mnemonic}: is {row.Class} in the table, behaves as {derived}");
        }

        Assert.True(wrong.Count == 0, $"seed {Seed}\n{string.Join('\n', wrong)}");
    }

    [Fact]
    public void WithTheCountersTrappingNothingIsSensitiveWithoutATrap()
    {
        foreach (InstructionRow row in InstructionTable.Rows.Where(row => row.Operation != Operation.Illegal))
            Assert.True(Derive(row, countersTrap: true) is InstructionClass.Privileged or InstructionClass.Innocuous, $"{row.Mnemonic}, seed {Seed}");
    }

    [Fact]
    public void WhatIsPrivilegedRunsInMachineModeUnlessItIsACall()
    {
        foreach (InstructionRow row in InstructionTable.Rows.Where(row => row.Class == InstructionClass.Privileged))
        {
            bool isCall = row.Operation is Operation.Ecall or Operation.Ebreak;
            for (int trial = 0; trial < Trials; trial++)
                Assert.True(isCall == Execute(RandomWord(row), _random.Next(), countersTrap: false, PrivilegeMode.Machine).Trapped, $"{row.Mnemonic}, seed {Seed}");
        }
    }

    [Theory]
    [InlineData("sret", MStatusBits.Tsr)]
    [InlineData("wfi", MStatusBits.Tw)]
    [InlineData("sfence.vma", MStatusBits.Tvm)]
    [InlineData("sinval.vma", MStatusBits.Tvm)]
    public void Section3_1_6_5_WhatSupervisorModeMayDoCanBeMadeToTrapThereToo(string mnemonic, ulong trapBit)
    {
        InstructionRow row = InstructionTable.Rows.Single(row => row.Mnemonic == mnemonic);
        for (int trial = 0; trial < Trials; trial++)
        {
            Result result = Execute(RandomWord(row), _random.Next(), countersTrap: false, PrivilegeMode.Supervisor);
            Assert.Equal((result.Status & trapBit) != 0, result.Trapped);
        }
    }

    private InstructionClass Derive(InstructionRow row, bool countersTrap)
    {
        bool everRan = false;
        bool changesControl = false;
        bool dependsOnControl = false;
        int trials = row.Format == InstructionFormat.CsrAccess ? 10 * Trials : Trials;
        for (int trial = 0; trial < trials; trial++)
        {
            uint word = RandomWord(row);
            int registers = _random.Next();
            Result first = Execute(word, registers, countersTrap);
            Result second = Execute(word, registers, countersTrap);
            everRan |= !first.Trapped || !second.Trapped;
            changesControl |= (!first.Trapped && first.ControlChanged) || (!second.Trapped && second.ControlChanged);
            dependsOnControl |= !first.Trapped && !second.Trapped && first.Visible != second.Visible;
        }

        return !everRan ? InstructionClass.Privileged
            : changesControl ? InstructionClass.ControlSensitive
            : dependsOnControl ? InstructionClass.BehaviourSensitive
            : InstructionClass.Innocuous;
    }

    private uint RandomWord(InstructionRow row)
    {
        uint word = row.Match | ((uint)_random.NextInt64(1L << 32) & ~row.Mask & (row.Length == 2 ? 0xffffu : uint.MaxValue));
        if (row.Format == InstructionFormat.CsrAccess && _random.Next(4) != 0)
            word = (word & 0xf_ffff) | ((uint)Csrs[_random.Next(Csrs.Length)] << 20);

        // A CSR is only read if the source is x0.
        return row.Format == InstructionFormat.CsrAccess && _random.Next(2) == 0 ? word & ~(31u << 15) : word;
    }

    /// <summary>Executes the word once, with registers that depend on the seed and privileged state that does not.</summary>
    private Result Execute(uint word, int registers, bool countersTrap, PrivilegeMode mode = PrivilegeMode.User)
    {
        Random user = new(registers);
        ref HartState s = ref _machine.State;
        _machine.Hart.Reset();
        s.InstructionsRetired = 0;
        for (int i = 1; i < 32; i++)
        {
            s.X[i] = Scratch + (ulong)(user.Next(512) + 2048 & ~7);
            s.F[i] = (ulong)user.NextInt64();
        }

        s.Frm = (byte)user.Next(5);
        s.Pc = Code;
        byte[] memory = new byte[ScratchBytes];
        user.NextBytes(memory);
        _machine.Load(Scratch, memory);
        _machine.Load(Code, [.. BitConverter.GetBytes(word), 0x01, 0x00]);
        RandomizeControl(ref s, countersTrap);
        s.Privilege = mode;
        ulong status = s.MStatus;
        Control before = Control.Of(in s);
        _machine.Run(1);

        bool trapped = s.Mcause != NoTrap || s.Scause != NoTrap;
        Assert.True(_machine.Memory.Read(Scratch, memory).IsDone);
        return new Result(trapped, Control.Of(in s) != before, status, Visible(in s, memory));
    }

    private void RandomizeControl(ref HartState s, bool countersTrap)
    {
        const ulong Variable = MStatusBits.Sie | MStatusBits.Mie | MStatusBits.Spie | MStatusBits.Mpie | MStatusBits.Spp | MStatusBits.Fs | MStatusBits.Sum
            | MStatusBits.Mxr | MStatusBits.Tvm | MStatusBits.Tw | MStatusBits.Tsr;
        s.MStatus = (s.MStatus & ~Variable) | ((ulong)_random.NextInt64() & Variable);
        s.Medeleg = (ulong)_random.Next(0x10000);
        s.Mcounteren = countersTrap ? 0 : _random.Next(2) == 0 ? 15 : (ulong)_random.Next(16);
        s.Scounteren = countersTrap ? 0 : _random.Next(2) == 0 ? 15 : (ulong)_random.Next(16);
        s.Menvcfg = (ulong)_random.Next(256) & (EnvironmentBits.Cbie | EnvironmentBits.Cbcfe | EnvironmentBits.Cbze);
        s.Senvcfg = (ulong)_random.Next(256) & (EnvironmentBits.Cbie | EnvironmentBits.Cbcfe | EnvironmentBits.Cbze);
        s.Mscratch = (ulong)_random.NextInt64();
        s.Sscratch = (ulong)_random.NextInt64();
        s.Mepc = s.Sepc = (ulong)_random.NextInt64() & ~1UL;
        s.McycleOffset = (ulong)_random.NextInt64();
        s.MinstretOffset = (ulong)_random.NextInt64();
        s.Mtvec = s.Stvec = TestMachine.Ram;
        s.Mcause = s.Scause = NoTrap;
        s.PmpAddress[0] = (1UL << 54) - 1;
        s.PmpConfiguration[0] = 0x1f;
        s.PmpEpoch++;
        s.TranslationChanged = 1;
    }

    private static string Visible(in HartState s, byte[] memory)
    {
        HashCode hash = default;
        for (int i = 0; i < 32; i++)
        {
            hash.Add(s.X[i]);
            hash.Add(s.F[i]);
        }

        hash.AddBytes(memory);
        return $"{hash.ToHashCode():x8} {s.Pc:x} {s.Frm} {s.Fflags}";
    }

    private readonly record struct Result(bool Trapped, bool ControlChanged, ulong Status, string Visible);

    /// <summary>Everything that only a more privileged mode may change; FS becoming dirty only says that the guest has changed what is its own.</summary>
    private readonly record struct Control(
        PrivilegeMode Mode, ulong Status, (ulong Medeleg, ulong Mideleg, ulong Mie, ulong Mip) Traps, (ulong Mtvec, ulong Mepc, ulong Mscratch) Machine,
        (ulong Stvec, ulong Sepc, ulong Sscratch, ulong Satp, ulong Stimecmp) Supervisor, (ulong Mcounteren, ulong Scounteren, ulong Inhibit) Counters,
        (ulong Menvcfg, ulong Senvcfg, ulong Cycle, ulong Instret, uint Pmp) Rest)
    {
        public static Control Of(in HartState s) => new(
            s.Privilege,
            s.MStatus & ~MStatusBits.Fs,
            (s.Medeleg, s.Mideleg, s.Mie, s.Mip),
            (s.Mtvec, s.Mepc, s.Mscratch),
            (s.Stvec, s.Sepc, s.Sscratch, s.Satp, s.Stimecmp),
            (s.Mcounteren, s.Scounteren, s.Mcountinhibit),
            (s.Menvcfg, s.Senvcfg, s.McycleOffset, s.MinstretOffset, s.PmpEpoch));
    }
}
