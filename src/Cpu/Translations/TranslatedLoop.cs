using System.Runtime.InteropServices;
using Strata.Cpu.Paging;
using Strata.Cpu.X64;
using Strata.Guest.Memory;
using Strata.Guest.Processors;

namespace Strata.Cpu.Translations;

/// <summary>Executes one hart's instructions as machine code of the host: finds the code for the program counter, enters it, and serves what it asks for.</summary>
/// <remarks>
/// Emitted code stays inside as long as it can: whatever it asks for is answered with the address where it goes on, also after a trap or an interrupt. It
/// leaves when the hart waits, is kicked, or has spent its budget. Used by whichever carrier runs the hart.
/// </remarks>
internal sealed unsafe class TranslatedLoop : IDisposable
{
    // What the interpreter does at a time where loads and fetches follow different modes (MPRV).
    private const ulong InterpretedAtOnce = 64;

    // Wiring.
    private readonly HartState* _state;
    private readonly EmittedState* _emitted;
    private readonly BlockCache _blocks;
    private readonly IReferenceEngine _reference;
    private readonly AddressTranslation _translation;
    private readonly bool _counts;
    private readonly nint _leave;
    private readonly uint _untranslated;
    private GCHandle _handle;

    // For the time of a run.
    private SoftwareTlb _fills = null!;
    private RunExit _exit;
    private Exception? _failure;

    // Of what _emitted->Views was written.
    private int _viewGeneration;

    // In code that counts: the count of retired instructions at which the budget is spent.
    private ulong _end;

    public TranslatedLoop(HartState* state, EmittedState* emitted, GuestMemory memory, BlockCache blocks, IReferenceEngine reference, bool counts)
    {
        _state = state;
        _emitted = emitted;
        _blocks = blocks;
        _reference = reference;
        _translation = new AddressTranslation(memory);
        _counts = counts;
        _leave = blocks.Leave;
        _untranslated = (uint)blocks.Untranslated;
        _handle = GCHandle.Alloc(this);
        _emitted->Owner = GCHandle.ToIntPtr(_handle);
    }

    /// <summary>Runs the hart; see <see cref="IProcessor.Run"/>. Only code that counts knows how many instructions it retires, and minds the budget.</summary>
    public RunExit Run(SoftwareTlb fills, ulong maxInstructions)
    {
        _fills = fills;
        _reference.Attach(fills, isCounted: _counts);
        if (_counts)
        {
            _emitted->Budget = (long)Math.Min(maxInstructions, long.MaxValue);
            _end = _state->InstructionsRetired + (ulong)_emitted->Budget;
        }

        // The carrier, or what its tables are for, may be another than before.
        ForgetViews();
        nint code = GoOn();

        // SAFETY: code of the cache, written for this state; everything it was given lives as long as this object.
        if (code != _leave)
            _blocks.Enter(_state, code);
        if (_counts)
            _state->InstructionsRetired = _end - (ulong)_emitted->Budget;
        if (_failure is { } failure)
        {
            _failure = null;
            throw new InvalidOperationException("translated code could not go on", failure);
        }

        return _exit;
    }

    public void Dispose()
    {
        if (_handle.IsAllocated)
            _handle.Free();
    }

    internal static TranslatedLoop Of(HartState* state) =>
        (TranslatedLoop)GCHandle.FromIntPtr(((EmittedState*)((byte*)state + HartLayout.EmittedOffset))->Owner).Target!;

    /// <summary>Where to go on: at the program counter, after whatever has to happen first.</summary>
    internal nint Continue()
    {
        FollowView();
        return GoOn();
    }

    private nint GoOn()
    {
        while (true)
        {
            // A run ends cleanly between two instructions: what would happen before the next one is left to the next run.
            if (_counts && _emitted->Budget <= 0)
                return LeaveWith(new RunExit(RunExitReason.BudgetSpent));
            if ((Volatile.Read(ref _state->ExitWord) | _state->TranslationChanged) != 0 && !_reference.Reconsider())
                return LeaveWith(_reference.Exit);
            if (!_fills.IsOneSet)
            {
                if (Interpret(InterpretedAtOnce))
                    continue;
                return _leave;
            }

            ulong pc = _state->Pc;
            TlbEntry* entry = _fills.Find(_fills.Code, pc);
            nint code;
            if (!SoftwareTlb.Hits(entry, pc, 2) || (code = (nint)EntryPieces.Look(entry->Addend, (int)(pc & 0xfff))) == _untranslated)
                code = FindCode(pc);
            if (code == 0)
                continue;
            _emitted->CurrentPage = pc & ~0xfffUL;
            _emitted->Tlb = _fills.Selector;
            if (_viewGeneration != _fills.ViewGeneration)
                ForgetViews();
            if (_fills.View >= 0)
                _emitted->Views[_fills.View] = _fills.Selector;
            return code;
        }
    }

    /// <summary>A jump inside the page that is linked as soon as its target is known.</summary>
    internal nint Link(JumpNumber jump)
    {
        int generation = _blocks.Generation;
        ulong pc = _state->Pc;
        nint code = Continue();
        if (code != _leave)
            _blocks.LinkJump(jump, (int)(pc & 0xfff), code, generation);
        return code;
    }

    /// <summary>The budget does not suffice for the next block.</summary>
    internal nint SpendRest()
    {
        FollowView();
        while (_emitted->Budget > 0)
        {
            if (!Interpret((ulong)_emitted->Budget))
                return _leave;
        }

        return LeaveWith(new RunExit(RunExitReason.BudgetSpent));
    }

    /// <summary>The instruction lies in two pages, and its second half is not there, or not what was translated.</summary>
    internal nint InterpretAlone()
    {
        FollowView();
        if (_counts && _emitted->Budget <= 0)
            return LeaveWith(new RunExit(RunExitReason.BudgetSpent));
        return Interpret(1) ? GoOn() : _leave;
    }

    internal nint Load(ulong address, AccessDescriptor access)
    {
        FollowView();
        if (!access.IsFloat && IsInPage(address, access.Size) && _translation.TryTranslate(ref *_state, address, write: false, _fills, out nint host))
        {
            // SAFETY: the bytes lie in a page that stays where it is until the next poll; as do registers.
            ((ulong*)_state)[access.Slot] = HostBytes.Extend(HostBytes.Read(host, access.Size), access.Sign);
            return 0;
        }

        SetPosition(access);
        return After(
            access.IsFloat
                ? _reference.LoadFloat(address, access.Slot, access.Size, access.Length)
                : _reference.Load(address, access.Slot, access.Size, access.Sign, access.Length),
            access);
    }

    internal nint Store(ulong address, AccessDescriptor access)
    {
        FollowView();
        bool isWatched = _fills.FindWatched(address, out _, out _);
        if (!isWatched && IsInPage(address, access.Size) && _translation.TryTranslate(ref *_state, address, write: true, _fills, out nint host))
        {
            // SAFETY: as above, and the page may be written.
            HostBytes.Write(host, access.Size, ((ulong*)_state)[access.Slot]);
            return 0;
        }

        SetPosition(access);
        return After(_reference.Store(address, ((ulong*)_state)[access.Slot], access.Size, access.Length), access);
    }

    internal nint Interpret(uint bits, AccessDescriptor access)
    {
        FollowView();
        SetPosition(access);
        return After(_reference.Step(bits), access);
    }

    internal nint Fail(Exception exception)
    {
        _failure = exception;
        return _leave;
    }

    // 0: look again.
    private nint FindCode(ulong pc)
    {
        TlbEntry* fetch = _fills.Find(_fills.Fetch, pc);
        if (!SoftwareTlb.Hits(fetch, pc, 2))
        {
            _translation.Translate(ref *_state, pc, FillAccess.Fetch, 2, _fills, out Translation translation);
            if (translation.Kind == TranslationKind.NotPresent)
                return LeaveWith(new RunExit(RunExitReason.WaitingForMemory, translation.Wait));
            if (!SoftwareTlb.Hits(fetch, pc, 2))
                return Interpret(1) ? 0 : _leave;
        }

        CodePage? page = _blocks.Find(_fills.GuestPageOf(fetch), _fills, out MemoryWait? wait);
        if (page is null)
            return LeaveWith(new RunExit(RunExitReason.WaitingForMemory, wait));

        // Becoming code, the page has lost its fills.
        if (!SoftwareTlb.Hits(fetch, pc, 2))
            return 0;
        byte* bytes = (byte*)(pc & ~0xfffUL) + fetch->Addend;
        nint code = _blocks.CodeFor(page, (int)(pc & 0xfff), bytes, null, _fills, out wait);
        if (code == 0 && wait is null && page.IsCurrent && (pc & 0xfff) == 0xffe)
        {
            ushort* beyond = FindNextPage(pc, out wait);

            // Looking it up may have taken this one's fills.
            if (beyond is not null && !SoftwareTlb.Hits(fetch, pc, 2))
                return 0;
            if (beyond is not null)
                code = _blocks.CodeFor(page, (int)(pc & 0xfff), bytes, beyond, _fills, out wait);
        }

        if (code != 0)
        {
            // Making room for it may have dropped all fills, and a fill of code is revoked with that of the fetch.
            if (SoftwareTlb.Hits(fetch, pc, 2))
                _fills.FillCode(pc, page.Entries);
            return code;
        }

        if (wait is not null)
            return LeaveWith(new RunExit(RunExitReason.WaitingForMemory, wait));
        return !page.IsCurrent || Interpret(1) ? 0 : _leave;
    }

    // The bytes behind the last ones of a page; null: they cannot be had now (the interpreter finds out why), or there is something to wait for.
    private ushort* FindNextPage(ulong pc, out MemoryWait? wait)
    {
        wait = null;
        ulong next = pc + sizeof(ushort);
        TlbEntry* entry = _fills.Find(_fills.Fetch, next);
        if (!SoftwareTlb.Hits(entry, next, sizeof(ushort)))
        {
            _translation.Translate(ref *_state, next, FillAccess.Fetch, sizeof(ushort), _fills, out Translation translation);
            if (translation.Kind == TranslationKind.NotPresent)
                wait = translation.Wait;
            if (!SoftwareTlb.Hits(entry, next, sizeof(ushort)))
                return null;
        }

        return (ushort*)(next + (ulong)entry->Addend);
    }

    // False: the hart leaves.
    private bool Interpret(ulong maxInstructions)
    {
        if (_counts)
        {
            maxInstructions = Math.Min(maxInstructions, (ulong)_emitted->Budget);
            _state->InstructionsRetired = _end - (ulong)_emitted->Budget;
        }

        ulong retired = _state->InstructionsRetired;
        ulong trapped = _state->InstructionsTrapped;
        RunExit exit = _reference.Run(_fills, maxInstructions);
        if (_counts)
        {
            trapped = _state->InstructionsTrapped - trapped;
            _emitted->Budget -= (long)(_state->InstructionsRetired - retired + trapped);
            _end -= trapped;
        }

        if (exit.Reason == RunExitReason.BudgetSpent)
            return true;
        _exit = exit;
        return false;
    }

    private nint LeaveWith(RunExit exit)
    {
        _exit = exit;
        return _leave;
    }

    // Emitted code changes modes by itself, and with them the tables.
    private void FollowView()
    {
        if (_emitted->Tlb != _fills.Selector)
            _fills.Choose(_emitted->Tlb);
    }

    private static bool IsInPage(ulong address, int size) => (address & (GuestMemory.PageSize - 1)) <= GuestMemory.PageSize - (uint)size;

    private void ForgetViews()
    {
        _emitted->Views = default;
        _viewGeneration = _fills.ViewGeneration;
    }

    // The tables are followed already.
    private void SetPosition(AccessDescriptor access)
    {
        _state->Pc = _emitted->CurrentPage + access.PageOffset;
        if (_counts)
            _state->InstructionsRetired = _end - (ulong)_emitted->Budget - (ulong)access.NotExecuted;
    }

    private nint After(StepOutcome outcome, AccessDescriptor access)
    {
        if (outcome == StepOutcome.Next)
            return 0;
        if (_counts)
        {
            bool retired = outcome is StepOutcome.Retired or StepOutcome.LeaveRetired;
            _emitted->Budget += access.NotExecuted - (retired ? 1 : 0);
            if (outcome == StepOutcome.Trapped)
            {
                // A trap costs budget, so that a handler that traps at once does not run for ever, but does not retire.
                _emitted->Budget--;
                _end--;
            }
        }

        if (outcome == StepOutcome.Trapped)
            _state->InstructionsTrapped++;

        return outcome is StepOutcome.Retired or StepOutcome.Trapped ? GoOn() : LeaveWith(_reference.Exit);
    }
}
