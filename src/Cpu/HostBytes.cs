namespace Strata.Cpu;

/// <summary>Numbers of one, two, four or eight bytes where the host has them, in the guest's order, which is the host's.</summary>
internal static unsafe class HostBytes
{
    // SAFETY of both: the caller has translated `size` bytes at the address, in one page that stays where it is until its carrier's next poll.
    public static ulong Read(nint address, int size) => size switch
    {
        1 => *(byte*)address,
        2 => *(ushort*)address,
        4 => *(uint*)address,
        _ => *(ulong*)address,
    };

    public static void Write(nint address, int size, ulong value)
    {
        switch (size)
        {
            case 1:
                *(byte*)address = (byte)value;
                break;
            case 2:
                *(ushort*)address = (ushort)value;
                break;
            case 4:
                *(uint*)address = (uint)value;
                break;
            default:
                *(ulong*)address = value;
                break;
        }
    }

    /// <summary>A number with the bits above its sign copied from it: <paramref name="sign"/> is how many lie there, 0 to leave it as it is.</summary>
    public static ulong Extend(ulong value, int sign) => (ulong)((long)(value << sign) >> sign);
}
