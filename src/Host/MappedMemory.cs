using System.ComponentModel;
using System.Runtime.InteropServices;
using Strata.Host.Interop;

namespace Strata.Host;

/// <summary>A reserved range of anonymous private memory: pages cost nothing until they are touched and read as zero then.</summary>
public sealed class MappedMemory : IDisposable
{
    private nint _address;

    /// <summary>Reserves <paramref name="sizeBytes"/> bytes (rounded up to whole pages) aligned to 2 MiB, readable and writable, without committing them.</summary>
    /// <exception cref="Win32Exception">The system refused.</exception>
    public MappedMemory(ulong sizeBytes)
    {
        SizeBytes = (sizeBytes + HugePageSize - 1) & ~(HugePageSize - 1);
        nint mapped = Memory.Map(
            0, (nuint)(SizeBytes + HugePageSize), Memory.ProtRead | Memory.ProtWrite, Memory.MapPrivate | Memory.MapAnonymous | Memory.MapNoReserve, -1, 0);
        if (mapped == -1)
            throw new Win32Exception(Marshal.GetLastPInvokeError(), $"cannot reserve {SizeBytes >> 20} MiB of address space");
        ulong aligned = ((ulong)mapped + HugePageSize - 1) & ~(HugePageSize - 1);
        ulong before = aligned - (ulong)mapped;
        if (before != 0)
            _ = Memory.Unmap(mapped, (nuint)before);
        if (before != HugePageSize)
            _ = Memory.Unmap((nint)(aligned + SizeBytes), (nuint)(HugePageSize - before));
        _address = (nint)aligned;
    }

    /// <summary>2 MiB: the alignment of every mapping and the size of a huge page.</summary>
    public const ulong HugePageSize = 2 << 20;

    /// <summary>The first byte's address, a multiple of 2 MiB.</summary>
    public nint Address => _address;

    /// <summary>The size in bytes, a multiple of 2 MiB.</summary>
    public ulong SizeBytes { get; }

    /// <summary>Gives the pages of the range back to the system; they read as zero afterwards.</summary>
    public void Discard(ulong offset, ulong length)
    {
        if (Memory.Advise(_address + (nint)offset, (nuint)length, Memory.AdviseDontNeed) != 0)
            throw new Win32Exception(Marshal.GetLastPInvokeError(), "cannot give memory back to the system");
    }

    /// <summary>Advises the system to back the range with huge pages; it may decline.</summary>
    public void AdviseHugePages(ulong offset, ulong length) => _ = Memory.Advise(_address + (nint)offset, (nuint)length, Memory.AdviseHugePage);

    /// <inheritdoc/>
    public void Dispose()
    {
        nint address = Interlocked.Exchange(ref _address, 0);
        if (address != 0)
            _ = Memory.Unmap(address, (nuint)SizeBytes);
    }
}
