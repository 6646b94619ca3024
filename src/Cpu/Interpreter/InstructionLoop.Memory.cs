using System.Numerics;
using Strata.Cpu.Paging;
using Strata.Cpu.RiscV;
using Strata.Cpu.RiscV.Csr;
using Strata.Guest.Memory;

namespace Strata.Cpu.Interpreter;

/// <content>Loads and stores that miss the TLB: device registers, code pages, accesses across a page boundary, faults.</content>
internal sealed unsafe partial class InstructionLoop
{
    private bool FloatingPointIsOff => (_state->MStatus & MStatusBits.Fs) == 0;

    private Outcome LoadFloat(DecodedSlot* op, int size, ulong box) =>
        FloatingPointIsOff ? RaiseIllegal(op) : LoadFloat(Register(op->Rs1) + (ulong)op->Immediate, op->Rd, size, box, op->Length >> 2);

    private Outcome LoadFloat(ulong address, int slot, int size, ulong box, int length)
    {
        Outcome outcome = Load(address, slot, size, sign: 0, length);
        if (outcome is Outcome.Next or Outcome.Retired)
        {
            ((ulong*)_state)[slot] |= box;
            _state->MStatus |= MStatusBits.Fs;
        }

        return outcome;
    }

    private Outcome StoreFloat(DecodedSlot* op, int size) => FloatingPointIsOff ? RaiseIllegal(op) : Store(op, size);

    /// <summary>Loads <paramref name="size"/> bytes to rd; <paramref name="sign"/> is how many bits lie above the sign, or 0 to zero-extend.</summary>
    private Outcome Load(DecodedSlot* op, int size, int sign = 0) => Load(Register(op->Rs1) + (ulong)op->Immediate, op->Rd, size, sign, op->Length >> 2);

    private Outcome Load(ulong address, int slot, int size, int sign, int length)
    {
        if ((address & 0xfff) + (uint)size > 4096)
            return LoadAcrossPages(address, slot, size, sign, length);
        _translation.Translate(ref *_state, address, FillAccess.Read, size, _fills, out Translation translation);
        ulong value;
        switch (translation.Kind)
        {
            case TranslationKind.Ram:
                value = HostBytes.Read(translation.HostAddress, size);
                ((ulong*)_state)[slot] = HostBytes.Extend(value, sign);
                return Outcome.Next;
            case TranslationKind.Mmio:
                value = 0;
                if (!ReadPart(translation, size, 0, ref value, out int read))
                    return Raise(TrapCause.LoadAccessFault, address + (uint)read);
                ((ulong*)_state)[slot] = HostBytes.Extend(value, sign);
                return ContinueAfterLooking(length);
            default:
                return Fail(translation);
        }
    }

    private Outcome LoadAcrossPages(ulong address, int slot, int size, int sign, int length)
    {
        int first = 4096 - (int)(address & 0xfff);
        _translation.Translate(ref *_state, address, FillAccess.Read, first, _fills, out Translation low);
        if (low.Kind is not (TranslationKind.Ram or TranslationKind.Mmio))
            return Fail(low);
        _translation.Translate(ref *_state, address + (uint)first, FillAccess.Read, size - first, _fills, out Translation high);
        if (high.Kind is not (TranslationKind.Ram or TranslationKind.Mmio))
            return Fail(high);
        ulong value = 0;
        if (!ReadPart(low, first, 0, ref value, out int read))
            return Raise(TrapCause.LoadAccessFault, address + (uint)read);
        if (!ReadPart(high, size - first, first, ref value, out read))
            return Raise(TrapCause.LoadAccessFault, address + (uint)(first + read));
        ((ulong*)_state)[slot] = HostBytes.Extend(value, sign);
        return low.Kind == TranslationKind.Ram && high.Kind == TranslationKind.Ram ? Outcome.Next : ContinueAfterLooking(length);
    }

    private Outcome Store(DecodedSlot* op, int size) => Store(Register(op->Rs1) + (ulong)op->Immediate, Register(op->Source), size, op->Length >> 2);

    private Outcome Store(ulong address, ulong value, int size, int length)
    {
        if ((address & 0xfff) + (uint)size > 4096)
            return StoreAcrossPages(address, size, value, length);
        if (_fills.FindWatched(address, out nint watched, out ulong physicalAddress))
        {
            HostBytes.Write(watched, size, value);
            Report(physicalAddress, size);
            return Outcome.Next;
        }

        _translation.Translate(ref *_state, address, FillAccess.Write, size, _fills, out Translation translation);
        switch (translation.Kind)
        {
            case TranslationKind.Ram:
                HostBytes.Write(translation.HostAddress, size, value);
                Report(translation, size);
                return Outcome.Next;
            case TranslationKind.Mmio:
                if (!WritePart(translation, size, value, out int written))
                    return Raise(TrapCause.StoreAccessFault, address + (uint)written);
                return ContinueAfterLooking(length);
            default:
                return Fail(translation);
        }
    }

    /// <summary>Nothing is written before both pages are known to be writable; a device may still refuse its part, when the lower one was written already.</summary>
    private Outcome StoreAcrossPages(ulong address, int size, ulong value, int length)
    {
        int first = 4096 - (int)(address & 0xfff);
        _translation.Translate(ref *_state, address, FillAccess.Write, first, _fills, out Translation low);
        if (low.Kind is not (TranslationKind.Ram or TranslationKind.Mmio))
            return Fail(low);
        _translation.Translate(ref *_state, address + (uint)first, FillAccess.Write, size - first, _fills, out Translation high);
        if (high.Kind is not (TranslationKind.Ram or TranslationKind.Mmio))
            return Fail(high);
        if (!WritePart(low, first, value, out int written))
            return Raise(TrapCause.StoreAccessFault, address + (uint)written);
        if (!WritePart(high, size - first, value >> (first * 8), out written))
            return Raise(TrapCause.StoreAccessFault, address + (uint)(first + written));
        return low.Kind == TranslationKind.Ram && high.Kind == TranslationKind.Ram ? Outcome.Next : ContinueAfterLooking(length);
    }

    /// <summary>Reads a part of a value, which lies in one page. False: a device has refused the byte at <paramref name="read"/>.</summary>
    /// <remarks>As in QEMU, a device sees a misaligned access as several: each the largest that is naturally aligned, from low to high.</remarks>
    private bool ReadPart(in Translation translation, int size, int position, ref ulong value, out int read)
    {
        read = 0;
        while (read < size)
        {
            ulong bits;
            int piece = translation.Kind == TranslationKind.Ram ? 1 : PieceAt(translation.PhysicalAddress + (uint)read, size - read);

            // SAFETY: the translation covers the part, in a page of RAM that is good until the next poll.
            if (translation.Kind == TranslationKind.Ram)
                bits = ((byte*)translation.HostAddress)[read];
            else if (!_memory.Bus.Read(translation.PhysicalAddress + (uint)read, piece, out bits))
                return false;
            value |= Low(bits, piece) << ((position + read) * 8);
            read += piece;
        }

        return true;
    }

    /// <summary>Writes the low bytes of a value, which lie in one page, as <see cref="ReadPart"/> reads. False: a device has refused the byte at <paramref name="written"/>.</summary>
    private bool WritePart(in Translation translation, int size, ulong value, out int written)
    {
        written = 0;
        while (written < size)
        {
            int piece = translation.Kind == TranslationKind.Ram ? 1 : PieceAt(translation.PhysicalAddress + (uint)written, size - written);
            ulong bits = Low(value >> (written * 8), piece);

            // SAFETY: as in ReadPart, and the page may be written.
            if (translation.Kind == TranslationKind.Ram)
                ((byte*)translation.HostAddress)[written] = (byte)bits;
            else if (!_memory.Bus.Write(translation.PhysicalAddress + (uint)written, piece, bits))
                return false;
            written += piece;
        }

        if (translation.Kind == TranslationKind.Ram)
            Report(translation, size);
        return true;
    }

    private static int PieceAt(ulong address, int rest) => 1 << BitOperations.TrailingZeroCount((uint)rest | (uint)address | 8);

    private static ulong Low(ulong value, int size) => size == 8 ? value : value & ((1UL << (size * 8)) - 1);

    /// <summary>Code pages, and page tables of a deterministic machine, must hear of stores.</summary>
    private void Report(in Translation translation, int size)
    {
        if (!translation.MustReportStore)
            return;
        Report(translation.PhysicalAddress, size);
    }

    private void Report(ulong physicalAddress, int size)
    {
        StoreNotice notice = _memory.StoredTo(physicalAddress, size, _fills);
        _storeMattered |= notice == StoreNotice.Changed;
        if (notice == StoreNotice.Unwatched)
            _fills.ForgetWatched();
    }
}
