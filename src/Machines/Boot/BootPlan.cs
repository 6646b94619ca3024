using System.Buffers.Binary;
using Strata.Guest.Memory;

namespace Strata.Machines.Boot;

/// <summary>What was loaded and where the first hart starts.</summary>
/// <param name="Entry">Address of the first instruction.</param>
/// <param name="DeviceTree">Address of the device tree.</param>
public sealed record BootPlan(ulong Entry, ulong DeviceTree)
{
    private const ulong Alignment = 2 << 20;
    private const ulong NextStageOffset = 2 << 20;

    // Dynamic firmware of OpenSBI (include/sbi/fw_dynamic.h).
    private const ulong DynamicInfoMagic = 0x4942534f;
    private const ulong DynamicInfoVersion = 2;
    private const ulong SupervisorMode = 1;

    /// <summary>Loads what the configuration names and the device tree that describes the machine.</summary>
    /// <exception cref="BootException">Something does not fit, or is not what it should be.</exception>
    public static BootPlan Load(GuestMemory memory, MachineConfiguration configuration, FirmwareProgram? firmware, byte[] seed)
    {
        GuestLoader loader = new(memory, firmware?.HostPage);
        return configuration.Boot switch
        {
            DirectBoot direct => Load(loader, configuration, direct, seed),
            FirmwareBoot boot => Load(loader, configuration, boot, firmware!, seed),
            _ => throw new BootException("the machine has nothing to start"),
        };
    }

    private static BootPlan Load(GuestLoader loader, MachineConfiguration configuration, DirectBoot boot, byte[] seed)
    {
        byte[] header = new byte[Math.Min(boot.Kernel.Length, 64)];
        boot.Kernel.Read(0, header);
        KernelImage kernel = KernelImage.Parse(header);
        ulong entry = MemoryMap.Ram + kernel.TextOffset;
        ulong size = Math.Max(kernel.ImageSize, (ulong)boot.Kernel.Length);
        loader.Put(entry, boot.Kernel, size, "the kernel");
        ulong deviceTree = PlaceRest(loader, configuration, boot.Initrd, boot.Arguments, seed, AlignUp(entry + size), hasMachineMode: false);
        return new BootPlan(entry, deviceTree);
    }

    private static BootPlan Load(GuestLoader loader, MachineConfiguration configuration, FirmwareBoot boot, FirmwareProgram firmware, byte[] seed)
    {
        ulong next = 0;
        if (firmware.Elf is { } program)
            loader.Put(program, firmware.Bytes, "the firmware");
        else
            loader.Put(MemoryMap.Ram, firmware.Bytes, "the firmware");
        ulong free = AlignUp(MemoryMap.Ram + (ulong)firmware.Bytes.Length);
        if (boot.Next is not null)
        {
            next = MemoryMap.Ram + NextStageOffset;
            loader.Put(next, boot.Next, 0, "the next stage");
            free = AlignUp(next + (ulong)boot.Next.Length);
        }

        // QEMU's choice (hw/riscv/boot.c): half of RAM, at most 128 MiB, above the kernel.
        ulong initrd = Math.Max(free, MemoryMap.Ram + Math.Min(configuration.MemoryBytes / 2, 128UL << 20));
        ulong deviceTree = PlaceRest(loader, configuration, boot.Initrd, boot.Arguments, seed, initrd, hasMachineMode: true);
        loader.Put(MemoryMap.BootRom, ResetVector(firmware.Entry, deviceTree, next), "the reset vector");
        return new BootPlan(MemoryMap.BootRom, deviceTree);
    }

    private static ulong PlaceRest(
        GuestLoader loader, MachineConfiguration configuration, BootFile? initrd, string arguments, byte[] seed, ulong free, bool hasMachineMode)
    {
        (ulong Start, ulong End)? place = null;
        if (initrd is not null)
        {
            loader.Put(free, initrd, 0, "the initial RAM disk");
            place = (free, free + (ulong)initrd.Length);
        }

        byte[] tree = BoardDeviceTree.Build(new BoardDescription(
            configuration.HartCount, configuration.MemoryBytes, hasMachineMode ? 57 : 39, true, hasMachineMode, arguments, place, seed));

        // At the end of RAM, but where a kernel of 32-bit origin would still find it.
        ulong end = Math.Min(MemoryMap.Ram + configuration.MemoryBytes, 3UL << 30);
        ulong deviceTree = (end - (ulong)tree.Length) & ~(Alignment - 1);
        loader.Put(deviceTree, tree, "the device tree");
        return deviceTree;
    }

    private static ulong AlignUp(ulong address) => (address + Alignment - 1) & ~(Alignment - 1);

    // The board's mask ROM, as in QEMU (hw/riscv/boot.c): a0 = hart, a1 = device tree, a2 = fw_dynamic_info, then jump.
    private static byte[] ResetVector(ulong entry, ulong deviceTree, ulong next)
    {
        ReadOnlySpan<uint> code =
        [
            0x00000297, // auipc  t0, 0
            0x02828613, // addi   a2, t0, 40
            0xf1402573, // csrr   a0, mhartid
            0x0202b583, // ld     a1, 32(t0)
            0x0182b283, // ld     t0, 24(t0)
            0x00028067, // jr     t0
        ];
        ReadOnlySpan<ulong> data = [entry, deviceTree, DynamicInfoMagic, DynamicInfoVersion, next, SupervisorMode, 0, 0];
        byte[] rom = new byte[(code.Length * sizeof(uint)) + (data.Length * sizeof(ulong))];
        for (int i = 0; i < code.Length; i++)
            BinaryPrimitives.WriteUInt32LittleEndian(rom.AsSpan(i * sizeof(uint)), code[i]);
        for (int i = 0; i < data.Length; i++)
            BinaryPrimitives.WriteUInt64LittleEndian(rom.AsSpan((code.Length * sizeof(uint)) + (i * sizeof(ulong))), data[i]);
        return rom;
    }
}
