using Strata.Host;
using Strata.Storage.Disks;

namespace Strata.Devices.Tests.Fakes;

/// <summary>A disk in an array, which counts what is asked of it and fails when told to.</summary>
internal sealed unsafe class MemoryDisk(int sizeBytes, bool readOnly = false) : IDisk
{
    public byte[] Content { get; } = new byte[sizeBytes];

    public List<string> Calls { get; } = [];

    public bool Fails { get; set; }

    public long SizeBytes => Content.Length;

    public bool IsReadOnly => readOnly;

    public void Read(long offset, ReadOnlySpan<IoVector> target)
    {
        Note($"read {offset}");
        foreach (IoVector vector in target)
        {
            Content.AsSpan((int)offset, (int)vector.Length).CopyTo(new Span<byte>((void*)vector.Address, (int)vector.Length));
            offset += vector.Length;
        }
    }

    public void Write(long offset, ReadOnlySpan<IoVector> source)
    {
        Assert.False(readOnly);
        Note($"write {offset}");
        foreach (IoVector vector in source)
        {
            new ReadOnlySpan<byte>((void*)vector.Address, (int)vector.Length).CopyTo(Content.AsSpan((int)offset));
            offset += vector.Length;
        }
    }

    public void Flush() => Note("flush");

    public void WriteZeroes(long offset, long length, bool discard)
    {
        Assert.False(readOnly);
        Note($"{(discard ? "discard" : "zero")} {offset} {length}");
        Content.AsSpan((int)offset, (int)length).Clear();
    }

    public void Dispose()
    {
    }

    private void Note(string call)
    {
        if (Calls.Count < 100)
            Calls.Add(call);
        if (Fails)
            throw new IOException("the medium is broken");
    }
}
