using Strata.Cpu.Paging;
using Strata.Cpu.RiscV;
using Strata.Cpu.RiscV.Csr;
using Strata.Guest.Memory;

namespace Strata.Cpu.Interpreter;

/// <content>Loads and stores that miss the TLB: device registers, code pages, accesses across a page boundary, faults.</content>
internal sealed unsafe partial class InstructionLoop
{
    private bool FloatingPointIsOff => (_state->MStatus & MStatusBits.Fs) == 0;

    private Outcome LoadFloat(DecodedSlot* op, int size, ulong box)
    {
        if (FloatingPointIsOff)
            return RaiseIllegal(op);
        Outcome outcome = Load(op, size);
        if (outcome is Outcome.Next or Outcome.Retired)
        {
            ((ulong*)_state)[op->Rd] |= box;
            _state->MStatus |= MStatusBits.Fs;
        }

        return outcome;
    }

    private Outcome StoreFloat(DecodedSlot* op, int size) => FloatingPointIsOff ? RaiseIllegal(op) : Store(op, size);

    /// <summary>Loads <paramref name="size"/> bytes to rd; <paramref name="sign"/> is how many bits lie above the sign, or 0 to zero-extend.</summary>
    private Outcome Load(DecodedSlot* op, int size, int sign = 0)
    {
        ulong address = Register(op->Rs1) + (ulong)op->Immediate;
        if ((address & 0xfff) + (uint)size > 4096)
            return LoadAcrossPages(op, address, size, sign);
        _translation.Translate(ref *_state, address, FillAccess.Read, size, _fills, out Translation translation);
        ulong value;
        switch (translation.Kind)
        {
            case TranslationKind.Ram:
                value = ReadHost(translation.HostAddress, size);
                ((ulong*)_state)[op->Rd] = (ulong)((long)(value << sign) >> sign);
                return Outcome.Next;
            case TranslationKind.Mmio:
                if (!_memory.Bus.Read(translation.PhysicalAddress, size, out value))
                    return Raise(TrapCause.LoadAccessFault, address);
                ((ulong*)_state)[op->Rd] = (ulong)((long)(value << sign) >> sign);
                return ContinueAfterLooking(op);
            default:
                return Fail(translation);
        }
    }

    private Outcome LoadAcrossPages(DecodedSlot* op, ulong address, int size, int sign)
    {
        int first = 4096 - (int)(address & 0xfff);
        _translation.Translate(ref *_state, address, FillAccess.Read, first, _fills, out Translation low);
        if (low.Kind != TranslationKind.Ram)
            return FailAcrossPages(low, TrapCause.LoadAccessFault, address);
        _translation.Translate(ref *_state, address + (uint)first, FillAccess.Read, size - first, _fills, out Translation high);
        if (high.Kind != TranslationKind.Ram)
            return FailAcrossPages(high, TrapCause.LoadAccessFault, address + (uint)first);

        // SAFETY: both parts lie in a page of RAM, good until the next poll.
        ulong value = 0;
        for (int i = size - 1; i >= 0; i--)
            value = (value << 8) | (i < first ? ((byte*)low.HostAddress)[i] : ((byte*)high.HostAddress)[i - first]);
        ((ulong*)_state)[op->Rd] = (ulong)((long)(value << sign) >> sign);
        return Outcome.Next;
    }

    private Outcome Store(DecodedSlot* op, int size)
    {
        ulong address = Register(op->Rs1) + (ulong)op->Immediate;
        ulong value = Register(op->Source);
        if ((address & 0xfff) + (uint)size > 4096)
            return StoreAcrossPages(address, size, value);
        _translation.Translate(ref *_state, address, FillAccess.Write, size, _fills, out Translation translation);
        switch (translation.Kind)
        {
            case TranslationKind.Ram:
                WriteHost(translation.HostAddress, size, value);
                Report(translation, size);
                return Outcome.Next;
            case TranslationKind.Mmio:
                if (!_memory.Bus.Write(translation.PhysicalAddress, size, size == 8 ? value : value & ((1UL << (size * 8)) - 1)))
                    return Raise(TrapCause.StoreAccessFault, address);
                return ContinueAfterLooking(op);
            default:
                return Fail(translation);
        }
    }

    /// <summary>Nothing is written before both pages are known to be writable.</summary>
    private Outcome StoreAcrossPages(ulong address, int size, ulong value)
    {
        int first = 4096 - (int)(address & 0xfff);
        _translation.Translate(ref *_state, address, FillAccess.Write, first, _fills, out Translation low);
        if (low.Kind != TranslationKind.Ram)
            return FailAcrossPages(low, TrapCause.StoreAccessFault, address);
        _translation.Translate(ref *_state, address + (uint)first, FillAccess.Write, size - first, _fills, out Translation high);
        if (high.Kind != TranslationKind.Ram)
            return FailAcrossPages(high, TrapCause.StoreAccessFault, address + (uint)first);

        // SAFETY: both parts lie in a page of RAM that may be written, good until the next poll.
        for (int i = 0; i < size; i++, value >>= 8)
            *(i < first ? (byte*)low.HostAddress + i : (byte*)high.HostAddress + (i - first)) = (byte)value;
        Report(low, first);
        Report(high, size - first);
        return Outcome.Next;
    }

    // Device registers are never accessed in two parts.
    private Outcome FailAcrossPages(in Translation translation, TrapCause accessFault, ulong address) =>
        translation.Kind == TranslationKind.Mmio ? Raise(accessFault, address) : Fail(translation);

    /// <summary>Code pages, and page tables of a deterministic machine, must hear of stores.</summary>
    private void Report(in Translation translation, int size)
    {
        if (translation.MustReportStore)
            _memory.StoredTo(translation.PhysicalAddress, size, _fills);
    }

    // SAFETY of both: the caller has translated `size` bytes at the address, in one page.
    private static ulong ReadHost(nint address, int size) => size switch
    {
        1 => *(byte*)address,
        2 => *(ushort*)address,
        4 => *(uint*)address,
        _ => *(ulong*)address,
    };

    private static void WriteHost(nint address, int size, ulong value)
    {
        switch (size)
        {
            case 1:
                *(byte*)address = (byte)value;
                break;
            case 2:
                *(ushort*)address = (ushort)value;
                break;
            case 4:
                *(uint*)address = (uint)value;
                break;
            default:
                *(ulong*)address = value;
                break;
        }
    }
}
