namespace Strata.Devices.Interrupts;

public sealed partial class Clint
{
    /// <summary>Bytes of address space that the part occupies.</summary>
    public const ulong SizeBytes = 0x1_0000;

    /// <summary>Most harts that the register map has room for.</summary>
    public const int MaxHarts = 4095;

    private static class Register
    {
        public const ulong Msip = 0x0000;      // RW, 4 bytes per hart, bit 0
        public const ulong MsipEnd = 0x4000;
        public const ulong MTimeCmp = 0x4000;  // RW, 8 bytes per hart, accessed by 4 or 8
        public const ulong MTime = 0xbff8;     // RW, 8 bytes, accessed by 4 or 8
        public const ulong MTimeEnd = 0xc000;
    }
}
