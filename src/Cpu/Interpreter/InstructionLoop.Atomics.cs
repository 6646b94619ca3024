// Unprivileged specification 20240411, chapter "A".
using Strata.Cpu.Paging;
using Strata.Cpu.RiscV;
using Strata.Guest.Memory;

namespace Strata.Cpu.Interpreter;

/// <content>Atomic memory operations, with the host's own: harts run on several carriers at once. aq and rl need nothing more on a host with total store order.</content>
internal sealed unsafe partial class InstructionLoop
{
    private Outcome Atomic(DecodedSlot* op)
    {
        ulong address = Register(op->Rs1);
        int size = op->Op >= Operation.LrD ? 8 : 4;
        bool isAligned = (address & (ulong)(size - 1)) == 0;
        switch (op->Op)
        {
            case Operation.LrW or Operation.LrD:
                return isAligned ? LoadReserved(op, address, size) : Raise(TrapCause.LoadAddressMisaligned, address);
            case Operation.ScW or Operation.ScD:
                return StoreConditional(op, address, size);
            default:
                break;
        }

        if (!isAligned)
            return Raise(TrapCause.StoreAddressMisaligned, address);
        Locate(address, FillAccess.Write, size, out Translation translation);
        if (translation.Kind == TranslationKind.Mmio)
            return ModifyDevice(op, translation.PhysicalAddress, address, size);
        if (translation.Kind != TranslationKind.Ram)
            return Fail(translation);

        // SAFETY: a naturally aligned place in a page of RAM that may be written, good until the next poll.
        ((ulong*)_state)[op->Rd] = size == 4
            ? (ulong)Modify(op->Op, ref *(int*)translation.HostAddress, (int)Register(op->Rs2))
            : (ulong)Modify(op->Op, ref *(long*)translation.HostAddress, (long)Register(op->Rs2));
        Report(translation, size);
        return Outcome.Next;
    }

    private Outcome LoadReserved(DecodedSlot* op, ulong address, int size)
    {
        Locate(address, FillAccess.Read, size, out Translation translation);
        ulong value;
        if (translation.Kind == TranslationKind.Mmio)
        {
            if (!_memory.Bus.Read(translation.PhysicalAddress, size, out value))
                return Raise(TrapCause.LoadAccessFault, address);
        }
        else if (translation.Kind == TranslationKind.Ram)
        {
            value = HostBytes.Read(translation.HostAddress, size);
        }
        else
        {
            return Fail(translation);
        }

        value = size == 4 ? (ulong)(int)value : value;
        _state->ReservationAddress = translation.PhysicalAddress;
        _state->ReservationVirtualAddress = address;
        _state->ReservationValue = value;
        _state->ReservationIsValid = 1;
        ((ulong*)_state)[op->Rd] = value;
        return Outcome.Next;
    }

    /// <summary>Succeeds if the reserved place still holds what LR loaded; without a reservation for the address it fails and stores nothing.</summary>
    /// <remarks>It faults as a store would even where it fails: for the alignment that is demanded (unprivileged specification, "Zalrsc"), for translation it is
    /// permitted, and as in QEMU.</remarks>
    private Outcome StoreConditional(DecodedSlot* op, ulong address, int size)
    {
        if ((address & (ulong)(size - 1)) != 0)
            return Raise(TrapCause.StoreAddressMisaligned, address);
        Locate(address, FillAccess.Write, size, out Translation translation);
        if (translation.Kind is not (TranslationKind.Ram or TranslationKind.Mmio))
            return Fail(translation);
        bool succeeds = false;
        if (_state->ReservationIsValid != 0 && _state->ReservationVirtualAddress == address)
        {
            if (translation.Kind == TranslationKind.Mmio)
                return StoreConditionalToDevice(op, translation.PhysicalAddress, address, size);
            if (translation.PhysicalAddress == _state->ReservationAddress)
            {
                // SAFETY: as for the other atomic operations.
                ulong expected = _state->ReservationValue;
                ulong value = Register(op->Rs2);
                succeeds = size == 4
                    ? Interlocked.CompareExchange(ref *(uint*)translation.HostAddress, (uint)value, (uint)expected) == (uint)expected
                    : Interlocked.CompareExchange(ref *(ulong*)translation.HostAddress, value, expected) == expected;
                if (succeeds)
                    Report(translation, size);
            }
        }

        _state->ReservationIsValid = 0;
        ((ulong*)_state)[op->Rd] = succeeds ? 0UL : 1;
        return Outcome.Next;
    }

    /// <summary>As in QEMU: a read and, if the register still holds what LR loaded, a write. (QEMU writes back what it has read if not.)</summary>
    private Outcome StoreConditionalToDevice(DecodedSlot* op, ulong physicalAddress, ulong address, int size)
    {
        ulong mask = size == 4 ? uint.MaxValue : ulong.MaxValue;
        if (!_memory.Bus.Read(physicalAddress, size, out ulong value))
            return Raise(TrapCause.StoreAccessFault, address);
        bool succeeds = physicalAddress == _state->ReservationAddress && ((value ^ _state->ReservationValue) & mask) == 0;
        if (succeeds && !_memory.Bus.Write(physicalAddress, size, Register(op->Rs2) & mask))
            return Raise(TrapCause.StoreAccessFault, address);
        _state->ReservationIsValid = 0;
        ((ulong*)_state)[op->Rd] = succeeds ? 0UL : 1;
        return ContinueAfterLooking(op->Length >> 2);
    }

    /// <summary>Device registers: a read and a write, one hart at a time only as far as the device lock goes.</summary>
    private Outcome ModifyDevice(DecodedSlot* op, ulong physicalAddress, ulong address, int size)
    {
        if (!_memory.Bus.Read(physicalAddress, size, out ulong old))
            return Raise(TrapCause.StoreAccessFault, address);
        ulong value;
        if (size == 4)
        {
            int place = (int)old;
            old = (ulong)Modify(op->Op, ref place, (int)Register(op->Rs2));
            value = (uint)place;
        }
        else
        {
            long place = (long)old;
            old = (ulong)Modify(op->Op, ref place, (long)Register(op->Rs2));
            value = (ulong)place;
        }

        if (!_memory.Bus.Write(physicalAddress, size, value))
            return Raise(TrapCause.StoreAccessFault, address);
        ((ulong*)_state)[op->Rd] = old;
        return ContinueAfterLooking(op->Length >> 2);
    }

    /// <summary>Finds the place by the TLB if it can, as most locks are hot.</summary>
    private void Locate(ulong address, FillAccess access, int size, out Translation translation)
    {
        TlbEntry* entry = _fills.Find(access == FillAccess.Read ? _fills.Read : _fills.Write, address);
        if (SoftwareTlb.Hits(entry, address, size))
            translation = Translation.Ram((nint)address + entry->Addend, _fills.GuestPageOf(entry) | (address & 0xfff), mustReportStore: false);
        else
            _translation.Translate(ref *_state, address, access, size, _fills, out translation);
    }

    private static int Modify(Operation operation, ref int place, int operand)
    {
        switch (operation)
        {
            case Operation.AmoswapW:
                return Interlocked.Exchange(ref place, operand);
            case Operation.AmoaddW:
                return Interlocked.Add(ref place, operand) - operand;
            case Operation.AmoandW:
                return Interlocked.And(ref place, operand);
            case Operation.AmoorW:
                return Interlocked.Or(ref place, operand);
            default:
                break;
        }

        while (true)
        {
            int old = Volatile.Read(ref place);
            int value = operation switch
            {
                Operation.AmoxorW => old ^ operand,
                Operation.AmominW => Math.Min(old, operand),
                Operation.AmomaxW => Math.Max(old, operand),
                Operation.AmominuW => (int)Math.Min((uint)old, (uint)operand),
                _ => (int)Math.Max((uint)old, (uint)operand),
            };
            if (Interlocked.CompareExchange(ref place, value, old) == old)
                return old;
        }
    }

    private static long Modify(Operation operation, ref long place, long operand)
    {
        switch (operation)
        {
            case Operation.AmoswapD:
                return Interlocked.Exchange(ref place, operand);
            case Operation.AmoaddD:
                return Interlocked.Add(ref place, operand) - operand;
            case Operation.AmoandD:
                return Interlocked.And(ref place, operand);
            case Operation.AmoorD:
                return Interlocked.Or(ref place, operand);
            default:
                break;
        }

        while (true)
        {
            long old = Volatile.Read(ref place);
            long value = operation switch
            {
                Operation.AmoxorD => old ^ operand,
                Operation.AmominD => Math.Min(old, operand),
                Operation.AmomaxD => Math.Max(old, operand),
                Operation.AmominuD => (long)Math.Min((ulong)old, (ulong)operand),
                _ => (long)Math.Max((ulong)old, (ulong)operand),
            };
            if (Interlocked.CompareExchange(ref place, value, old) == old)
                return old;
        }
    }
}
