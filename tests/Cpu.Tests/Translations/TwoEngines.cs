using System.Globalization;
using System.Text;
using Strata.Cpu.RiscV.Csr;
using Strata.Cpu.Tests.Interpreter;
using Strata.Cpu.Translations;
using Strata.Guest.Memory;
using Strata.Guest.Processors;

namespace Strata.Cpu.Tests.Translations;

/// <summary>The same program on the interpreter and on the translator. A trap ends it as wfi does.</summary>
internal sealed class TwoEngines : IDisposable
{
    /// <summary>Where there is neither RAM nor a device.</summary>
    public const ulong Nowhere = 0x4000_0000;

    private const ulong Handler = TestMachine.Ram + 0x80_0000;

    private readonly TestMachine _interpreter = new();
    private readonly TestMachine _translator;

    public TwoEngines(TranslationOptions translation)
    {
        _translator = new TestMachine(translation: translation);
        foreach (TestMachine machine in Both)
        {
            machine.Bus.Map(TestMachine.DevicePage, 0x1000, new Echo());
            machine.Load("wfi", Handler);
        }
    }

    private TestMachine[] Both => [_interpreter, _translator];

    /// <summary>The translator's state.</summary>
    public ref HartState State => ref _translator.State;

    public void Load(string program, ulong address = TestMachine.Ram)
    {
        foreach (TestMachine machine in Both)
            machine.Load(program, address);
    }

    public void Load(ulong address, ReadOnlySpan<byte> bytes)
    {
        foreach (TestMachine machine in Both)
            machine.Load(address, bytes);
    }

    /// <summary>Runs both from the same state to wfi, or for so many instructions, and compares what comes out.</summary>
    /// <param name="prepare">Sets registers; before, all that is not a register of either file is as after a reset.</param>
    /// <param name="instructions">How many at most.</param>
    /// <returns>What differs, or null.</returns>
    public string? Run(StatePreparation prepare, ulong instructions = 100_000)
    {
        foreach (TestMachine machine in Both)
        {
            ref HartState s = ref machine.State;
            s.Pc = TestMachine.Ram;
            s.Mtvec = Handler;
            s.MStatus = MStatusBits.Fs;
            s.Frm = 0;
            s.Fflags = 0;
            s.IsWaiting = 0;
            s.Mcause = 0;
            s.Mtval = 0;
            s.Mepc = 0;
            prepare(ref s);
        }

        return Continue(instructions);
    }

    /// <summary>Runs both on, and compares.</summary>
    public string? Continue(ulong instructions)
    {
        RunExit expected = _interpreter.Run(instructions);
        RunExit actual = _translator.Run(instructions);
        ref HartState e = ref _interpreter.State;
        ref HartState a = ref _translator.State;
        bool isSame = expected.Reason == actual.Reason && Same(ref e.X, ref a.X) && Same(ref e.F, ref a.F) && e.Pc == a.Pc && e.MStatus == a.MStatus
            && e.Frm == a.Frm && e.Fflags == a.Fflags && e.Mcause == a.Mcause && e.Mtval == a.Mtval && e.Mepc == a.Mepc;
        return isSame ? null : $"{expected.Reason}, {actual.Reason}: {Differences(e, a)}";
    }

    /// <summary>Whether both have the same bytes there.</summary>
    public bool HaveSameMemory(ulong address, int bytes)
    {
        byte[] expected = new byte[bytes];
        byte[] actual = new byte[bytes];
        return _interpreter.Memory.Read(address, expected).IsDone && _translator.Memory.Read(address, actual).IsDone && expected.AsSpan().SequenceEqual(actual);
    }

    public ulong Retired(bool translated) => (translated ? _translator : _interpreter).Hart.InstructionsRetired;

    public void Dispose()
    {
        _interpreter.Dispose();
        _translator.Dispose();
    }

    private static bool Same(ref RegisterFile expected, ref RegisterFile actual) =>
        ((ReadOnlySpan<ulong>)expected).SequenceEqual(actual);

    private static string Differences(in HartState expected, in HartState actual)
    {
        StringBuilder text = new();
        void Compare(string name, ulong e, ulong a)
        {
            if (e != a)
                text.Append(CultureInfo.InvariantCulture, $"{name} {a:x} instead of {e:x}; ");
        }

        for (int i = 0; i < 32; i++)
        {
            Compare("x" + i, expected.X[i], actual.X[i]);
            Compare("f" + i, expected.F[i], actual.F[i]);
        }

        Compare("pc", expected.Pc, actual.Pc);
        Compare("mstatus", expected.MStatus, actual.MStatus);
        Compare("frm", expected.Frm, actual.Frm);
        Compare("fflags", expected.Fflags, actual.Fflags);
        Compare("mcause", expected.Mcause, actual.Mcause);
        Compare("mtval", expected.Mtval, actual.Mtval);
        Compare("mepc", expected.Mepc, actual.Mepc);
        return text.ToString();
    }

    /// <summary>Reads as one number always.</summary>
    private sealed class Echo : IMmioDevice
    {
        public bool Read(ulong offset, int size, out ulong value)
        {
            value = 0x3ff8_0000_3fc0_0000 & (ulong.MaxValue >> (64 - (8 * size)));
            return true;
        }

        public bool Write(ulong offset, int size, ulong value) => true;
    }
}

/// <summary>Sets what a program begins with.</summary>
internal delegate void StatePreparation(ref HartState state);
