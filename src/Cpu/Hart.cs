using System.Runtime.InteropServices;
using Strata.Cpu.Interpreter;
using Strata.Cpu.RiscV;
using Strata.Cpu.RiscV.Csr;
using Strata.Cpu.Translations;
using Strata.Guest.Interrupts;
using Strata.Guest.Processors;
using Strata.Guest.Sbi;
using Strata.Guest.State;
using Strata.Guest.Time;

namespace Strata.Cpu;

/// <summary>One RISC-V hart: its state in native memory, its interrupt inputs, and what executes it: the interpreter or the translator.</summary>
/// <remarks>
/// <see cref="Kick"/> and the lines of <see cref="Input"/> may be used by any thread at any time, everything else only by the carrier that runs the hart
/// or while nobody runs it.
/// </remarks>
public sealed unsafe class Hart : IProcessor, IStateful, IDisposable
{
    private readonly HartConfiguration _configuration;
    private readonly HartState* _state;
    private readonly CsrFile _csrs;
    private readonly InstructionLoop _loop;
    private readonly TranslatedLoop? _translated;
    private bool _disposed;

    /// <summary>Makes a hart in its reset state.</summary>
    /// <param name="family">Its machine's.</param>
    /// <param name="configuration">What it is.</param>
    /// <param name="clock">Its machine's.</param>
    /// <param name="firmware">Serves the environment calls of S-mode; null if software in M-mode does.</param>
    public Hart(HartFamily family, HartConfiguration configuration, GuestClock clock, ISbiFirmware? firmware)
    {
        _configuration = configuration;

        // SAFETY: zeroed, of the structure's size, freed by Dispose; nothing but this object and its parts has the address.
        _state = (HartState*)NativeMemory.AlignedAlloc((nuint)HartLayout.SizeBytes, 64);
        new Span<byte>(_state, HartLayout.SizeBytes).Clear();
        _csrs = new CsrFile(configuration, clock, Input(HartInterrupt.SupervisorTimer));
        _loop = new InstructionLoop(_state, configuration.HartId, family.Memory, family.Directory, _csrs, firmware);
        if (family.Blocks is { } blocks)
        {
            EmittedState* emitted = (EmittedState*)((byte*)_state + HartLayout.EmittedOffset);
            emitted->TimeOrigin = clock.HostOrigin;
            _translated = new TranslatedLoop(_state, emitted, family.Memory, blocks, _loop, family.Translation!.CountsInstructions);
        }

        Reset();
    }

    /// <inheritdoc/>
    public int HartId => _configuration.HartId;

    /// <inheritdoc/>
    public ulong InstructionsRetired => _state->InstructionsRetired;

    /// <inheritdoc/>
    public ulong InstructionsAttempted => _state->InstructionsRetired + _state->InstructionsTrapped;

    /// <inheritdoc/>
    public Action? Woken { get; set; }

    /// <summary>The registers. Whoever changes what address translation depends on also sets <see cref="HartState.TranslationChanged"/>.</summary>
    public ref HartState State => ref *_state;

    /// <summary>Power-on: everything but the levels of the inputs and the count of instructions is as new.</summary>
    public void Reset()
    {
        (ulong retired, ulong trapped) = (_state->InstructionsRetired, _state->InstructionsTrapped);
        HartReset.Apply(ref *_state, _configuration);
        (_state->InstructionsRetired, _state->InstructionsTrapped) = (retired, trapped);
        _csrs.Synchronize(ref *_state);
    }

    /// <summary>Makes the hart start in S-mode where the monitor is the SBI implementation: a0 is its number, a1 <paramref name="opaque"/>. Nobody runs it.</summary>
    public void StartSupervisor(ulong entry, ulong opaque)
    {
        Reset();
        SupervisorBoot.Prepare(ref *_state, entry, (ulong)HartId, opaque);
        _state->IsStopped = 0;
    }

    /// <summary>Sets stimecmp, as SBI's set_timer does. Called on the carrier that runs the hart.</summary>
    public void SetSupervisorTimer(ulong deadlineTicks) => _csrs.Write(ref *_state, CsrNumber.Stimecmp, deadlineTicks);

    /// <inheritdoc/>
    public RunExit Run(ICarrierFills fills, ulong maxInstructions)
    {
        ref HartState s = ref *_state;
        if (s.IsStopped != 0)
            return new RunExit(RunExitReason.Stopped);
        if (s.IsWaiting != 0)
        {
            if (!Traps.HasPendingInterrupt(in s))
                return new RunExit(TakeKick() ? RunExitReason.Kicked : RunExitReason.WaitingForInterrupt);
            s.IsWaiting = 0;
        }

        CarrierFills own = (CarrierFills)fills;
        return _translated is null ? _loop.Run(own, maxInstructions) : _translated.Run(own, maxInstructions);
    }

    /// <inheritdoc/>
    public void Kick()
    {
        Interlocked.Or(ref _state->ExitWord, (int)ExitRequest.Kick);
        Woken?.Invoke();
    }

    /// <inheritdoc/>
    public IInterruptLine Input(HartInterrupt interrupt) => new Line(this, interrupt);

    /// <inheritdoc/>
    public void Save(StateWriter writer) => HartSnapshot.Save(in *_state, writer);

    /// <inheritdoc/>
    public void Restore(ref StateReader reader)
    {
        HartSnapshot.Restore(ref *_state, ref reader);
        _csrs.UpdateTimer(ref *_state);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        _translated?.Dispose();
        NativeMemory.AlignedFree(_state);
    }

    private bool TakeKick() => (Interlocked.Exchange(ref _state->ExitWord, 0) & (int)~ExitRequest.Interrupt) != 0;

    /// <summary>An input. SSIP is a bit that the guest clears itself; the others are levels.</summary>
    private sealed class Line(Hart hart, HartInterrupt interrupt) : IInterruptLine
    {
        private readonly ulong _bit = 1UL << (int)interrupt;

        public void Set(bool level)
        {
            ref HartState s = ref *hart._state;
            ref ulong word = ref interrupt == HartInterrupt.SupervisorSoftware ? ref s.Mip : ref s.InterruptInputs;
            if (!level)
            {
                Interlocked.And(ref word, ~_bit);
            }
            else if ((Interlocked.Or(ref word, _bit) & _bit) == 0)
            {
                Interlocked.Or(ref s.ExitWord, (int)ExitRequest.Interrupt);
                hart.Woken?.Invoke();
            }
        }
    }
}
