// PCI Local Bus specification 3.0, chapter 6 (configuration space).
using System.Buffers.Binary;
using Strata.Guest.State;

namespace Strata.Devices.Pci;

/// <summary>Who a PCI function is.</summary>
/// <param name="Vendor">Vendor identifier.</param>
/// <param name="Device">Device identifier.</param>
/// <param name="ClassCode">Class, subclass and programming interface, 24 bits.</param>
/// <param name="Revision">Revision.</param>
/// <param name="SubsystemVendor">Subsystem vendor identifier.</param>
/// <param name="Subsystem">Subsystem identifier.</param>
public sealed record PciIdentity(ushort Vendor, ushort Device, uint ClassCode, byte Revision, ushort SubsystemVendor, ushort Subsystem);

/// <summary>The 256 bytes that describe a function and place its registers: header, one 64-bit base address, capabilities, INTA.</summary>
public sealed partial class PciConfigurationSpace : IStateful
{
    private const ushort Version = 1;

    // Configuration.
    private readonly int _baseAddressRegister;
    private readonly ulong _baseAddressSize;

    // State: the bytes; which of them the guest may change is configuration.
    private readonly byte[] _bytes = new byte[SizeBytes];
    private readonly byte[] _writable = new byte[SizeBytes];
    private int _lastCapability = Register.CapabilitiesPointer - 1;
    private int _nextCapability = FirstCapability;

    /// <summary>Makes the space of a function.</summary>
    /// <param name="identity">Who it is.</param>
    /// <param name="hasInterrupt">It drives INTA.</param>
    /// <param name="baseAddress">The number of its base address register (0, 2 or 4; the next one holds the high half), or null.</param>
    /// <param name="baseAddressSize">Bytes behind it: a power of two from 4 KiB.</param>
    public PciConfigurationSpace(PciIdentity identity, bool hasInterrupt = false, int? baseAddress = null, ulong baseAddressSize = 0)
    {
        Put16(Register.VendorId, identity.Vendor);
        Put16(Register.DeviceId, identity.Device);
        Put32(Register.RevisionId, (identity.ClassCode << 8) | identity.Revision);
        Put16(Register.SubsystemVendorId, identity.SubsystemVendor);
        Put16(Register.SubsystemId, identity.Subsystem);
        _bytes[Register.InterruptPin] = hasInterrupt ? (byte)1 : (byte)0;
        BinaryPrimitives.WriteUInt16LittleEndian(_writable.AsSpan(Register.Command), Command.Writable);
        _writable[Register.CacheLineSize] = 0xff;
        _writable[Register.InterruptLine] = 0xff;
        if (baseAddress is not { } number)
            return;
        _baseAddressRegister = Register.BaseAddress + (4 * number);
        _baseAddressSize = baseAddressSize;
        Put32(_baseAddressRegister, BaseAddressType);

        // The bits below the size are not there: this is how a guest learns the size (section 6.2.5.1).
        BinaryPrimitives.WriteUInt64LittleEndian(_writable.AsSpan(_baseAddressRegister), ~(baseAddressSize - 1));
    }

    /// <summary>Called after the guest has written the command register.</summary>
    public Action? CommandWritten { get; set; }

    /// <summary>The function answers at its base address.</summary>
    public bool IsMemoryEnabled => (CommandBits & Command.MemorySpace) != 0;

    /// <summary>The function may access memory by itself.</summary>
    public bool IsBusMaster => (CommandBits & Command.BusMaster) != 0;

    /// <summary>The function may drive INTA.</summary>
    public bool MayInterrupt => (CommandBits & Command.InterruptDisable) == 0;

    /// <summary>The interrupt status bit: the function wants an interrupt, whether or not it may.</summary>
    public bool WantsInterrupt
    {
        get => (_bytes[Register.Status] & Status.Interrupt) != 0;
        set => _bytes[Register.Status] = (byte)((_bytes[Register.Status] & ~Status.Interrupt) | (value ? Status.Interrupt : 0));
    }

    private ushort CommandBits => BinaryPrimitives.ReadUInt16LittleEndian(_bytes.AsSpan(Register.Command));

    private ulong BaseAddress => BinaryPrimitives.ReadUInt64LittleEndian(_bytes.AsSpan(_baseAddressRegister)) & ~0xfUL;

    /// <summary>True if the bus address lies in the function's range; then <paramref name="offset"/> is the place in it.</summary>
    public bool TryDecode(ulong busAddress, out ulong offset)
    {
        offset = 0;
        if (_baseAddressSize == 0 || !IsMemoryEnabled)
            return false;
        offset = busAddress - BaseAddress;
        return offset < _baseAddressSize;
    }

    /// <summary>Appends a capability (section 6.7) and answers its offset. Its first two bytes, identifier and link, are written here.</summary>
    public int AddCapability(byte id, ReadOnlySpan<byte> body)
    {
        int offset = _nextCapability;
        _bytes[_lastCapability + 1] = (byte)offset;
        _bytes[offset] = id;
        body.CopyTo(_bytes.AsSpan(offset + 2));
        _lastCapability = offset;
        _nextCapability = (offset + 2 + body.Length + 3) & ~3;
        Put16(Register.Status, Status.CapabilitiesList);
        return offset;
    }

    /// <summary>Lets the guest write a range.</summary>
    public void MakeWritable(int offset, int length) => _writable.AsSpan(offset, length).Fill(0xff);

    /// <summary>Back to power-on: what the guest has written is zero again.</summary>
    public void Reset()
    {
        for (int i = 0; i < SizeBytes; i++)
            _bytes[i] &= (byte)~_writable[i];
        WantsInterrupt = false;
        CommandWritten?.Invoke();
    }

    /// <summary>Reads 1, 2 or 4 bytes, aligned.</summary>
    public uint Read(int offset, int size)
    {
        ReadOnlySpan<byte> bytes = _bytes.AsSpan(offset, size);
        return size switch
        {
            1 => bytes[0],
            2 => BinaryPrimitives.ReadUInt16LittleEndian(bytes),
            _ => BinaryPrimitives.ReadUInt32LittleEndian(bytes),
        };
    }

    /// <summary>Writes 1, 2 or 4 bytes, aligned; read-only bits keep their value.</summary>
    public void Write(int offset, int size, uint value)
    {
        for (int i = 0; i < size; i++)
        {
            byte mask = _writable[offset + i];
            _bytes[offset + i] = (byte)((_bytes[offset + i] & (byte)~mask) | ((byte)(value >> (8 * i)) & mask));
        }

        if (offset < Register.Status && offset + size > Register.Command)
            CommandWritten?.Invoke();
    }

    /// <inheritdoc/>
    public void Save(StateWriter writer) => writer.Section("pci", Version, section => section.Bytes(_bytes));

    /// <inheritdoc/>
    public void Restore(ref StateReader reader)
    {
        StateReader section = reader.Section("pci", Version);
        ReadOnlySpan<byte> saved = section.Bytes();
        if (saved.Length != SizeBytes)
            throw new InvalidStateException($"saved PCI configuration space has {saved.Length} bytes, not {SizeBytes}");
        bool wantsInterrupt = (saved[Register.Status] & Status.Interrupt) != 0;
        for (int i = 0; i < SizeBytes; i++)
        {
            _bytes[i] = (byte)((_bytes[i] & ~_writable[i]) | (saved[i] & _writable[i]));
            if (i != Register.Status && _bytes[i] != saved[i])
                throw new InvalidStateException("a saved PCI function is not the one that this machine has in the slot");
        }

        WantsInterrupt = wantsInterrupt;
        CommandWritten?.Invoke();
    }

    private void Put16(int offset, ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(_bytes.AsSpan(offset), value);

    private void Put32(int offset, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(_bytes.AsSpan(offset), value);
}
