namespace Strata.Machines;

/// <summary>Where things are on QEMU's <c>virt</c> board (hw/riscv/virt.c): addresses and sizes in bytes, interrupt sources of the PLIC.</summary>
public static class MemoryMap
{
    /// <summary>Reset vector and what firmware is told.</summary>
    public const ulong BootRom = 0x1000;

    /// <summary>Size of the boot ROM.</summary>
    public const ulong BootRomSize = 0xf000;

    /// <summary>SiFive test finisher; also syscon-poweroff and syscon-reboot.</summary>
    public const ulong TestFinisher = 0x10_0000;

    /// <summary>Goldfish real-time clock.</summary>
    public const ulong Rtc = 0x10_1000;

    /// <summary>Core-local interruptor: msip, mtimecmp, mtime.</summary>
    public const ulong Clint = 0x200_0000;

    /// <summary>Size of the CLINT.</summary>
    public const ulong ClintSize = 0x1_0000;

    /// <summary>I/O port window of the PCIe host bridge.</summary>
    public const ulong PciPio = 0x300_0000;

    /// <summary>Size of the I/O port window.</summary>
    public const ulong PciPioSize = 0x1_0000;

    /// <summary>Platform-level interrupt controller.</summary>
    public const ulong Plic = 0xc00_0000;

    /// <summary>Size of the PLIC.</summary>
    public const ulong PlicSize = 0x60_0000;

    /// <summary>NS16550A serial port.</summary>
    public const ulong Uart = 0x1000_0000;

    /// <summary>First of eight virtio-mmio slots.</summary>
    public const ulong VirtioMmio = 0x1000_1000;

    /// <summary>Distance of the virtio-mmio slots.</summary>
    public const ulong VirtioMmioStride = 0x1000;

    /// <summary>Number of virtio-mmio slots.</summary>
    public const int VirtioMmioCount = 8;

    /// <summary>PCIe configuration space (ECAM), 256 buses.</summary>
    public const ulong PciEcam = 0x3000_0000;

    /// <summary>Size of the ECAM.</summary>
    public const ulong PciEcamSize = 0x1000_0000;

    /// <summary>32-bit PCI memory window.</summary>
    public const ulong PciMmio = 0x4000_0000;

    /// <summary>Size of the 32-bit PCI memory window.</summary>
    public const ulong PciMmioSize = 0x4000_0000;

    /// <summary>64-bit PCI memory window.</summary>
    public const ulong PciMmioHigh = 0x4_0000_0000;

    /// <summary>Size of the 64-bit PCI memory window.</summary>
    public const ulong PciMmioHighSize = 0x4_0000_0000;

    /// <summary>Start of RAM.</summary>
    public const ulong Ram = 0x8000_0000;

    /// <summary>PLIC source of the first virtio-mmio slot.</summary>
    public const int VirtioMmioInterrupt = 1;

    /// <summary>PLIC source of the serial port.</summary>
    public const int UartInterrupt = 10;

    /// <summary>PLIC source of the real-time clock.</summary>
    public const int RtcInterrupt = 11;

    /// <summary>PLIC source of PCI INTA of slot 0; the four lines rotate with the slot.</summary>
    public const int PciInterrupt = 32;

    /// <summary>Interrupt sources of the PLIC.</summary>
    public const int PlicSources = 95;
}
