using System.Buffers.Binary;

namespace Strata.Images.Compression;

/// <summary>A reflected cyclic redundancy check of up to 64 bits, eight bytes at a time.</summary>
internal sealed class Crc
{
    /// <summary>CRC-32 as in IEEE 802.3, initial value and final XOR of all ones.</summary>
    public static readonly Crc Crc32 = new(0xEDB8_8320, uint.MaxValue);

    /// <summary>CRC-64 as in ECMA-182, initial value and final XOR of all ones.</summary>
    public static readonly Crc Crc64 = new(0xC96C_5795_D787_0F42, ulong.MaxValue);

    private readonly ulong[][] _tables = new ulong[8][];
    private readonly ulong _ones;

    private Crc(ulong polynomial, ulong ones)
    {
        _ones = ones;
        for (int table = 0; table < 8; table++)
        {
            _tables[table] = new ulong[256];
            for (int i = 0; i < 256; i++)
            {
                if (table > 0)
                {
                    ulong previous = _tables[table - 1][i];
                    _tables[table][i] = (previous >> 8) ^ _tables[0][(byte)previous];
                    continue;
                }

                ulong value = (ulong)i;
                for (int bit = 0; bit < 8; bit++)
                    value = (value >> 1) ^ ((value & 1) != 0 ? polynomial : 0);
                _tables[0][i] = value;
            }
        }
    }

    /// <summary>The check of <paramref name="data"/> after data whose check was <paramref name="previous"/> (0 for none).</summary>
    public ulong Append(ulong previous, ReadOnlySpan<byte> data)
    {
        ulong value = previous ^ _ones;
        ulong[] t0 = _tables[0], t1 = _tables[1], t2 = _tables[2], t3 = _tables[3];
        ulong[] t4 = _tables[4], t5 = _tables[5], t6 = _tables[6], t7 = _tables[7];
        for (; data.Length >= 8; data = data[8..])
        {
            ulong x = value ^ BinaryPrimitives.ReadUInt64LittleEndian(data);
            value = t7[(byte)x] ^ t6[(byte)(x >> 8)] ^ t5[(byte)(x >> 16)] ^ t4[(byte)(x >> 24)]
                  ^ t3[(byte)(x >> 32)] ^ t2[(byte)(x >> 40)] ^ t1[(byte)(x >> 48)] ^ t0[(byte)(x >> 56)];
        }

        foreach (byte b in data)
            value = (value >> 8) ^ t0[(byte)(value ^ b)];
        return value ^ _ones;
    }

    /// <summary>The check of <paramref name="data"/>.</summary>
    public ulong Of(ReadOnlySpan<byte> data) => Append(0, data);
}
