namespace Strata.Machines.Boot;

/// <summary>What the device tree tells a guest about its machine.</summary>
/// <param name="HartCount">Number of harts.</param>
/// <param name="MemoryBytes">RAM from <see cref="MemoryMap.Ram"/>.</param>
/// <param name="VirtualAddressBits">39, 48 or 57.</param>
/// <param name="UpdatesAccessedAndDirty">Svadu is announced instead of Svade.</param>
/// <param name="HasMachineMode">Firmware runs in M-mode: the CLINT and the PLIC's machine contexts are there.</param>
/// <param name="BootArguments">The kernel's command line.</param>
/// <param name="Initrd">Where the initial RAM disk lies, if there is one.</param>
/// <param name="Seed">48 bytes of randomness for rng-seed (40) and kaslr-seed (8).</param>
public sealed record BoardDescription(
    int HartCount,
    ulong MemoryBytes,
    int VirtualAddressBits,
    bool UpdatesAccessedAndDirty,
    bool HasMachineMode,
    string BootArguments,
    (ulong Start, ulong End)? Initrd,
    byte[] Seed);
