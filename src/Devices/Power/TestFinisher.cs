// SiFive's test finisher (device tree binding "sifive,test0") as in QEMU's hw/misc/sifive_test; the same register is the device tree's
// syscon-poweroff and syscon-reboot.
using Strata.Guest.Memory;

namespace Strata.Devices.Power;

/// <summary>One register with which a guest powers its machine off, with an exit code, or resets it. It has no state.</summary>
/// <param name="requested">Called under the device lock, on the carrier of the hart that wrote: only records the request and kicks.</param>
public sealed class TestFinisher(Action<PowerRequest> requested) : IMmioDevice
{
    /// <summary>Bytes of address space that the part occupies.</summary>
    public const ulong SizeBytes = 0x1000;

    /// <summary>Power off; bits 31–16 are the exit code.</summary>
    public const ushort Fail = 0x3333;

    /// <summary>Power off with exit code 0.</summary>
    public const ushort Pass = 0x5555;

    /// <summary>Reset.</summary>
    public const ushort Reset = 0x7777;

    /// <inheritdoc/>
    public bool Read(ulong offset, int size, out ulong value)
    {
        value = 0;
        return size is 2 or 4;
    }

    /// <inheritdoc/>
    public bool Write(ulong offset, int size, ulong value)
    {
        if (size is not (2 or 4))
            return false;
        if (offset != 0)
            return true;
        switch ((ushort)value)
        {
            case Fail:
                requested(new PowerRequest(PowerRequestKind.PowerOff, (ushort)(value >> 16)));
                break;
            case Pass:
                requested(new PowerRequest(PowerRequestKind.PowerOff));
                break;
            case Reset:
                requested(new PowerRequest(PowerRequestKind.Reset));
                break;
        }

        return true;
    }
}
