using Strata.Cpu.Translations;
using Strata.Guest.Memory;
using Strata.Guest.Processors;
using Strata.Guest.Sbi;
using Strata.Guest.Time;

namespace Strata.Cpu.Tests.Interpreter;

/// <summary>RAM at 0x8000_0000, a device page at 0x1000_0000, and harts without any board around them.</summary>
internal sealed class TestMachine : IDisposable
{
    public const ulong Ram = 0x8000_0000;
    public const ulong DevicePage = 0x1000_0000;

    private readonly FrameAllocator _frames;

    public TestMachine(int harts = 1, ISbiFirmware? firmware = null, ulong ramBytes = 16 << 20, TranslationOptions? translation = null, GuestClock? clock = null)
    {
        Lock deviceLock = new();
        _frames = new FrameAllocator(64 << 20);
        Bus = new MmioBus(deviceLock);
        Memory = new GuestMemory(_frames, [new RamRange(Ram, ramBytes)], Bus);
        Clock = new DeterministicClock(deviceLock, () => { });
        Family = new HartFamily(Memory, translation);
        Harts = [.. Enumerable.Range(0, harts).Select(id => new Hart(Family, new HartConfiguration { HartId = id, ResetPc = Ram }, clock ?? Clock, firmware))];
        Fills = [.. Harts.Select(_ => Family.CreateFills())];
        Slots = [.. Fills.Select(fills => Memory.Revocations.Register(fills))];
    }

    public MmioBus Bus { get; }

    public GuestMemory Memory { get; }

    public DeterministicClock Clock { get; }

    public HartFamily Family { get; }

    public Hart[] Harts { get; }

    public ICarrierFills[] Fills { get; }

    public CarrierSlot[] Slots { get; }

    public Hart Hart => Harts[0];

    public ref HartState State => ref Hart.State;

    public void Load(ulong address, ReadOnlySpan<byte> bytes) => Assert.True(Memory.Write(address, bytes).IsDone);

    public void Load(string program, ulong address = Ram) => Load(address, Assembler.Assemble(program, address));

    public ulong Read64(ulong address)
    {
        byte[] bytes = new byte[8];
        Assert.True(Memory.Read(address, bytes).IsDone);
        return BitConverter.ToUInt64(bytes);
    }

    public void Write64(ulong address, ulong value) => Load(address, BitConverter.GetBytes(value));

    /// <summary>Runs one hart on the carrier of its number.</summary>
    public RunExit Run(ulong instructions, int hart = 0) => RunOn(hart, instructions, hart);

    /// <summary>Runs one hart as a carrier does; there are as many of these as harts.</summary>
    public RunExit RunOn(int carrier, ulong instructions, int hart = 0)
    {
        Memory.Revocations.Enter(Slots[carrier], Harts[hart]);
        RunExit exit = Harts[hart].Run(Fills[carrier], instructions);
        Memory.Revocations.Leave(Slots[carrier]);
        return exit;
    }

    public void Dispose()
    {
        foreach (CarrierSlot slot in Slots)
            Memory.Revocations.Unregister(slot);
        foreach (ICarrierFills fills in Fills)
            fills.Dispose();
        foreach (Hart hart in Harts)
            hart.Dispose();
        Family.Dispose();
        Memory.Dispose();
        _frames.Dispose();
    }
}
