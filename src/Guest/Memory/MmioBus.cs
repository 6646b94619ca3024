namespace Strata.Guest.Memory;

/// <summary>Finds the device behind a guest-physical address and makes the access under the machine's device lock.</summary>
public sealed class MmioBus
{
    private readonly Lock _deviceLock;

    // Sorted by base, replaced as a whole under _deviceLock, read without it.
    private volatile Mapping[] _mappings = [];

    /// <summary>Makes an empty bus.</summary>
    /// <param name="deviceLock">The one lock under which all device code of the machine runs.</param>
    public MmioBus(Lock deviceLock) => _deviceLock = deviceLock;

    private sealed record Mapping(ulong Base, ulong SizeBytes, IMmioDevice Device);

    /// <summary>Puts a device at an address (multiples of 4 KiB in base; the size as the device has it).</summary>
    /// <exception cref="InvalidOperationException">The range overlaps another device's.</exception>
    public void Map(ulong address, ulong sizeBytes, IMmioDevice device)
    {
        if (!TryMap(address, sizeBytes, device))
            throw new InvalidOperationException($"two devices at 0x{address:x}");
    }

    /// <summary>Puts a device at an address that a guest chose (a PCI BAR). False: the range overlaps another device's, and nothing was mapped.</summary>
    public bool TryMap(ulong address, ulong sizeBytes, IMmioDevice device)
    {
        lock (_deviceLock)
        {
            if (address + sizeBytes < address || Array.Exists(_mappings, m => address < m.Base + m.SizeBytes && m.Base < address + sizeBytes))
                return false;
            Mapping[] next = [.. _mappings, new Mapping(address, sizeBytes, device)];
            Array.Sort(next, (a, b) => a.Base.CompareTo(b.Base));
            _mappings = next;
            return true;
        }
    }

    /// <summary>Takes a device's mapping at <paramref name="address"/> away; does nothing if there is none.</summary>
    public void Unmap(ulong address, IMmioDevice device)
    {
        lock (_deviceLock)
            _mappings = Array.FindAll(_mappings, m => m.Base != address || !ReferenceEquals(m.Device, device));
    }

    /// <summary>True if any byte of the 4 KiB page belongs to a device.</summary>
    public bool IsDevicePage(ulong pageAddress)
    {
        foreach (Mapping mapping in _mappings)
        {
            if (pageAddress < mapping.Base + mapping.SizeBytes && mapping.Base < pageAddress + GuestMemory.PageSize)
                return true;
        }

        return false;
    }

    /// <summary>Reads 1, 2, 4 or 8 bytes. False: an access fault.</summary>
    public bool Read(ulong address, int size, out ulong value)
    {
        lock (_deviceLock)
        {
            if (TryFind(address, size, out Mapping? mapping))
                return mapping.Device.Read(address - mapping.Base, size, out value);
        }

        value = 0;
        return false;
    }

    /// <summary>Writes 1, 2, 4 or 8 bytes. False: an access fault.</summary>
    public bool Write(ulong address, int size, ulong value)
    {
        lock (_deviceLock)
            return TryFind(address, size, out Mapping? mapping) && mapping.Device.Write(address - mapping.Base, size, value);
    }

    private bool TryFind(ulong address, int size, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out Mapping? found)
    {
        found = null;
        if ((address & (ulong)(size - 1)) != 0)
            return false;
        Mapping[] mappings = _mappings;
        int low = 0;
        int high = mappings.Length - 1;
        while (low <= high)
        {
            int middle = (low + high) >> 1;
            Mapping candidate = mappings[middle];
            if (address < candidate.Base)
            {
                high = middle - 1;
            }
            else if (address - candidate.Base >= candidate.SizeBytes)
            {
                low = middle + 1;
            }
            else
            {
                found = candidate;
                return candidate.SizeBytes - (address - candidate.Base) >= (ulong)size;
            }
        }

        return false;
    }
}
