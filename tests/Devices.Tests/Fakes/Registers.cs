using Strata.Guest.Memory;
using Strata.Guest.State;

namespace Strata.Devices.Tests.Fakes;

/// <summary>Short words for what tests do with every device.</summary>
internal static class Registers
{
    public static ulong Load(this IMmioDevice device, ulong offset, int size = 4)
    {
        if (!device.Read(offset, size, out ulong value))
            Assert.Fail($"read of {size} bytes at 0x{offset:x} was refused");
        return value;
    }

    public static void Store(this IMmioDevice device, ulong offset, ulong value, int size = 4)
    {
        if (!device.Write(offset, size, value))
            Assert.Fail($"write of {size} bytes at 0x{offset:x} was refused");
    }

    public static byte[] Saved(this IStateful part)
    {
        StateWriter writer = new();
        part.Save(writer);
        return writer.Written.ToArray();
    }

    public static void RestoreFrom(this IStateful part, byte[] saved)
    {
        StateReader reader = new(saved);
        part.Restore(ref reader);
        Assert.True(reader.IsAtEnd);
    }

    /// <summary>Bytes that <paramref name="action"/> allocates in a thousand calls, after warming up.</summary>
    public static long AllocatedBy(Action action)
    {
        for (int i = 0; i < 100; i++)
            action();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++)
            action();
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }
}
