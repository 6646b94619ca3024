using System.Runtime.InteropServices;
using Strata.Cpu.RiscV.Csr;
using Strata.Guest.Interrupts;
using Strata.Guest.Memory;
using Strata.Guest.State;
using Strata.Guest.Time;

namespace Strata.Cpu.Tests.Csr;

/// <summary>A hart's state in native memory with its CSRs, a clock that tests move by hand, and the STIP line connected.</summary>
public sealed unsafe class TestHart : IDisposable
{
    private readonly HartState* _state = (HartState*)NativeMemory.AllocZeroed((nuint)sizeof(HartState));

    public TestHart(HartConfiguration? configuration = null)
    {
        Configuration = configuration ?? new HartConfiguration { HartId = 0 };
        HartReset.Apply(ref State, Configuration);
        Csr = new CsrFile(Configuration, Clock, new StateLine(_state, InterruptBits.SupervisorTimer));
        Csr.Synchronize(ref State);
    }

    public HartConfiguration Configuration { get; }

    public ManualClock Clock { get; } = new();

    public CsrFile Csr { get; }

    public ref HartState State => ref *_state;

    public ulong Read(int csr)
    {
        Assert.True(Csr.Read(ref State, csr, out ulong value), $"reading {csr:x} in {State.Privilege}");
        return value;
    }

    public void Write(int csr, ulong value) => Assert.True(Csr.Write(ref State, csr, value), $"writing {csr:x} in {State.Privilege}");

    public void Dispose() => NativeMemory.Free(_state);

    private sealed class StateLine(HartState* state, ulong bit) : IInterruptLine
    {
        public void Set(bool level)
        {
            if (level)
                Interlocked.Or(ref state->InterruptInputs, bit);
            else
                Interlocked.And(ref state->InterruptInputs, ~bit);
        }
    }
}

/// <summary>Time that stands still until a test moves it; events that fall due then run at once.</summary>
public sealed class ManualClock : GuestClock
{
    private readonly List<ManualEvent> _events = [];
    private ulong _now;

    public override ulong Now => _now;

    public override ulong WallClockNanoseconds => 0;

    public override bool IsDeterministic => true;

    public void AdvanceTo(ulong ticks)
    {
        _now = ticks;
        foreach (ManualEvent due in _events)
            due.RunIfDue(ticks);
    }

    public override ClockEvent CreateEvent(string name, Func<MemoryWait?> action)
    {
        ManualEvent created = new(action);
        _events.Add(created);
        return created;
    }

    public override void Save(StateWriter writer) => throw new NotSupportedException();

    public override void Restore(ref StateReader reader) => throw new NotSupportedException();

    public override HostWork BeginHostWork(string name, ulong modelledTicks, Func<MemoryWait?> action) => throw new NotSupportedException();

    private sealed class ManualEvent(Func<MemoryWait?> action) : ClockEvent
    {
        private ulong _deadline = ulong.MaxValue;

        public override ulong Deadline => _deadline;

        public override void Set(ulong deadlineTicks) => _deadline = deadlineTicks;

        public void RunIfDue(ulong now)
        {
            if (_deadline > now)
                return;
            _deadline = ulong.MaxValue;
            Assert.Null(action());
        }
    }
}
