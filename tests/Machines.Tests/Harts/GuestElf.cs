using System.Buffers.Binary;

namespace Strata.Machines.Tests.Harts;

/// <summary>Programs of tests/guest that start as firmware, with the parameter block of tests/guest/runtime/runtime.h filled in.</summary>
internal static class GuestElf
{
    private const int SeedOffset = 16, CountOffset = 32, ModeOffset = 56;

    public static byte[] Load(string name, ulong count, ulong seed = 1, uint mode = 0)
    {
        SourceTree.Run("bash", Path.Combine(SourceTree.Root, "tests/guest/build"));
        byte[] image = File.ReadAllBytes(Path.Combine(SourceTree.Root, ".artifacts/guest", $"{name}.elf"));
        byte[] magic = new byte[16];
        BinaryPrimitives.WriteUInt64LittleEndian(magic, 0x5b1e0c9ad3f27746);
        BinaryPrimitives.WriteUInt64LittleEndian(magic.AsSpan(8), 0xe94c81b7302d6fa5);
        int block = image.AsSpan().IndexOf(magic);
        Assert.True(block >= 0, $"{name}.elf has no parameter block");
        BinaryPrimitives.WriteUInt64LittleEndian(image.AsSpan(block + SeedOffset), seed);
        BinaryPrimitives.WriteUInt64LittleEndian(image.AsSpan(block + CountOffset), count);
        BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan(block + ModeOffset), mode);
        return image;
    }
}
