using System.Buffers.Binary;
using System.Security.Cryptography;
using Strata.Cpu;
using Strata.Cpu.RiscV;
using Strata.Devices.Htif;
using Strata.Devices.Interrupts;
using Strata.Devices.Pci;
using Strata.Devices.Power;
using Strata.Devices.Rtc;
using Strata.Devices.Uart;
using Strata.Devices.Virtio;
using Strata.Devices.Virtio.Block;
using Strata.Devices.Virtio.Console;
using Strata.Devices.Virtio.Entropy;
using Strata.Devices.Virtio.Transport;
using Strata.Guest.Interrupts;
using Strata.Guest.Memory;
using Strata.Guest.Processors;
using Strata.Guest.Sbi;
using Strata.Guest.State;
using Strata.Guest.Time;
using Strata.Host;
using Strata.Machines.Boot;
using Strata.Machines.Carriers;
using static Strata.Machines.MemoryMap;

namespace Strata.Machines;

/// <summary>Connects the parts of a machine: the board of QEMU's <c>virt</c>, one screen of wiring.</summary>
public sealed class MachineBuilder
{
    private const ulong LargestMemory = 64UL << 30;
    private const ulong MemoryGranularity = 2 << 20;
    private const int SeedSize = 48;

    // Frames beside RAM: the boot ROM, and replacements under way.
    private const ulong SpareFrameBytes = 16 << 20;

    private readonly HostResources _host;
    private readonly MachineConfiguration _configuration;
    private readonly Lock _deviceLock = new();
    private readonly List<(string Name, IStateful Part)> _parts = [];
    private readonly FirmwareProgram? _firmware;
    private readonly byte[] _seed;
    private Machine? _machine;

    private MachineBuilder(HostResources host, MachineConfiguration configuration)
    {
        _host = host;
        _configuration = configuration;
        _firmware = configuration.Boot is FirmwareBoot boot ? FirmwareProgram.Read(boot.Firmware) : null;
        _seed = MakeSeed(configuration);
    }

    /// <summary>Builds a machine and loads what it starts; <see cref="Machine.Start"/> starts it.</summary>
    /// <exception cref="BootException">What it should start is not what it should be, or does not fit.</exception>
    public static Machine Build(HostResources host, MachineConfiguration configuration)
    {
        if (configuration.MemoryBytes is < MemoryGranularity or > LargestMemory || configuration.MemoryBytes % MemoryGranularity != 0)
            throw new BootException($"{configuration.MemoryBytes} bytes of memory: give a multiple of 2 MiB, up to 64 GiB");
        if (configuration.HartCount is < 1 or > 64)
            throw new BootException($"{configuration.HartCount} harts: give 1 to 64");
        return new MachineBuilder(host, configuration).Build();
    }

    // 40 bytes for rng-seed, 8 for kaslr-seed.
    private static byte[] MakeSeed(MachineConfiguration configuration)
    {
        if (configuration.Seed is null && !configuration.Deterministic)
        {
            byte[] seed = new byte[SeedSize];
            HostRandomness.Fill(seed);
            return seed;
        }

        byte[] number = new byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(number, configuration.Seed ?? 0);
        return SHA384.HashData(number);
    }

    private Machine Build()
    {
        FrameAllocator frames = new(_configuration.MemoryBytes + SpareFrameBytes);
        try
        {
            return Connect(frames);
        }
        catch
        {
            frames.Dispose();
            throw;
        }
    }

    private Machine Connect(FrameAllocator frames)
    {
        MmioBus bus = new(_deviceLock);
        GuestMemory memory = new(frames, RamRanges(), bus, _configuration.Deterministic);
        GuestClock clock = _configuration.Deterministic
            ? new DeterministicClock(_deviceLock, () => _machine?.WakeClock())
            : new FreeRunningClock(_host.EventLoop, _host.Pool, _deviceLock, exception => _machine?.Fail(exception));
        BootPlan plan = BootPlan.Load(memory, _configuration, _firmware, _seed);

        HartFamily processors = new(
            memory,
            _configuration.Engine == ExecutionEngine.Translator
                ? _configuration.Translation with { CountsInstructions = _configuration.Translation.CountsInstructions || _configuration.Deterministic }
                : null);
        Hart[] harts = new Hart[_configuration.HartCount];
        MachineConsole console = new();
        _machine = new Machine(_host, _configuration, frames)
        {
            Memory = memory,
            Clock = clock,
            Console = console,
            Processors = processors,
            State = new MachineState(memory, _parts),
        };
        SbiPlatform platform = new(() => _machine, harts, memory, _machine.Serial);
        SbiFirmware? sbi = _firmware is null ? new SbiFirmware(memory, platform) : null;
        for (int i = 0; i < harts.Length; i++)
        {
            harts[i] = new Hart(processors, HartConfigurationOf(i), clock, sbi);
            _parts.Add(($"hart{i}", harts[i]));
        }

        if (sbi is not null)
        {
            harts[0].StartSupervisor(plan.Entry, plan.DeviceTree);
            foreach (Hart other in harts.AsSpan(1))
                other.State.IsStopped = 1;
            Add("sbi", platform);
            _machine.HartStopped = platform.HartStopped;
            _machine.HartEntering = platform.HartEntering;
        }

        ConnectDevices(bus, memory, clock, harts, console);
        CarrierTask[] tasks = Tasks(clock, harts);
        if (tasks[0] is DeterministicTask turns)
            Add("turns", turns);
        Add("clock", clock); // The last: it takes the deadlines of the others' events.
        _machine.Connect(tasks, harts);
        return _machine;
    }

    private HartConfiguration HartConfigurationOf(int hart) => _firmware is null
        ? new HartConfiguration { HartId = hart, VirtualAddressBits = 39, UpdatesAccessedAndDirty = true, ResetPrivilege = PrivilegeMode.Supervisor }
        : new HartConfiguration { HartId = hart, ResetPc = BootRom, UpdatesAccessedAndDirty = true };

    private CarrierTask[] Tasks(GuestClock clock, Hart[] harts) => clock is DeterministicClock deterministic
        ? [new DeterministicTask(_host.Carriers, _machine!, deterministic, harts)]
        : Array.ConvertAll(harts, hart => new HartTask(_host.Carriers, _machine!, hart));

    // A page with HTIF cells is the device's.
    private List<RamRange> RamRanges()
    {
        List<RamRange> ranges = [];
        if (_firmware is not null)
            ranges.Add(new RamRange(BootRom, BootRomSize));
        if (_firmware?.HostPage is not { } hole)
        {
            ranges.Add(new RamRange(Ram, _configuration.MemoryBytes));
            return ranges;
        }

        if (hole < Ram || hole >= Ram + _configuration.MemoryBytes)
            throw new BootException("the HTIF cells of the program lie outside the machine's memory");
        if (hole > Ram)
            ranges.Add(new RamRange(Ram, hole - Ram));
        ulong after = hole + GuestMemory.PageSize;
        if (after < Ram + _configuration.MemoryBytes)
            ranges.Add(new RamRange(after, Ram + _configuration.MemoryBytes - after));
        return ranges;
    }

    private void ConnectDevices(MmioBus bus, GuestMemory memory, GuestClock clock, Hart[] harts, MachineConsole console)
    {
        // Contexts M and S of each hart, in this order, as the device tree says; without firmware nothing listens to M.
        IInterruptLine[] contexts = [.. harts.SelectMany(hart => new IInterruptLine[]
        {
            _firmware is null ? new UnconnectedLine() : hart.Input(HartInterrupt.MachineExternal), hart.Input(HartInterrupt.SupervisorExternal),
        })];
        Plic plic = Add("plic", new Plic(contexts));
        bus.Map(MemoryMap.Plic, PlicSize, plic);
        if (_firmware is not null)
        {
            bus.Map(MemoryMap.Clint, ClintSize, Add("clint", new Clint(
                clock,
                Array.ConvertAll(harts, hart => hart.Input(HartInterrupt.MachineSoftware)),
                Array.ConvertAll(harts, hart => hart.Input(HartInterrupt.MachineTimer)))));
        }

        bus.Map(MemoryMap.TestFinisher, Devices.Power.TestFinisher.SizeBytes, new Devices.Power.TestFinisher(RequestPower));
        bus.Map(Rtc, GoldfishRtc.SizeBytes, Add("rtc", new GoldfishRtc(clock, plic.Source(RtcInterrupt))));
        bus.Map(Uart, Ns16550a.SizeBytes, Add("uart", new Ns16550a("uart", clock, plic.Source(UartInterrupt), _machine!.Serial)));
        ConnectVirtio(bus, memory, clock, plic, console);
        if (_firmware?.HostPage is { } page)
        {
            ElfImage elf = _firmware.Elf!;
            bus.Map(page, GuestMemory.PageSize, Add("htif", new Htif(
                _firmware.HostPageContent(), elf.ToHost!.Value - page, elf.FromHost - page, clock, memory, _machine.Serial, RequestPower)));
        }
    }

    // Disks are where each way to boot looks for them; console and entropy are on PCI in both.
    private void ConnectVirtio(MmioBus bus, GuestMemory memory, GuestClock clock, Plic plic, MachineConsole console)
    {
        PciHost pci = Add("pci", new PciHost([.. Enumerable.Range(PciInterrupt, 4).Select(plic.Source)]));
        bus.Map(PciEcam, PciEcamSize, pci);
        bus.Map(PciMmio, PciMmioSize, pci.MemoryWindow(PciMmio));
        bus.Map(PciMmioHigh, PciMmioHighSize, pci.MemoryWindow(PciMmioHigh));
        int pciSlot = 1;
        int mmioSlot = 0;
        void AddFunction(IVirtioDevice device)
        {
            VirtioEndpoint endpoint = new(device, clock, memory);
            pci.Add(pciSlot, new PciTransport(endpoint, pci.InterruptLine(pciSlot)));     // Its state is the host bridge's to save.
            pciSlot++;
        }

        void AddSlot(IVirtioDevice? device)
        {
            VirtioEndpoint? endpoint = device is null ? null : new VirtioEndpoint(device, clock, memory);
            MmioTransport slot = new(endpoint, plic.Source(VirtioMmioInterrupt + mmioSlot));
            bus.Map(VirtioMmio + ((ulong)mmioSlot * VirtioMmioStride), VirtioMmioStride, Add($"virtio-mmio{mmioSlot}", slot));
            mmioSlot++;
        }

        VirtioConsole terminal = new("console", console.Ports);
        console.Resized = (columns, rows) => terminal.SetWindowSize((ushort)columns, (ushort)rows);
        AddFunction(terminal);
        AddFunction(new VirtioEntropy("entropy", _configuration.Deterministic ? _configuration.Seed ?? 0 : null));
        foreach ((DiskConfiguration disk, int index) in _configuration.Disks.Select((disk, index) => (disk, index)))
        {
            VirtioBlock block = new($"disk{index}", disk.Disk, disk.Serial, _host.Pool.Queue);
            if (_firmware is null && pciSlot < PciHost.SlotCount)
                AddFunction(block);
            else if (_firmware is not null && mmioSlot < VirtioMmioCount)
                AddSlot(block);
            else
                throw new BootException($"{_configuration.Disks.Count} disks: the machine has room for {(_firmware is null ? PciHost.SlotCount - 3 : VirtioMmioCount)}");
        }

        while (mmioSlot < VirtioMmioCount)
            AddSlot(null);
    }

    private T Add<T>(string name, T part)
        where T : IStateful
    {
        _parts.Add((name, part));
        return part;
    }

    private void RequestPower(PowerRequest request) => _machine!.Stop(request.Kind == PowerRequestKind.Reset
        ? new MachineExit(MachineExitReason.Reset)
        : new MachineExit(MachineExitReason.PoweredOff, request.ExitCode));
}
