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

    /// <summary>The tables of the software TLB.</summary>
    public nint Tlb;

    /// <summary>In code that counts: instructions that may still be executed.</summary>
    public long Budget;

    /// <summary>The vector registers and mxcsr are the guest's; never while managed code runs.</summary>
    public uint FloatsLoaded;

    /// <summary>mxcsr on its way in or out.</summary>
    public uint FloatControl;

    /// <summary>What mxcsr was before the guest's.</summary>
    public uint HostFloatControl;
}
