using Strata.Guest.Memory;

namespace Strata.Guest.Tests.Memory;

/// <summary>A device that remembers its last access and answers its offset.</summary>
internal sealed class TestDevice : IMmioDevice
{
    public (ulong Offset, int Size, ulong Value)? LastWrite { get; private set; }

    public bool Refuses { get; set; }

    public bool Read(ulong offset, int size, out ulong value)
    {
        value = offset;
        return !Refuses;
    }

    public bool Write(ulong offset, int size, ulong value)
    {
        LastWrite = (offset, size, value);
        return !Refuses;
    }
}
