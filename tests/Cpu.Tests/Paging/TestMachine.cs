using System.Buffers.Binary;
using Strata.Cpu.Paging;
using Strata.Cpu.RiscV;
using Strata.Cpu.RiscV.Csr;
using Strata.Guest.Memory;

namespace Strata.Cpu.Tests.Paging;

/// <summary>A hart, two carriers, 1 MiB of RAM, one page of device registers, and the two paths of every access: the TLB's tables, then the slow path.</summary>
public sealed unsafe class TestMachine : IDisposable
{
    public const ulong RamBase = 0x8000_0000;
    public const ulong RamBytes = 1 << 20;
    public const ulong DevicePage = 0x1000_0000;

    private readonly FrameAllocator _frames = new(64 << 20);
    private readonly SoftwareTlb[] _tlbs;
    private readonly CarrierSlot[] _slots;
    private HartState _state;

    public TestMachine(bool deterministic = false, int tlbEntries = SoftwareTlb.FewEntries)
    {
        _tlbs = [new(tlbEntries), new(tlbEntries)];
        MmioBus bus = new(new Lock());
        bus.Map(DevicePage, 0x1000, new Registers());
        Memory = new GuestMemory(_frames, [new RamRange(RamBase, RamBytes)], bus, deterministic);
        _slots = [.. _tlbs.Select(tlb => Memory.Revocations.Register(tlb))];
        Translation = new AddressTranslation(Memory);
        HartReset.Apply(ref _state, new HartConfiguration { HartId = 0, UpdatesAccessedAndDirty = true });
        OpenPmp();
    }

    public GuestMemory Memory { get; }

    /// <summary>The carrier that the hart is on: 0 or 1.</summary>
    public int Carrier { get; set; }

    public CarrierSlot Slot => _slots[Carrier];

    public AddressTranslation Translation { get; }

    public SoftwareTlb Tlb => _tlbs[Carrier];

    public ref HartState State => ref _state;

    /// <summary>PMP: everything for everyone.</summary>
    public void OpenPmp()
    {
        for (int i = 0; i < Pmp.EntryCount; i++)
            _state.PmpConfiguration[i] = 0;
        _state.PmpAddress[0] = (1UL << 54) - 1;
        _state.PmpConfiguration[0] = 0x1f;
        _state.PmpEpoch++;
    }

    public void WriteDoubleword(ulong address, ulong value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        Assert.True(Memory.Write(address, bytes).IsDone);
    }

    public ulong ReadDoubleword(ulong address)
    {
        Span<byte> bytes = stackalloc byte[8];
        Assert.True(Memory.Read(address, bytes).IsDone);
        return BinaryPrimitives.ReadUInt64LittleEndian(bytes);
    }

    /// <summary>Translates by the slow path.</summary>
    public Translation Translate(ulong address, FillAccess access, int size = 1)
    {
        Tlb.Activate(ref _state, 0);
        Translation.Translate(ref _state, address, access, size, Tlb, out Translation translation);
        return translation;
    }

    /// <summary>The host address if the access hits the active tables, else 0.</summary>
    public nint Hit(ulong address, FillAccess access, int size = 1)
    {
        Tlb.Activate(ref _state, 0);
        TlbEntry* table = access switch
        {
            FillAccess.Read => Tlb.Read,
            FillAccess.Write => Tlb.Write,
            _ => Tlb.Fetch,
        };
        TlbEntry* entry = Tlb.Find(table, address);
        return SoftwareTlb.Hits(entry, address, size) ? (nint)address + entry->Addend : 0;
    }

    /// <summary>Fences as the instruction does: on this carrier at once, on the other before the hart runs there again.</summary>
    public void Fence(ulong? virtualAddress, ulong? asid)
    {
        Tlb.Fence(0, virtualAddress, asid);
        Tlb.FenceElsewhere(ref _state, 0);
    }

    /// <summary>S-mode under page tables of the given depth.</summary>
    public void EnterSupervisor(int levels, ulong root, ulong asid = 0)
    {
        _state.Privilege = PrivilegeMode.Supervisor;
        _state.Satp = ((ulong)(levels + 5) << 60) | (asid << 44) | (root >> 12);
    }

    /// <summary>Maps a 4 KiB page through tables of three levels at the given addresses; all three must be on their own pages.</summary>
    public void MapSv39(ulong root, ulong middle, ulong last, ulong virtualAddress, ulong physicalAddress, ulong flags)
    {
        WriteDoubleword(root + ((virtualAddress >> 30 & 0x1ff) * 8), (middle >> 2) | 1);
        WriteDoubleword(middle + ((virtualAddress >> 21 & 0x1ff) * 8), (last >> 2) | 1);
        WriteDoubleword(last + ((virtualAddress >> 12 & 0x1ff) * 8), (physicalAddress >> 2) | flags);
    }

    public void Dispose()
    {
        foreach (CarrierSlot slot in _slots)
            Memory.Revocations.Unregister(slot);
        foreach (SoftwareTlb tlb in _tlbs)
            tlb.Dispose();
        Memory.Dispose();
        _frames.Dispose();
    }

    private sealed class Registers : IMmioDevice
    {
        public bool Read(ulong offset, int size, out ulong value)
        {
            value = 0;
            return true;
        }

        public bool Write(ulong offset, int size, ulong value) => true;
    }
}
