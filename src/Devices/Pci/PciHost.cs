// PCI Express Base specification 5.0, section 7.2.2 (ECAM); PCI Local Bus specification 3.0, section 3.2.2.3.
// The host bridge, its windows and the rotation of interrupts: QEMU's gpex as on the virt board.
using Strata.Devices.Interrupts;
using Strata.Guest.Interrupts;
using Strata.Guest.Memory;
using Strata.Guest.State;

namespace Strata.Devices.Pci;

/// <summary>A function on the bus.</summary>
public interface IPciFunction : IStateful
{
    /// <summary>Its configuration space.</summary>
    PciConfigurationSpace Configuration { get; }

    /// <summary>The registers behind its base address.</summary>
    IMmioDevice? Registers { get; }

    /// <summary>Reads 1, 2 or 4 aligned bytes of the configuration space.</summary>
    uint ReadConfiguration(int offset, int size);

    /// <summary>Writes 1, 2 or 4 aligned bytes of the configuration space.</summary>
    void WriteConfiguration(int offset, int size, uint value);
}

/// <summary>The PCI host bridge: bus 0 with up to 32 single-function devices, seen through ECAM and memory windows.</summary>
/// <remarks>Where functions answer inside the windows is looked up at each access, so that nothing outside this part hears of it when a guest moves them.
/// The bridge itself is the function in slot 0. Under the device lock.</remarks>
public sealed class PciHost : IMmioDevice, IStateful
{
    /// <summary>Devices that a bus has room for.</summary>
    public const int SlotCount = 32;

    private const int InterruptLineCount = 4;
    private const int FunctionSpaceBits = 12;
    private const int FunctionBits = 3;
    private const ushort Version = 1;

    // Wiring.
    private readonly IPciFunction?[] _slots = new IPciFunction?[SlotCount];
    private readonly WiredOr[] _interrupts;

    /// <summary>Makes the bridge.</summary>
    /// <param name="interruptLines">Four lines of the interrupt controller: INTA of slot n drives line n modulo 4.</param>
    public PciHost(IReadOnlyList<IInterruptLine> interruptLines)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(interruptLines.Count, InterruptLineCount);
        _interrupts = [.. interruptLines.Select(line => new WiredOr(line))];
        _slots[0] = new HostBridge();
    }

    /// <summary>The INTA input for the function that goes into a slot. Ask once for each slot.</summary>
    public IInterruptLine InterruptLine(int slot) => _interrupts[slot % InterruptLineCount].AddInput();

    /// <summary>Puts a function into a slot from 1 to 31.</summary>
    public void Add(int slot, IPciFunction function)
    {
        if (_slots[slot] is not null)
            throw new InvalidOperationException($"PCI slot {slot} is taken");
        _slots[slot] = function;
    }

    /// <summary>Makes the registers of a memory window whose bus addresses are the guest-physical ones, starting at <paramref name="baseAddress"/>.</summary>
    public IMmioDevice MemoryWindow(ulong baseAddress) => new Window(this, baseAddress);

    /// <summary>Reads the configuration space of any function (ECAM).</summary>
    public bool Read(ulong offset, int size, out ulong value)
    {
        value = ulong.MaxValue >> (64 - (8 * size));
        if (size > 4)
            return false;
        if (FindFunction(offset, out int register) is { } function)
            value = register < PciConfigurationSpace.SizeBytes ? function.ReadConfiguration(register, size) : 0;
        return true;
    }

    /// <summary>Writes the configuration space of any function (ECAM).</summary>
    public bool Write(ulong offset, int size, ulong value)
    {
        if (size > 4)
            return false;
        if (FindFunction(offset, out int register) is { } function && register < PciConfigurationSpace.SizeBytes)
            function.WriteConfiguration(register, size, (uint)value);
        return true;
    }

    /// <inheritdoc/>
    public void Save(StateWriter writer) => writer.Section("pci-host", Version, section =>
    {
        for (int slot = 0; slot < SlotCount; slot++)
        {
            section.Bool(_slots[slot] is not null);
            _slots[slot]?.Save(section);
        }
    });

    /// <inheritdoc/>
    public void Restore(ref StateReader reader)
    {
        StateReader section = reader.Section("pci-host", Version);
        for (int slot = 0; slot < SlotCount; slot++)
        {
            if (section.Bool() != _slots[slot] is not null)
                throw new InvalidStateException($"PCI slot {slot} of the saved machine does not have what this machine has in it");
            _slots[slot]?.Restore(ref section);
        }
    }

    // Section 7.2.2, table 7-1: bus in bits 27–20, device in 19–15, function in 14–12.
    private IPciFunction? FindFunction(ulong offset, out int register)
    {
        register = (int)(offset & ((1 << FunctionSpaceBits) - 1));
        ulong deviceAndFunction = offset >> FunctionSpaceBits;
        bool isFirstFunction = (deviceAndFunction & ((1 << FunctionBits) - 1)) == 0;
        ulong slot = deviceAndFunction >> FunctionBits;
        return isFirstFunction && slot < SlotCount ? _slots[slot] : null;
    }

    private IMmioDevice? FindRegisters(ulong address, out ulong offset)
    {
        foreach (IPciFunction? function in _slots)
        {
            if (function is not null && function.Configuration.TryDecode(address, out offset))
                return function.Registers;
        }

        offset = 0;
        return null;
    }

    /// <summary>What the processor sees of the bus's memory; where no function answers, all ones are read and writes are lost.</summary>
    private sealed class Window(PciHost host, ulong baseAddress) : IMmioDevice
    {
        public bool Read(ulong offset, int size, out ulong value)
        {
            if (host.FindRegisters(baseAddress + offset, out ulong registerOffset) is { } registers)
                return registers.Read(registerOffset, size, out value);
            value = ulong.MaxValue >> (64 - (8 * size));
            return true;
        }

        public bool Write(ulong offset, int size, ulong value) =>
            host.FindRegisters(baseAddress + offset, out ulong registerOffset) is not { } registers || registers.Write(registerOffset, size, value);
    }

    private sealed class HostBridge : IPciFunction
    {
        // As QEMU's generic bridge, for which every firmware is prepared: class 06h 00h.
        public PciConfigurationSpace Configuration { get; } = new(new PciIdentity(0x1b36, 0x0008, 0x06_00_00, 0, 0x1af4, 0x1100));

        public IMmioDevice? Registers => null;

        public uint ReadConfiguration(int offset, int size) => Configuration.Read(offset, size);

        public void WriteConfiguration(int offset, int size, uint value) => Configuration.Write(offset, size, value);

        public void Save(StateWriter writer) => Configuration.Save(writer);

        public void Restore(ref StateReader reader) => Configuration.Restore(ref reader);
    }
}
