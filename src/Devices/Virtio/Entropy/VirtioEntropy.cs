// Virtio 1.3, section 5.4 (entropy device).
using System.Buffers.Binary;
using System.Security.Cryptography;
using Strata.Guest.Memory;
using Strata.Guest.State;
using Strata.Guest.Time;
using Strata.Host;

namespace Strata.Devices.Virtio.Entropy;

/// <summary>A source of randomness: the host's, or in a deterministic machine a seeded generator.</summary>
public sealed class VirtioEntropy : IVirtioDevice
{
    /// <summary>Bytes that a guest gets in a window of <see cref="WindowTicks"/> at most: 6.4 MB/s, so that a guest cannot spend the host's time.</summary>
    public const uint WindowBytes = 64 * 1024;

    /// <summary>Length of a window of the rate limit: 10 ms.</summary>
    public const ulong WindowTicks = GuestClock.TicksPerSecond / 100;

    private const int QueueSize = 64;
    private const int ChunkSizeBytes = 256; // one answer; a driver that wants more asks again
    private const int BlockSizeBytes = SHA256.HashSizeInBytes;

    // Configuration.
    private readonly byte[]? _seed;

    // Wiring.
    private readonly DescriptorChain _chain = new();
    private VirtioEndpoint? _endpoint;
    private ClockEvent? _nextWindow;

    // State, under the device lock.
    private VirtioEntropyState _state;

    /// <summary>Makes the device.</summary>
    /// <param name="name">Unique in the machine.</param>
    /// <param name="seed">Makes the bytes a function of the seed, for a deterministic machine; null takes the host's randomness.</param>
    public VirtioEntropy(string name, ulong? seed)
    {
        Identity = new VirtioIdentity(name, DeviceId: 4, PciClass: 0xff_00_00, Features: 0, [QueueSize]);
        if (seed is not { } value)
            return;
        _seed = new byte[16];
        BinaryPrimitives.WriteUInt64LittleEndian(_seed, value);
    }

    /// <inheritdoc/>
    public VirtioIdentity Identity { get; }

    /// <inheritdoc/>
    public ReadOnlySpan<byte> Configuration => [];

    private VirtioEndpoint Endpoint => _endpoint ?? throw new InvalidOperationException("the device has no endpoint");

    /// <inheritdoc/>
    public void Connect(VirtioEndpoint endpoint)
    {
        _endpoint = endpoint;
        _nextWindow = endpoint.Clock.CreateEvent($"{Identity.Name}-rate", () =>
        {
            endpoint.Schedule(0);
            return null;
        });
    }

    /// <inheritdoc/>
    public MemoryWait? Serve(int queue)
    {
        Virtqueue requests = Endpoint.Queue(queue);
        Span<byte> bytes = stackalloc byte[ChunkSizeBytes];
        for (int budget = requests.Size; budget > 0; budget--)
        {
            MemoryResult result = requests.TryPeek(_chain, out bool found);
            if (!result.IsDone)
                return Endpoint.Refused(result, "a malformed chain in the request queue");
            if (!found)
                return null;
            if (!MayGive())
                return null;
            Span<byte> given = bytes[..(int)Math.Min(ChunkSizeBytes, _chain.WritableLength)];
            Fill(given);
            result = _chain.CopyIn(Endpoint.Memory, 0, given);
            if (!result.IsDone)
                return Endpoint.Refused(result, "a buffer outside RAM");
            _state.GivenInWindow += (uint)given.Length;
            _state.BlocksGiven += (uint)(given.Length + BlockSizeBytes - 1) / BlockSizeBytes;
            requests.AdvanceAndReturn(_chain.Head, (uint)given.Length);
        }

        Endpoint.Schedule(queue);
        return null;
    }

    /// <inheritdoc/>
    public void Reset(int? queue)
    {
        // Nothing is remembered of a driver: neither the rate nor the generator starts anew.
    }

    /// <inheritdoc/>
    public void Save(StateWriter writer) => _state.Write(writer);

    /// <inheritdoc/>
    public void Restore(ref StateReader reader) => _state = VirtioEntropyState.Read(ref reader);

    private bool MayGive()
    {
        ulong now = Endpoint.Clock.Now;
        if (now - _state.WindowStart >= WindowTicks)
            _state = _state with { WindowStart = now, GivenInWindow = 0 };
        if (_state.GivenInWindow < WindowBytes)
            return true;
        _nextWindow?.Set(_state.WindowStart + WindowTicks);
        return false;
    }

    // Block n of the seeded generator is SHA-256 of seed and n: any block can be made again after a restore or a retry.
    private void Fill(Span<byte> bytes)
    {
        if (_seed is null)
        {
            HostRandomness.Fill(bytes);
            return;
        }

        Span<byte> block = stackalloc byte[BlockSizeBytes];
        for (ulong number = _state.BlocksGiven; !bytes.IsEmpty; number++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(_seed.AsSpan(8), number);
            SHA256.HashData(_seed, block);
            int part = Math.Min(bytes.Length, BlockSizeBytes);
            block[..part].CopyTo(bytes);
            bytes = bytes[part..];
        }
    }
}
