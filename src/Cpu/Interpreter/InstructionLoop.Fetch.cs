using System.Runtime.CompilerServices;
using Strata.Cpu.Paging;
using Strata.Cpu.RiscV;
using Strata.Guest.Memory;
using Strata.Guest.Processors;

namespace Strata.Cpu.Interpreter;

/// <content>From the program counter to decoded instructions.</content>
internal sealed unsafe partial class InstructionLoop
{
    /// <summary>The slots of the page at <paramref name="pc"/>, or null if it takes more than two look-ups.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private byte* EnterPage(ulong pc, out ulong pageAddress)
    {
        pageAddress = pc & ~0xfffUL;
        TlbEntry* entry = _fills.Find(_fills.Fetch, pc);
        if (!SoftwareTlb.Hits(entry, pc, 2))
            return null;
        DecodedPage* page = _code.Find(pc, _fills.GuestPageOf(entry));
        if (page is null)
            return null;
        _page = page;
        return (byte*)DecodedPage.Slots(page);
    }

    /// <summary>Translates the program counter and makes a page for it. Null slots: a trap was taken. False: the hart leaves.</summary>
    private bool EnterPageSlowly(out byte* slots, out ulong pageAddress, out RunExitReason reason)
    {
        reason = RunExitReason.WaitingForMemory;
        slots = null;
        ulong pc = _state->Pc;
        pageAddress = pc & ~0xfffUL;
        _translation.Translate(ref *_state, pc, FillAccess.Fetch, 2, _fills, out Translation translation);
        if (translation.Kind != TranslationKind.Ram)
            return FailFetch(translation, pc) == Outcome.NotRetired;

        if (_fetchesAlone || !SoftwareTlb.Hits(_fills.Find(_fills.Fetch, pc), pc, 2))
        {
            // PMP divides the page, or nothing is to be kept: every instruction is fetched anew.
            switch (FetchAlone())
            {
                case Outcome.Alone:
                    slots = (byte*)DecodedPage.Slots(_page);
                    pageAddress = _pageAddress;
                    return true;
                case Outcome.NotRetired:
                    return true;
                default:
                    return false;
            }
        }

        ulong physicalPage = translation.PhysicalAddress & ~0xfffUL;
        DecodedPage* page = _code.Find(pc, physicalPage);
        if (page is null)
        {
            // Held first, resolved again then: from here on stores to the page are reported until it is released.
            _directory.Hold(physicalPage);
            MemoryFill fill = _memory.Resolve(physicalPage, FillAccess.Fetch, _fills);
            if (fill.Kind != FillKind.Ram)
            {
                _directory.Release(physicalPage);
                _wait = fill.Wait;
                return false;
            }

            page = _code.Add(physicalPage);
        }

        _page = page;
        slots = (byte*)DecodedPage.Slots(page);
        return true;
    }

    /// <summary>Decodes the page at the program counter from there on. False: its translation is not cached any more.</summary>
    private bool DecodeHere()
    {
        ulong pc = _state->Pc;
        TlbEntry* entry = _fills.Find(_fills.Fetch, pc);
        if (!SoftwareTlb.Hits(entry, pc, 2) || _fills.GuestPageOf(entry) != _page->PhysicalPage)
            return false;
        _code.Decode(_page, (nint)(pc & ~0xfffUL) + entry->Addend, (int)(pc & 0xfff) >> 1);
        return true;
    }

    /// <summary>Fetches the instruction at the program counter by itself: it crosses a page boundary, or its page cannot be cached.</summary>
    private Outcome FetchAlone()
    {
        ulong pc = _state->Pc;
        if (!FetchUnit(pc, out uint bits, out Outcome failure))
            return failure;
        if ((bits & 3) == 3)
        {
            if (!FetchUnit(pc + 2, out uint upper, out failure))
                return failure;
            bits |= upper << 16;
        }

        _page = _code.Alone(bits);
        _pageAddress = pc;
        return Outcome.Alone;
    }

    private bool FetchUnit(ulong address, out uint bits, out Outcome failure)
    {
        bits = 0;
        _translation.Translate(ref *_state, address, FillAccess.Fetch, 2, _fills, out Translation translation);
        if (translation.Kind != TranslationKind.Ram)
        {
            failure = FailFetch(translation, address);
            return false;
        }

        // SAFETY: an even address in a page of RAM, good until the next poll.
        bits = Volatile.Read(ref *(ushort*)translation.HostAddress);
        failure = default;
        return true;
    }

    // Nothing is executed from device registers.
    private Outcome FailFetch(in Translation translation, ulong address) =>
        translation.Kind == TranslationKind.Mmio ? Raise(TrapCause.InstructionAccessFault, address) : Fail(translation);
}
