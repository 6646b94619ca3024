using System.Buffers.Binary;
using System.Security.Cryptography;
using Strata.Guest.Memory;
using Strata.Guest.State;

namespace Strata.Machines;

/// <summary>The complete state of a machine as a value: written down canonically, and hashed. Only while no hart runs and no event is under way.</summary>
/// <remarks>Memory is hashed page by page and only where it was written since the last hash: the sum (mod 2^128) of the hashes of all pages that are not zero.</remarks>
public sealed class MachineState
{
    private readonly GuestMemory _memory;
    private readonly IReadOnlyList<(string Name, IStateful Part)> _parts;
    private readonly Dictionary<ulong, UInt128> _pageHashes = [];
    private readonly byte[] _page = new byte[GuestMemory.PageSize + sizeof(ulong)];
    private UInt128 _memoryHash;

    internal MachineState(GuestMemory memory, IReadOnlyList<(string Name, IStateful Part)> parts)
    {
        _memory = memory;
        _parts = parts;
    }

    /// <summary>SHA-256 over the state of every part and the hash of memory, as lower-case hexadecimal.</summary>
    public string Hash() => Convert.ToHexStringLower(SHA256.HashData(Write().Written));

    /// <summary>The hash of each part by name, to find where two machines part ways.</summary>
    public IReadOnlyDictionary<string, string> HashByPart()
    {
        Dictionary<string, string> hashes = new(StringComparer.Ordinal) { ["memory"] = HashMemory().ToString("x32") };
        foreach ((string name, IStateful part) in _parts)
        {
            StateWriter writer = new();
            part.Save(writer);
            hashes[name] = Convert.ToHexStringLower(SHA256.HashData(writer.Written));
        }

        return hashes;
    }

    /// <summary>The parts beside memory, in the order in which they are written.</summary>
    internal IReadOnlyList<(string Name, IStateful Part)> Parts => _parts;

    private StateWriter Write()
    {
        StateWriter writer = new();
        foreach ((string name, IStateful part) in _parts)
            writer.Section(name, 1, part.Save);
        UInt128 memory = HashMemory();
        writer.U64((ulong)memory);
        writer.U64((ulong)(memory >> 64));
        return writer;
    }

    private UInt128 HashMemory()
    {
        foreach (ulong page in _memory.BeginGeneration())
        {
            _pageHashes.Remove(page, out UInt128 old);
            UInt128 hash = HashPage(page);
            if (hash != 0)
                _pageHashes.Add(page, hash);
            _memoryHash += hash - old;
        }

        return _memoryHash;
    }

    private UInt128 HashPage(ulong page)
    {
        Span<byte> content = _page.AsSpan(0, (int)GuestMemory.PageSize);
        while (_memory.Read(page * GuestMemory.PageSize, content) is { IsDone: false } absent)
            absent.Wait!.Block(CancellationToken.None);
        if (!content.ContainsAnyExcept((byte)0))
            return 0;
        BinaryPrimitives.WriteUInt64LittleEndian(_page.AsSpan((int)GuestMemory.PageSize), page);
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(_page, digest);
        return BinaryPrimitives.ReadUInt128LittleEndian(digest);
    }
}
