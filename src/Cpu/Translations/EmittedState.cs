using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Strata.Cpu.Translations;

/// <summary>What emitted code needs besides the hart's registers: lies right behind its <see cref="HartState"/>. Not part of the machine.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct EmittedState
{
    /// <summary>Handle of the <see cref="TranslatedLoop"/>, for calls out of emitted code.</summary>
    public nint Owner;

    /// <summary>Virtual address of the page that is being executed.</summary>
    public ulong CurrentPage;

    /// <summary>The tables of the software TLB: <see cref="Paging.SoftwareTlb.Selector"/>.</summary>
    public nint Tlb;

    /// <summary>
    /// By view, the tables that are chosen when the hart comes to see its memory so; 0: the monitor chooses. <see cref="TranslatedLoop"/> writes them, and takes all back when
    /// the hart is run anew or <see cref="Paging.SoftwareTlb.ViewGeneration"/> changes.
    /// </summary>
    public ViewTables Views;

    /// <summary>Where machine time is read from the host's clock: <see cref="Strata.Guest.Time.GuestClock.HostOrigin"/>.</summary>
    public nint TimeOrigin;

    /// <summary>In code that counts: instructions that may still be executed.</summary>
    public long Budget;

    /// <summary>The vector registers and mxcsr are the guest's; never while managed code runs.</summary>
    public uint FloatsLoaded;

    /// <summary>mxcsr on its way in or out.</summary>
    public uint FloatControl;

    /// <summary>What mxcsr was before the guest's.</summary>
    public uint HostFloatControl;
}

/// <summary>One for each number that <see cref="Ir.GuestModes"/> has for a view.</summary>
[InlineArray(Ir.GuestModes.ViewCount)]
internal struct ViewTables
{
    private nint _first;
}
