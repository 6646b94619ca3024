using System.Globalization;
using static Strata.Machines.MemoryMap;

namespace Strata.Machines.Boot;

/// <summary>The device tree of our board: the nodes and bindings of QEMU's <c>virt</c>, as far as the parts exist.</summary>
public sealed class BoardDeviceTree
{
    private const uint SupervisorExternal = 9;
    private const uint MachineExternal = 11;
    private const uint MachineSoftware = 3;
    private const uint MachineTimer = 7;
    private const uint CacheBlockBytes = 64;

    private readonly DeviceTreeWriter _tree = new();
    private readonly BoardDescription _board;
    private readonly uint[] _hartInterrupts;
    private readonly uint _plic;
    private readonly uint _finisher;

    private BoardDeviceTree(BoardDescription board)
    {
        _board = board;
        _hartInterrupts = new uint[board.HartCount];
        for (int i = 0; i < board.HartCount; i++)
            _hartInterrupts[i] = _tree.NewHandle();
        _plic = _tree.NewHandle();
        _finisher = _tree.NewHandle();
    }

    /// <summary>
    /// The extensions that the processor has, in the order of the ISA string (RISC-V ISA naming conventions); with those that RVA22 demands and that are no
    /// instructions but properties of memory and traps.
    /// </summary>
    public static IReadOnlyList<string> Extensions { get; } =
    [
        "i", "m", "a", "f", "d", "c", "zic64b", "zicbom", "zicbop", "zicboz", "ziccamoa", "ziccif", "zicclsm", "ziccrse", "zicntr", "zicond", "zicsr", "zifencei",
        "zihintpause", "zihpm", "za64rs", "zawrs", "zfhmin", "zba", "zbb", "zbs", "zkt", "ssccptr", "sscounterenw", "sstc", "sstvala", "sstvecd", "ssu64xl",
    ];

    /// <summary>Writes the tree.</summary>
    public static byte[] Build(BoardDescription board) => new BoardDeviceTree(board).Build();

    private static string Hex(ulong value) => value.ToString("x", CultureInfo.InvariantCulture);

    private byte[] Build()
    {
        _tree.Node("", () =>
        {
            _tree.Cells("#address-cells", 2);
            _tree.Cells("#size-cells", 2);
            _tree.Strings("compatible", "riscv-virtio");
            _tree.Strings("model", "riscv-virtio,strata");
            Chosen();
            _tree.Node($"memory@{Hex(Ram)}", () =>
            {
                _tree.Strings("device_type", "memory");
                _tree.Wide("reg", Ram, _board.MemoryBytes);
            });
            Processors();
            _tree.Node("soc", Soc);
            Syscon("poweroff", 0x5555);
            Syscon("reboot", 0x7777);
        });
        return _tree.ToArray();
    }

    private void Chosen() => _tree.Node("chosen", () =>
    {
        _tree.Strings("bootargs", _board.BootArguments);
        _tree.Strings("stdout-path", $"/soc/serial@{Hex(Uart)}");
        _tree.Bytes("rng-seed", _board.Seed.AsSpan(0, 40));
        _tree.Bytes("kaslr-seed", _board.Seed.AsSpan(40, 8));
        if (_board.Initrd is var (start, end))
        {
            _tree.Wide("linux,initrd-start", start);
            _tree.Wide("linux,initrd-end", end);
        }
    });

    private void Processors() => _tree.Node("cpus", () =>
    {
        _tree.Cells("#address-cells", 1);
        _tree.Cells("#size-cells", 0);
        _tree.Cells("timebase-frequency", (uint)Guest.Time.GuestClock.TicksPerSecond);
        string[] extensions = [.. Extensions, _board.UpdatesAccessedAndDirty ? "svadu" : "svade", "svinval", "svnapot", "svpbmt"];
        for (int hart = 0; hart < _board.HartCount; hart++)
        {
            int index = hart;
            _tree.Node($"cpu@{Hex((ulong)hart)}", () =>
            {
                _tree.Strings("device_type", "cpu");
                _tree.Cells("reg", (uint)index);
                _tree.Strings("status", "okay");
                _tree.Strings("compatible", "riscv");
                _tree.Strings("riscv,isa", "rv64imafdc_" + string.Join('_', extensions.Skip(6)));
                _tree.Strings("riscv,isa-base", "rv64i");
                _tree.Strings("riscv,isa-extensions", extensions);
                _tree.Strings("mmu-type", $"riscv,sv{_board.VirtualAddressBits}");
                _tree.Cells("riscv,cbom-block-size", CacheBlockBytes);
                _tree.Cells("riscv,cbop-block-size", CacheBlockBytes);
                _tree.Cells("riscv,cboz-block-size", CacheBlockBytes);
                _tree.Node("interrupt-controller", () =>
                {
                    _tree.Cells("#interrupt-cells", 1);
                    _tree.Cells("interrupt-controller");
                    _tree.Strings("compatible", "riscv,cpu-intc");
                    _tree.Cells("phandle", _hartInterrupts[index]);
                });
            });
        }
    });

    private void Soc()
    {
        _tree.Cells("#address-cells", 2);
        _tree.Cells("#size-cells", 2);
        _tree.Strings("compatible", "simple-bus");
        _tree.Cells("ranges");
        if (_board.HasMachineMode)
            InterruptController($"clint@{Hex(Clint)}", Clint, ClintSize, ["sifive,clint0", "riscv,clint0"], [MachineSoftware, MachineTimer]);
        _tree.Node($"plic@{Hex(Plic)}", () =>
        {
            _tree.Cells("phandle", _plic);
            _tree.Cells("#interrupt-cells", 1);
            _tree.Cells("#address-cells", 0);
            _tree.Cells("interrupt-controller");
            _tree.Cells("riscv,ndev", PlicSources);
            _tree.Strings("compatible", "sifive,plic-1.0.0", "riscv,plic0");
            _tree.Wide("reg", Plic, PlicSize);
            Parents([_board.HasMachineMode ? MachineExternal : uint.MaxValue, SupervisorExternal]);
        });
        Device($"test@{Hex(TestFinisher)}", TestFinisher, 0x1000, 0, "sifive,test1", "sifive,test0", "syscon");
        Device($"rtc@{Hex(Rtc)}", Rtc, 0x1000, RtcInterrupt, "google,goldfish-rtc");
        _tree.Node($"serial@{Hex(Uart)}", () =>
        {
            _tree.Cells("clock-frequency", 3_686_400);
            Registers(Uart, 0x100, UartInterrupt, "ns16550a");
        });
        for (int slot = 0; slot < VirtioMmioCount; slot++)
        {
            ulong address = VirtioMmio + ((ulong)slot * VirtioMmioStride);
            Device($"virtio_mmio@{Hex(address)}", address, VirtioMmioStride, VirtioMmioInterrupt + slot, "virtio,mmio");
        }

        Pci();
    }

    private void InterruptController(string name, ulong address, ulong size, string[] compatible, uint[] lines) => _tree.Node(name, () =>
    {
        _tree.Strings("compatible", compatible);
        _tree.Wide("reg", address, size);
        Parents(lines);
    });

    private void Parents(uint[] lines)
    {
        uint[] cells = new uint[_hartInterrupts.Length * lines.Length * 2];
        int next = 0;
        foreach (uint hart in _hartInterrupts)
        {
            foreach (uint line in lines)
            {
                cells[next++] = hart;
                cells[next++] = line;
            }
        }

        _tree.Cells("interrupts-extended", cells);
    }

    private void Device(string name, ulong address, ulong size, int interrupt, params string[] compatible) => _tree.Node(name, () =>
    {
        if (address == TestFinisher)
            _tree.Cells("phandle", _finisher);
        Registers(address, size, interrupt, compatible);
    });

    private void Registers(ulong address, ulong size, int interrupt, params string[] compatible)
    {
        _tree.Strings("compatible", compatible);
        _tree.Wide("reg", address, size);
        if (interrupt == 0)
            return;
        _tree.Cells("interrupt-parent", _plic);
        _tree.Cells("interrupts", (uint)interrupt);
    }

    private static uint[] Window(uint space, ulong busAddress, ulong address, ulong size) =>
        [space, (uint)(busAddress >> 32), (uint)busAddress, (uint)(address >> 32), (uint)address, (uint)(size >> 32), (uint)size];

    private void Pci() => _tree.Node($"pci@{Hex(PciEcam)}", () =>
    {
        const uint IoSpace = 0x0100_0000;
        const uint Memory32Space = 0x0200_0000;
        const uint Memory64Space = 0x0300_0000;
        const int Lines = 4;
        _tree.Strings("compatible", "pci-host-ecam-generic");
        _tree.Strings("device_type", "pci");
        _tree.Cells("#address-cells", 3);
        _tree.Cells("#size-cells", 2);
        _tree.Cells("#interrupt-cells", 1);
        _tree.Cells("linux,pci-domain", 0);
        _tree.Cells("bus-range", 0, 255);
        _tree.Cells("dma-coherent");
        _tree.Wide("reg", PciEcam, PciEcamSize);
        _tree.Cells("ranges", [.. Window(IoSpace, 0, PciPio, PciPioSize), .. Window(Memory32Space, PciMmio, PciMmio, PciMmioSize),
            .. Window(Memory64Space, PciMmioHigh, PciMmioHigh, PciMmioHighSize)]);
        List<uint> map = [];
        for (uint slot = 0; slot < Lines; slot++)
        {
            for (uint line = 0; line < Lines; line++)
                map.AddRange([slot << 11, 0, 0, line + 1, _plic, PciInterrupt + ((slot + line) % Lines)]);
        }

        _tree.Cells("interrupt-map", [.. map]);
        _tree.Cells("interrupt-map-mask", 0x1800, 0, 0, 7);
    });

    private void Syscon(string name, uint value) => _tree.Node(name, () =>
    {
        _tree.Strings("compatible", $"syscon-{name}");
        _tree.Cells("regmap", _finisher);
        _tree.Cells("offset", 0);
        _tree.Cells("value", value);
    });
}
