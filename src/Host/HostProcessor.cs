// Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2, CPUID; the kernel's Documentation/arch/x86/elf_hwcaps.rst (FSGSBASE).
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using Strata.Host.Interop;

namespace Strata.Host;

/// <summary>What the host's processor can do of that which translated code is made of.</summary>
/// <param name="Missing">Extensions that translated code needs and that are not there, by the manual's names; null where the processor is not an x86-64 one.</param>
/// <param name="HasFsGsBase">Whether user mode may write the bases of fs and gs.</param>
public sealed record HostProcessor(IReadOnlyList<string>? Missing, bool HasFsGsBase)
{
    /// <summary>Whether translated code runs here; else machines are interpreted.</summary>
    public bool CanTranslate => Missing is { Count: 0 };

    /// <summary>Why translated code does not run here, for instance "no AVX2, BMI2"; null where it does.</summary>
    public string? WhyNot =>
        Missing is null ? $"{RuntimeInformation.ProcessArchitecture}, not x86-64" : Missing.Count > 0 ? $"no {string.Join(", ", Missing)}" : null;

    /// <summary>Asks this host's processor.</summary>
    public static HostProcessor Detect()
    {
        if (!X86Base.X64.IsSupported)
            return new(null, HasFsGsBase: false);
        uint highest = (uint)X86Base.CpuId(0, 0).Eax;
        uint highestExtended = (uint)X86Base.CpuId(unchecked((int)0x8000_0000), 0).Eax;
        return From(
            (uint)X86Base.CpuId(1, 0).Ecx,
            highest >= 7 ? (uint)X86Base.CpuId(7, 0).Ebx : 0,
            highestExtended >= 0x8000_0001 ? (uint)X86Base.CpuId(unchecked((int)0x8000_0001), 0).Ecx : 0,
            Avx.IsSupported,
            (ulong)AuxiliaryVector.Get(AuxiliaryVector.HardwareCapabilities2));
    }

    /// <summary>The same from what was read.</summary>
    /// <param name="leaf1">ECX of leaf 1.</param>
    /// <param name="leaf7">EBX of leaf 7.</param>
    /// <param name="extendedLeaf1">ECX of leaf 80000001h.</param>
    /// <param name="vectorState">Whether the kernel saves the AVX registers, which the runtime has found out (and may be told to deny).</param>
    /// <param name="capabilities2">AT_HWCAP2.</param>
    internal static HostProcessor From(uint leaf1, uint leaf7, uint extendedLeaf1, bool vectorState, ulong capabilities2)
    {
        (string Name, bool Present)[] needed =
        [
            ("AVX", vectorState),
            ("FMA", Bit(leaf1, 12)),
            ("CMPXCHG16B", Bit(leaf1, 13)),
            ("MOVBE", Bit(leaf1, 22)),
            ("POPCNT", Bit(leaf1, 23)),
            ("F16C", Bit(leaf1, 29)),
            ("BMI1", Bit(leaf7, 3)),
            ("AVX2", Bit(leaf7, 5)),
            ("BMI2", Bit(leaf7, 8)),
            ("LZCNT", Bit(extendedLeaf1, 5)),
        ];
        // The processor's own bit says nothing about the kernel's permission.
        const ulong fsGsBase = 2;
        return new([.. needed.Where(feature => !feature.Present).Select(feature => feature.Name)], (capabilities2 & fsGsBase) != 0);

        static bool Bit(uint register, int bit) => ((register >> bit) & 1) != 0;
    }
}
