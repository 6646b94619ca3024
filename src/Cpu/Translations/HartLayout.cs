using System.Diagnostics;
using Strata.Cpu.Translations.Ir;

namespace Strata.Cpu.Translations;

/// <summary>Offsets in a hart's native memory: its <see cref="HartState"/>, then its <see cref="EmittedState"/>.</summary>
internal static unsafe class HartLayout
{
    /// <summary>Where the part for emitted code begins.</summary>
    public static int EmittedOffset => (sizeof(HartState) + 63) & ~63;

    /// <summary>Bytes of both.</summary>
    public static int SizeBytes => EmittedOffset + sizeof(EmittedState);

    /// <summary>As emitted code sees it.</summary>
    public static StateLayout Describe(byte[] hotSlots, GuestField[] fields, GuestBlockZeroing zeroing, GuestTime time, GuestFloats floats, GuestModes modes)
    {
        HartState hart = default;
        EmittedState emitted = default;
        Debug.Assert(
            ((uint)(ExitRequest.Kick | ExitRequest.Interrupt | ExitRequest.Revocation) & ~Paging.SoftwareTlb.SelectorBits(Paging.SoftwareTlb.ManyEntries)) == 0, "see ExitRequest");
        return new StateLayout
        {
            HotSlots = hotSlots,
            DiscardedSlot = (byte)(((byte*)&hart.Discarded - (byte*)&hart) / sizeof(ulong)),
            ProgramCounter = (int)((byte*)&hart.Pc - (byte*)&hart),
            ExitWord = (int)((byte*)&hart.ExitWord - (byte*)&hart),
            CurrentPage = EmittedOffset + (int)((byte*)&emitted.CurrentPage - (byte*)&emitted),
            Tlb = EmittedOffset + (int)((byte*)&emitted.Tlb - (byte*)&emitted),
            TlbDistance = Paging.SoftwareTlb.SelectorDistance,
            Views = EmittedOffset + (int)((byte*)&emitted.Views - (byte*)&emitted),
            Modes = modes,
            Trapped = (int)((byte*)&hart.InstructionsTrapped - (byte*)&hart),
            Budget = EmittedOffset + (int)((byte*)&emitted.Budget - (byte*)&emitted),
            Mode = (int)((byte*)&hart.Privilege - (byte*)&hart),
            Fields = fields,
            Pending = ((int)((byte*)&hart.Mip - (byte*)&hart), (int)((byte*)&hart.InterruptInputs - (byte*)&hart), (int)((byte*)&hart.Mie - (byte*)&hart)),
            Zeroing = zeroing,
            Time = time,
            TimeOrigin = EmittedOffset + (int)((byte*)&emitted.TimeOrigin - (byte*)&emitted),
            Reservation = (
                (int)((byte*)&hart.ReservationAddress - (byte*)&hart),
                (int)((byte*)&hart.ReservationVirtualAddress - (byte*)&hart),
                (int)((byte*)&hart.ReservationValue - (byte*)&hart)),
            IsReserved = (int)(&hart.ReservationIsValid - (byte*)&hart),
            PhysicalPageDistance = Paging.SoftwareTlb.RecordDistance,
            Floats = floats,
            FloatStatus = (int)((byte*)&hart.MStatus - (byte*)&hart),
            FloatRounding = (int)((byte*)&hart.Frm - (byte*)&hart),
            FloatFlags = (int)((byte*)&hart.Fflags - (byte*)&hart),
            FloatsLoaded = EmittedOffset + (int)((byte*)&emitted.FloatsLoaded - (byte*)&emitted),
            FloatControl = EmittedOffset + (int)((byte*)&emitted.FloatControl - (byte*)&emitted),
            HostFloatControl = EmittedOffset + (int)((byte*)&emitted.HostFloatControl - (byte*)&emitted),
            TlbEntries = Paging.SoftwareTlb.ManyEntries,
        };
    }
}
