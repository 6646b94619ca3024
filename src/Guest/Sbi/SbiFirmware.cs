using Strata.Guest.Memory;

namespace Strata.Guest.Sbi;

/// <summary>Our supervisor binary interface: base, TIME, IPI, RFENCE, HSM, SRST and DBCN (RISC-V SBI specification 2.0).</summary>
public sealed class SbiFirmware(GuestMemory memory, ISbiPlatform platform) : ISbiFirmware
{
    // Extension numbers: chapters 4, 6, 7, 8, 9, 10 and 12.
    private const ulong Base = 0x10;
    private const ulong Time = 0x54494d45;
    private const ulong Ipi = 0x735049;
    private const ulong RemoteFence = 0x52464e43;
    private const ulong HartState = 0x48534d;
    private const ulong SystemReset = 0x53525354;
    private const ulong DebugConsole = 0x4442434e;

    private const ulong SpecificationVersion = 0x0200_0000;

    // Registered implementation numbers end at 13; ours is not registered yet.
    private const ulong ImplementationId = 0x53747261;
    private const ulong ImplementationVersion = 1;
    private const int ConsoleChunk = 256;

    /// <inheritdoc/>
    public SbiResult Call(int hartId, in SbiCall call) => call.Extension switch
    {
        Base => CallBase(call),
        Time when call.Function == 0 => SetTimer(hartId, call.A0),
        Ipi when call.Function == 0 => SendIpi(call.A0, call.A1),
        RemoteFence when call.Function <= 2 => Fence(hartId, call.A0, call.A1),
        HartState => CallHartState(hartId, call),
        SystemReset when call.Function == 0 => Reset(call.A0, call.A1),
        DebugConsole => CallConsole(call),
        _ => new SbiResult(SbiError.NotSupported),
    };

    private static bool IsImplemented(ulong extension) =>
        extension is Base or Time or Ipi or RemoteFence or HartState or SystemReset or DebugConsole;

    private static SbiResult CallBase(in SbiCall call) => call.Function switch
    {
        0 => new SbiResult(SbiError.Success, SpecificationVersion),
        1 => new SbiResult(SbiError.Success, ImplementationId),
        2 => new SbiResult(SbiError.Success, ImplementationVersion),
        3 => new SbiResult(SbiError.Success, IsImplemented(call.A0) ? 1UL : 0),
        4 or 5 or 6 => new SbiResult(SbiError.Success),
        _ => new SbiResult(SbiError.NotSupported),
    };

    private SbiResult SetTimer(int hartId, ulong deadlineTicks)
    {
        platform.SetTimer(hartId, deadlineTicks);
        return new SbiResult(SbiError.Success);
    }

    // Section 3.1: a base of all ones means every hart; otherwise bit i of the mask is hart base + i.
    private bool TryMask(ulong mask, ulong maskBase, out ulong harts)
    {
        int count = platform.HartCount;
        ulong all = count == 64 ? ulong.MaxValue : (1UL << count) - 1;
        if (maskBase == ulong.MaxValue)
        {
            harts = all;
            return true;
        }

        harts = 0;
        if (mask == 0)
            return true;
        if (maskBase >= (ulong)count)
            return false;
        harts = mask << (int)maskBase;
        return harts >> (int)maskBase == mask && (harts & ~all) == 0;
    }

    private SbiResult SendIpi(ulong mask, ulong maskBase)
    {
        if (!TryMask(mask, maskBase, out ulong harts))
            return new SbiResult(SbiError.InvalidParameter);
        for (int hart = 0; hart < platform.HartCount; hart++)
        {
            if ((harts >> hart & 1) != 0)
                platform.SendIpi(hart);
        }

        return new SbiResult(SbiError.Success);
    }

    // Chapter 8. The range is not used: all of a hart's fills are dropped. Function 0 (fence.i) needs the grace period only, stores being coherent with fetch.
    private SbiResult Fence(int hartId, ulong mask, ulong maskBase) =>
        TryMask(mask, maskBase, out ulong harts)
            ? new SbiResult(SbiError.Success, Wait: platform.RemoteFence(harts, hartId))
            : new SbiResult(SbiError.InvalidParameter);

    private SbiResult CallHartState(int hartId, in SbiCall call)
    {
        if (call.Function is 0 or 2 && call.A0 >= (ulong)platform.HartCount)
            return new SbiResult(SbiError.InvalidParameter);
        switch (call.Function)
        {
            case 0:
                if (!memory.IsRam(call.A1 & ~1UL, sizeof(uint)))
                    return new SbiResult(SbiError.InvalidAddress);
                return new SbiResult(platform.StartHart((int)call.A0, call.A1, call.A2) ? SbiError.Success : SbiError.AlreadyAvailable);
            case 1:
                platform.StopHart(hartId);
                return new SbiResult(SbiError.Success, StopsHart: true);
            case 2:
                return new SbiResult(SbiError.Success, (ulong)platform.Lifecycle((int)call.A0));
            default:
                return new SbiResult(SbiError.NotSupported);
        }
    }

    // Chapter 10: type 0 shutdown, 1 cold reboot, 2 warm reboot; reason 0 none, 1 system failure.
    private SbiResult Reset(ulong type, ulong reason)
    {
        if (type > 2 || reason > 1)
            return new SbiResult(SbiError.InvalidParameter);
        platform.Reset(reboot: type != 0, failed: reason != 0);
        return new SbiResult(SbiError.Success, StopsHart: true);
    }

    private SbiResult CallConsole(in SbiCall call)
    {
        if (call.Function == 2)
        {
            _ = platform.WriteConsole([(byte)call.A0]);
            return new SbiResult(SbiError.Success);
        }

        if (call.Function > 2)
            return new SbiResult(SbiError.NotSupported);
        if (call.A2 != 0 || !memory.IsRam(call.A1, call.A0))
            return new SbiResult(SbiError.InvalidParameter);
        ulong length = Math.Min(call.A0, ConsoleChunk);
        Span<byte> bytes = stackalloc byte[ConsoleChunk];
        bytes = bytes[..(int)length];
        if (call.Function == 0)
        {
            MemoryResult read = memory.Read(call.A1, bytes);
            return read.Status switch
            {
                MemoryStatus.Done => new SbiResult(SbiError.Success, (ulong)platform.WriteConsole(bytes)),
                MemoryStatus.NotPresent => new SbiResult(SbiError.Success, Wait: read.Wait, Again: true),
                _ => new SbiResult(SbiError.InvalidParameter),
            };
        }

        // The pages must be here before input is taken, or it would be lost.
        MemoryLease lease = new();
        MemoryResult leased = memory.Lease(call.A1, bytes.Length, LeaseAccess.HostWrites, lease);
        if (!leased.IsDone)
            return leased.Wait is { } wait ? new SbiResult(SbiError.Success, Wait: wait, Again: true) : new SbiResult(SbiError.InvalidParameter);
        int count = platform.ReadConsole(bytes);
        ReadOnlySpan<byte> rest = bytes[..count];
        for (int i = 0; i < lease.Segments.Count && !rest.IsEmpty; i++)
        {
            Span<byte> target = lease.Span(i);
            int part = Math.Min(target.Length, rest.Length);
            rest[..part].CopyTo(target);
            rest = rest[part..];
        }

        lease.Release();
        return new SbiResult(SbiError.Success, (ulong)count);
    }
}
