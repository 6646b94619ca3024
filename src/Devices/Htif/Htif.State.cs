using Strata.Guest.State;

namespace Strata.Devices.Htif;

/// <summary>What the host-target interface remembers.</summary>
/// <param name="Page">The page's bytes, the two cells among them.</param>
/// <param name="Request">Guest-physical address of the request in work, or 0.</param>
/// <param name="Written">How many bytes of a write request have gone out.</param>
internal record struct HtifState(byte[] Page, ulong Request, ulong Written)
{
    private const ushort Version = 1;

    public readonly void Write(StateWriter writer)
    {
        (byte[] page, ulong request, ulong written) = this;
        writer.Section("htif", Version, section =>
        {
            section.Bytes(page);
            section.U64(request);
            section.U64(written);
        });
    }

    public static HtifState Read(ref StateReader reader, int pageSize)
    {
        StateReader section = reader.Section("htif", Version);
        ReadOnlySpan<byte> page = section.Bytes();
        if (page.Length != pageSize)
            throw new InvalidStateException($"saved HTIF page has {page.Length} bytes, not {pageSize}");
        return new HtifState(page.ToArray(), section.U64(), section.U64());
    }
}
