using Microsoft.Win32.SafeHandles;
using Strata.Cpu.Translations;
using Strata.Host;
using Strata.Machines.Boot;
using Strata.Storage.Disks;

namespace Strata.Machines;

/// <summary>What was asked of a machine. Constructing one from the same configuration gives the same machine.</summary>
public sealed record MachineConfiguration
{
    /// <summary>How it starts.</summary>
    public required BootConfiguration Boot { get; init; }

    /// <summary>RAM in bytes, a multiple of 2 MiB.</summary>
    public ulong MemoryBytes { get; init; } = 512UL << 20;

    /// <summary>Number of harts.</summary>
    public int HartCount { get; init; } = 1;

    /// <summary>What executes the guest's instructions.</summary>
    public ExecutionEngine Engine { get; init; }

    /// <summary>How the translator works.</summary>
    public TranslationOptions Translation { get; init; } = new();

    /// <summary>Time derives from retired instructions, and the same run gives the same states.</summary>
    public bool Deterministic { get; init; }

    /// <summary>Seeds the device tree's rng-seed and, in deterministic mode, the entropy device; null asks the host for randomness.</summary>
    public ulong? Seed { get; init; }

    /// <summary>Disks, in the order in which the guest finds them.</summary>
    public IReadOnlyList<DiskConfiguration> Disks { get; init; } = [];
}

/// <summary>What executes a guest's instructions; all give the same results.</summary>
public enum ExecutionEngine
{
    /// <summary>They are executed one by one: the reference.</summary>
    Interpreter,

    /// <summary>They are translated to machine code of the host (<see cref="HostProcessor.CanTranslate"/>).</summary>
    Translator,
}

/// <summary>A disk of a machine.</summary>
/// <param name="Disk">Where its sectors are; the machine does not dispose of it.</param>
/// <param name="Serial">Serial number that the guest reads, at most 20 ASCII characters.</param>
public sealed record DiskConfiguration(IDisk Disk, string Serial = "")
{
    /// <summary>A disk over an open raw image, which becomes the disk's.</summary>
    /// <exception cref="BootException">It cannot be a disk.</exception>
    public static DiskConfiguration Raw(SafeFileHandle file, string name, bool readOnly, string serial)
    {
        try
        {
            return new(new RawDisk(file, name, readOnly), serial);
        }
        catch (DiskException failure)
        {
            throw new BootException(failure.Message);
        }
    }

    /// <summary>Closes the disk, when no machine uses it any more.</summary>
    public void Close() => Disk.Dispose();
}

/// <summary>How a machine starts.</summary>
public abstract record BootConfiguration;

/// <summary>The monitor is the SBI implementation and starts a Linux Image in S-mode; disks are on PCI.</summary>
/// <param name="Kernel">An uncompressed Image.</param>
/// <param name="Initrd">The initial RAM disk, if there is one.</param>
/// <param name="Arguments">The kernel's command line.</param>
public sealed record DirectBoot(BootFile Kernel, BootFile? Initrd, string Arguments) : BootConfiguration;

/// <summary>Real firmware in M-mode, as on QEMU's board: disks in virtio-mmio slots.</summary>
/// <param name="Firmware">An ELF program, or a raw one that starts at the beginning of RAM.</param>
/// <param name="Next">What OpenSBI starts next, 2 MiB into RAM (U-Boot, a kernel), if anything.</param>
/// <param name="Initrd">The initial RAM disk, if there is one.</param>
/// <param name="Arguments">The kernel's command line.</param>
public sealed record FirmwareBoot(BootFile Firmware, BootFile? Next = null, BootFile? Initrd = null, string Arguments = "") : BootConfiguration;
