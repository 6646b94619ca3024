using System.Security.Cryptography;
using Strata.Host.Files;

namespace Strata.Images;

/// <summary>A file on its way into the store; it is named after its content when it is whole, and vanishes when it is not.</summary>
internal sealed class BlobWriter : Stream
{
    private readonly string _folder;
    private readonly FileStream _file;
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private bool _kept;

    public BlobWriter(string temporary, string folder)
    {
        _folder = folder;
        _file = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.Read, 1 << 16);
    }

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => _file.Position;

    public override long Position { get => _file.Position; set => throw new NotSupportedException(); }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        _hash.AppendData(buffer);
        _file.Write(buffer);
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    /// <summary>Puts the file to its place.</summary>
    public BlobReference Keep()
    {
        _file.Flush(flushToDisk: true);
        var reference = new BlobReference(Convert.ToHexStringLower(_hash.GetHashAndReset()), _file.Length);
        _file.Dispose();
        LastingFile.Move(_file.Name, Path.Combine(_folder, reference.Sha256));
        _kept = true;
        return reference;
    }

    public override void Flush() => _file.Flush();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing && !_kept)
        {
            try
            {
                _file.Dispose();
            }
            finally
            {
                File.Delete(_file.Name);
            }
        }

        if (disposing)
            _hash.Dispose();
        base.Dispose(disposing);
    }
}
