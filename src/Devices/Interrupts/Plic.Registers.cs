namespace Strata.Devices.Interrupts;

public sealed partial class Plic
{
    /// <summary>Bytes of address space that the part occupies on the <c>virt</c> board.</summary>
    public const ulong SizeBytes = 0x60_0000;

    /// <summary>Interrupt sources 1 to this number; source 0 means none.</summary>
    public const int LastSource = 95;

    /// <summary>The highest priority: three bits.</summary>
    public const uint MaxPriority = 7;

    /// <summary>32-bit words that hold one bit per source.</summary>
    private const int Words = (LastSource + 1) / 32;

    private static class Register
    {
        public const ulong Priority = 0x00_0000;      // RW, 4 bytes per source
        public const ulong PriorityEnd = Priority + (4 * (LastSource + 1));
        public const ulong Pending = 0x00_1000;       // RO, 1 bit per source
        public const ulong PendingEnd = Pending + (4 * Words);
        public const ulong Enable = 0x00_2000;        // RW, 1 bit per source, 0x80 bytes per context
        public const ulong EnableStride = 0x80;
        public const ulong Context = 0x20_0000;       // 0x1000 bytes per context
        public const ulong ContextStride = 0x1000;
        public const ulong Threshold = 0x0;           // RW, within a context
        public const ulong Claim = 0x4;               // R: claim; W: complete; within a context
    }
}
