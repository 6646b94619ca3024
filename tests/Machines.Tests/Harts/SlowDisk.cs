using System.Runtime.InteropServices;
using Strata.Host;
using Strata.Storage.Disks;

namespace Strata.Machines.Tests.Harts;

/// <summary>A disk in memory that takes its time: none, or some milliseconds, at random.</summary>
internal sealed class SlowDisk(int seed, int sizeBytes) : IDisk
{
    // Guards itself.
    private readonly Random _random = new(seed);
    private readonly byte[] _content = Fill(sizeBytes);
    private int _requestCount;

    public int RequestCount => Volatile.Read(ref _requestCount);

    public byte[] Content => _content;

    public long SizeBytes => _content.Length;

    public bool IsReadOnly => false;

    public void Read(long offset, ReadOnlySpan<IoVector> target)
    {
        foreach (IoVector vector in target)
        {
            Wait();
            Marshal.Copy(_content, (int)offset, vector.Address, (int)vector.Length);
            offset += vector.Length;
        }
    }

    public void Write(long offset, ReadOnlySpan<IoVector> source)
    {
        foreach (IoVector vector in source)
        {
            Wait();
            Marshal.Copy(vector.Address, _content, (int)offset, (int)vector.Length);
            offset += vector.Length;
        }
    }

    public void Flush() => Wait();

    public void WriteZeroes(long offset, long length, bool discard)
    {
        Wait();
        _content.AsSpan((int)offset, (int)length).Clear();
    }

    public void Dispose()
    {
    }

    // The same for every disk: it is the machine that must not see how long it takes.
    private static byte[] Fill(int sizeBytes)
    {
        byte[] content = new byte[sizeBytes];
        new Random(1).NextBytes(content);
        return content;
    }

    private void Wait()
    {
        Interlocked.Increment(ref _requestCount);
        int pause;
        lock (_random)
            pause = _random.Next(4) == 0 ? _random.Next(4) : 0;
        if (pause > 0)
            Thread.Sleep(pause);
    }
}
