using Strata.Host;

namespace Strata.Storage.Disks;

/// <summary>What holds a disk's bytes. Every member may block and belongs on the worker pool; several requests may be under way at once.</summary>
/// <remarks>Ranges are in bytes, multiples of <see cref="SectorSizeBytes"/>, and lie within <see cref="SizeBytes"/>: the device has checked that.</remarks>
public interface IDisk : IDisposable
{
    /// <summary>A sector, the unit of addressing.</summary>
    const int SectorSizeBytes = 512;

    /// <summary>Capacity in bytes, a multiple of <see cref="SectorSizeBytes"/>.</summary>
    long SizeBytes { get; }

    /// <summary>True if writes are refused.</summary>
    bool IsReadOnly { get; }

    /// <summary>Fills the memory from <paramref name="offset"/>.</summary>
    /// <exception cref="IOException">The host failed; the guest sees an I/O error.</exception>
    void Read(long offset, ReadOnlySpan<IoVector> target);

    /// <summary>Writes the memory at <paramref name="offset"/>. It lasts after the next <see cref="Flush"/>.</summary>
    /// <exception cref="IOException">The host failed; the guest sees an I/O error.</exception>
    void Write(long offset, ReadOnlySpan<IoVector> source);

    /// <summary>Returns when everything written before is on the medium.</summary>
    /// <exception cref="IOException">The host failed; the guest sees an I/O error.</exception>
    void Flush();

    /// <summary>Makes a range read as zero; with <paramref name="discard"/> its space is given back where that is possible.</summary>
    /// <exception cref="IOException">The host failed; the guest sees an I/O error.</exception>
    void WriteZeroes(long offset, long length, bool discard);
}
