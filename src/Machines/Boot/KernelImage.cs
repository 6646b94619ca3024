using System.Buffers.Binary;

namespace Strata.Machines.Boot;

/// <summary>A Linux kernel's Image (Linux Documentation/arch/riscv/boot-image-header.rst).</summary>
public sealed class KernelImage
{
    private const uint Magic = 0x05435352;
    private const int HeaderSize = 64;
    private const ulong LoadAlignment = 2 << 20;

    private KernelImage(ulong textOffset, ulong imageSize)
    {
        TextOffset = textOffset;
        ImageSize = imageSize;
    }

    /// <summary>Where the image wants to lie, from the start of RAM; a multiple of 2 MiB.</summary>
    public ulong TextOffset { get; }

    /// <summary>Memory that the running kernel needs from there, in bytes; at least the file's length.</summary>
    public ulong ImageSize { get; }

    /// <summary>Reads the header of <paramref name="file"/>.</summary>
    /// <exception cref="BootException">It is not a RISC-V kernel image, or contradicts itself.</exception>
    public static KernelImage Parse(ReadOnlySpan<byte> file)
    {
        if (file.Length >= 2 && file[0] == 0x1f && file[1] == 0x8b)
            throw new BootException("the kernel is compressed with gzip: unpack it first (gunzip), Strata starts an uncompressed Image");
        if (ElfImage.IsElf(file))
            throw new BootException("the kernel is an ELF program and not a RISC-V Linux Image: of Linux give arch/riscv/boot/Image instead of vmlinux; firmware and other programs start with --firmware");
        if (file.Length < HeaderSize || BinaryPrimitives.ReadUInt32LittleEndian(file[56..]) != Magic)
            throw new BootException("the kernel is not a RISC-V Linux Image (no 'RSC\\x05' at offset 56): give arch/riscv/boot/Image, or use --firmware for other programs");
        ulong textOffset = BinaryPrimitives.ReadUInt64LittleEndian(file[8..]);
        ulong imageSize = Math.Max(BinaryPrimitives.ReadUInt64LittleEndian(file[16..]), (ulong)file.Length);
        ulong flags = BinaryPrimitives.ReadUInt64LittleEndian(file[24..]);
        if ((flags & 1) != 0)
            throw new BootException("the kernel is big-endian; RISC-V machines here are little-endian");
        if (textOffset % LoadAlignment != 0 || textOffset > int.MaxValue || imageSize > int.MaxValue)
            throw new BootException($"the kernel's header asks for an impossible place (text offset 0x{textOffset:x}, size 0x{imageSize:x})");
        return new KernelImage(textOffset, imageSize);
    }
}
