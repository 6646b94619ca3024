using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Strata.Host;
using Strata.Storage.Disks;

namespace Strata.Storage.Tests.Disks;

public sealed class RawDiskTests : IDisposable
{
    private readonly string _path = Path.GetTempFileName();

    public void Dispose() => File.Delete(_path);

    [Fact]
    public void WhatIsWrittenIsReadBackThroughManyVectors()
    {
        File.WriteAllBytes(_path, new byte[3 * 1024 * 1024]);
        Random random = new(20261121);
        byte[] model = new byte[3 * 1024 * 1024];
        using RawDisk disk = new(Open(FileAccess.ReadWrite), "disk", readOnly: false);
        for (int i = 0; i < 200; i++)
        {
            int offset = random.Next(0, 2048) * 512;
            byte[] data = new byte[random.Next(1, 1500) * 512];
            random.NextBytes(data);
            data.CopyTo(model, offset);
            using PinnedVectors vectors = new(data, random);
            disk.Write(offset, vectors.Span);
        }

        disk.Flush();
        byte[] back = new byte[model.Length];
        using (PinnedVectors vectors = new(back, random))
            disk.Read(0, vectors.Span);
        Assert.Equal(model, back);
        Assert.Equal(model, File.ReadAllBytes(_path));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void ClearedRangesReadAsZeroAndTheSizeStays(bool discard)
    {
        File.WriteAllBytes(_path, [.. Enumerable.Repeat((byte)0xff, 1 << 20)]);
        using RawDisk disk = new(Open(FileAccess.ReadWrite), "disk", readOnly: false);
        disk.WriteZeroes(512, 300 * 512, discard);
        disk.WriteZeroes((1 << 20) - 512, 512, discard);
        byte[] now = File.ReadAllBytes(_path);
        Assert.Equal(1 << 20, now.Length);
        Assert.Equal(0xff, now[511]);
        Assert.True(now.AsSpan(512, 300 * 512).IndexOfAnyExcept((byte)0) < 0);
        Assert.Equal(0xff, now[301 * 512]);
        Assert.Equal(0, now[^1]);
    }

    [Fact]
    public void OneWriterOrManyReaders()
    {
        File.WriteAllBytes(_path, new byte[4096]);
        using (RawDisk first = new(Open(FileAccess.Read), "disk", readOnly: true))
        using (RawDisk second = new(Open(FileAccess.Read), "disk", readOnly: true))
        {
            DiskException refused = Assert.Throws<DiskException>(() => new RawDisk(Open(FileAccess.ReadWrite), "disk", readOnly: false));
            Assert.Contains("in use by another machine", refused.Message);
        }

        using RawDisk writer = new(Open(FileAccess.ReadWrite), "disk", readOnly: false);
        Assert.Throws<DiskException>(() => new RawDisk(Open(FileAccess.Read), "disk", readOnly: true));
    }

    [Fact]
    public void WhatIsNoDiskIsRefusedWithAHint()
    {
        Assert.Contains("truncate -s", Assert.Throws<DiskException>(() => new RawDisk(Open(FileAccess.Read), "empty", readOnly: true)).Message);
        Assert.Throws<DiskException>(() => new RawDisk(File.OpenHandle("/dev/null"), "null", readOnly: true));
    }

    [Fact]
    public void AFileThatShrankReadsAsZero()
    {
        File.WriteAllBytes(_path, [.. Enumerable.Repeat((byte)7, 8192)]);
        using RawDisk disk = new(Open(FileAccess.Read), "disk", readOnly: true);
        using (FileStream shrink = new(_path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
            shrink.SetLength(4096);
        byte[] data = [.. Enumerable.Repeat((byte)9, 8192)];
        using (PinnedVectors vectors = new(data, new Random(1)))
            disk.Read(0, vectors.Span);
        Assert.All(data[..4096], value => Assert.Equal(7, value));
        Assert.All(data[4096..], value => Assert.Equal(0, value));
    }

    private SafeFileHandle Open(FileAccess access) => File.OpenHandle(_path, FileMode.Open, access, FileShare.ReadWrite);

    // The array in pieces of random sizes.
    private sealed class PinnedVectors : IDisposable
    {
        private readonly GCHandle _pin;
        private readonly List<IoVector> _vectors = [];

        public PinnedVectors(byte[] data, Random random)
        {
            _pin = GCHandle.Alloc(data, GCHandleType.Pinned);
            for (int at = 0; at < data.Length;)
            {
                int length = Math.Min(data.Length - at, random.Next(1, 4000));
                _vectors.Add(new IoVector(_pin.AddrOfPinnedObject() + at, length));
                at += length;
            }
        }

        public ReadOnlySpan<IoVector> Span => CollectionsMarshal.AsSpan(_vectors);

        public void Dispose() => _pin.Free();
    }
}
