using System.Globalization;

namespace Strata.Host.Tests;

public sealed unsafe class ExecutableMemoryTests
{
    // mov eax, edi; imul eax, esi; ret
    private static ReadOnlySpan<byte> Multiply => [0x89, 0xF8, 0x0F, 0xAF, 0xC6, 0xC3];

    [Fact]
    public void What_is_written_through_one_view_runs_in_the_other()
    {
        using ExecutableMemory memory = new(100);
        Assert.Equal(4096, memory.SizeBytes);
        Multiply.CopyTo(new Span<byte>((void*)(memory.WritableAddress + 64), Multiply.Length));
        delegate* unmanaged<int, int, int> multiply = (delegate* unmanaged<int, int, int>)(memory.ExecutableAddress + 64);
        Assert.Equal(42, multiply(6, 7));
        // imul becomes add: code that has run is written again.
        new ReadOnlySpan<byte>([0x01, 0xF0, 0x90]).CopyTo(new Span<byte>((void*)(memory.WritableAddress + 66), 3));
        Assert.Equal(13, multiply(6, 7));
    }

    [Fact]
    public void No_page_is_writable_and_executable()
    {
        using ExecutableMemory memory = new(1 << 20);
        Assert.Equal("rw-s", ProtectionAt(memory.WritableAddress));
        Assert.Equal("r-xs", ProtectionAt(memory.ExecutableAddress));
        Assert.Equal("rw-s", ProtectionAt(memory.WritableAddress + memory.SizeBytes - 1));
        Assert.Equal("r-xs", ProtectionAt(memory.ExecutableAddress + memory.SizeBytes - 1));
    }

    [Fact]
    public void Discarded_pages_read_as_zero_and_the_others_stay()
    {
        using ExecutableMemory memory = new(3 * 4096);
        new Span<byte>((void*)memory.WritableAddress, memory.SizeBytes).Fill(0xCC);
        memory.Discard(4096, 4096);
        Span<byte> seen = new((void*)memory.ExecutableAddress, memory.SizeBytes);
        Assert.False(seen[..4096].ContainsAnyExcept((byte)0xCC));
        Assert.False(seen[4096..8192].ContainsAnyExcept((byte)0));
        Assert.False(seen[8192..].ContainsAnyExcept((byte)0xCC));
        Assert.Throws<ArgumentOutOfRangeException>(() => memory.Discard(8192, 8192));
        Assert.Throws<ArgumentOutOfRangeException>(() => memory.Discard(-4096, 4096));
    }

    [Fact]
    public void Disposing_unmaps_both_views_and_keeps_no_descriptor()
    {
        int before = Directory.GetFileSystemEntries("/proc/self/fd").Length;
        for (int i = 0; i < 100; i++)
        {
            ExecutableMemory memory = new(1 << 20);
            nint writable = memory.WritableAddress;
            nint executable = memory.ExecutableAddress;
            memory.Dispose();
            memory.Dispose();
            if (i == 0)
                Assert.True(ProtectionAt(writable) != "rw-s" && ProtectionAt(executable) != "r-xs");
        }

        // Other tests open and close files meanwhile.
        Assert.True(Directory.GetFileSystemEntries("/proc/self/fd").Length < before + 50);
    }

    [Fact]
    public void A_size_that_cannot_be_had_is_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new ExecutableMemory(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new ExecutableMemory(int.MaxValue));
    }

    private static string? ProtectionAt(nint address)
    {
        foreach (string line in File.ReadLines("/proc/self/maps"))
        {
            string[] words = line.Split(' ', 3);
            string[] range = words[0].Split('-');
            if ((ulong)address >= ulong.Parse(range[0], NumberStyles.HexNumber, CultureInfo.InvariantCulture)
                && (ulong)address < ulong.Parse(range[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture))
                return words[1];
        }

        return null;
    }
}
