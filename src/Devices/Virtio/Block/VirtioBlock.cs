// Virtio 1.3, section 5.2 (block device).
using System.Buffers.Binary;
using System.Text;
using Strata.Guest.Memory;
using Strata.Guest.State;
using Strata.Guest.Time;
using Strata.Storage.Disks;

namespace Strata.Devices.Virtio.Block;

/// <summary>A disk: reads, writes, flushes, discards and write-zeroes, several at once, done by the host's worker pool on leased guest memory.</summary>
/// <remarks>
/// <code>
/// available ring ──Prepare: checked, no effect──► taken ──lease a slice──► on the host's pool ──event──► the next slice, or status byte, used ring
/// </code>
/// Large requests go in slices of 1 MiB, so that what a guest makes us hold is bounded by the queue's size. Every arrow is repeated after a wait for an
/// absent page. A write is on the medium after a flush; a driver that knows no flush gets it after each write.
/// <para>In a deterministic machine the host works on a copy: data is taken from the guest as the slice is issued and given to it as its event runs, whenever
/// the host is done in between; and it does one request after the other, because the outcome of two that overlap is otherwise the host's choice.</para>
/// </remarks>
public sealed partial class VirtioBlock : IVirtioDevice
{
    private const ulong SliceSizeBytes = 1 << 20;

    // Copies are held for as long as the slice is in flight: 32 MiB for a whole queue.
    private const ulong BounceSliceSizeBytes = 128 << 10;

    // The modelled disk: 100 µs and 1 GB/s.
    private const ulong LatencyTicks = GuestClock.TicksPerSecond / 10_000;
    private const ulong BytesPerTick = 1_000_000_000 / GuestClock.TicksPerSecond;

    // Configuration.
    private readonly byte[] _serial = new byte[SerialSizeBytes];
    private readonly byte[] _configuration = new byte[ConfigurationField.SizeBytes];
    private readonly ulong _capacity;

    // Wiring.
    private readonly IDisk _disk;
    private Action<Action> _runOnPool;
    private bool _deterministic;
    private readonly Stack<BlockRequest> _spare = new();
    private VirtioEndpoint? _endpoint;
    private ClockEvent? _reissue;

    // State, under the device lock: requests taken and not answered, the one among them that waits for its first lease, and those of a restored machine that
    // are to be issued again.
    private readonly List<BlockRequest> _inFlight = [];
    private BlockRequest? _starting;
    private readonly Queue<BlockRequestState> _toReissue = new();

    /// <summary>Makes the device.</summary>
    /// <param name="name">Unique in the machine.</param>
    /// <param name="disk">Where the sectors are. The device does not dispose of it.</param>
    /// <param name="serial">The serial number that a driver can ask for, at most 20 ASCII characters.</param>
    /// <param name="runOnPool">Runs what may block on a pool thread.</param>
    public VirtioBlock(string name, IDisk disk, string serial, Action<Action> runOnPool)
    {
        _disk = disk;
        _runOnPool = runOnPool;
        _capacity = (ulong)disk.SizeBytes / SectorSizeBytes;
        ArgumentOutOfRangeException.ThrowIfGreaterThan(serial.Length, SerialSizeBytes);
        Encoding.ASCII.GetBytes(serial, _serial);
        ulong features = Feature.Always | (disk.IsReadOnly ? Feature.ReadOnly : Feature.Writable);
        Identity = new VirtioIdentity(name, DeviceId: 2, PciClass: 0x01_00_00, features, [QueueSize]);
        FillConfiguration();
    }

    /// <inheritdoc/>
    public VirtioIdentity Identity { get; }

    /// <inheritdoc/>
    public ReadOnlySpan<byte> Configuration => _configuration;

    /// <summary>Why the host failed a request last, for logs; null if it never did.</summary>
    public string? LastError { get; private set; }

    private VirtioEndpoint Endpoint => _endpoint ?? throw new InvalidOperationException("the device has no endpoint");

    /// <inheritdoc/>
    public void Connect(VirtioEndpoint endpoint)
    {
        _endpoint = endpoint;
        _deterministic = endpoint.Clock.IsDeterministic;
        if (_deterministic)
            _runOnPool = new WorkInOrder(_runOnPool).Queue;
        _reissue = endpoint.Clock.CreateHostEvent($"{Identity.Name}-reissue", Reissue);
    }

    /// <inheritdoc/>
    public MemoryWait? Serve(int queue)
    {
        if ((Reissue() ?? Start()) is { } earlier)
            return earlier;
        Virtqueue requests = Endpoint.Queue(queue);
        for (int budget = requests.Size; budget > 0; budget--)
        {
            BlockRequest request = _spare.TryPop(out BlockRequest? spare) ? spare : new BlockRequest();
            MemoryResult result = requests.TryPeek(request.Chain, out bool found);
            if (result.IsDone && found)
                result = Prepare(request);
            if (!result.IsDone || !found)
            {
                Forget(request);
                return result.IsDone ? null : Endpoint.Refused(result, "a malformed request");
            }

            requests.Advance();
            if (Take(request) is { } wait)
                return wait;
        }

        Endpoint.Schedule(queue);
        return null;
    }

    /// <inheritdoc/>
    public void Reset(int? queue)
    {
        _toReissue.Clear();
        if (_starting is { } request)
            Finish(request);
        _starting = null; // Requests that the host works on end by themselves.
    }

    /// <inheritdoc/>
    public void Save(StateWriter writer)
    {
        List<BlockRequestState> inFlight = [.. _toReissue];
        int epoch = Endpoint.Queue(0).Epoch;
        foreach (BlockRequest request in _inFlight)
        {
            if (request.Epoch == epoch)
                inFlight.Add(new BlockRequestState(request.Chain.Head, request.Done, request.DueTicks));
        }

        new VirtioBlockState(inFlight).Write(writer);
    }

    /// <inheritdoc/>
    public void Restore(ref StateReader reader)
    {
        Reset(null);
        foreach (BlockRequestState request in VirtioBlockState.Read(ref reader, QueueSize).InFlight)
            _toReissue.Enqueue(request);
        if (_toReissue.Count > 0)
            _reissue?.Set(Endpoint.Clock.Now);
    }

    private void FillConfiguration()
    {
        Span<byte> configuration = _configuration;
        BinaryPrimitives.WriteUInt64LittleEndian(configuration[ConfigurationField.Capacity..], _capacity);
        BinaryPrimitives.WriteUInt32LittleEndian(configuration[ConfigurationField.SegMax..], MaxSegments);
        BinaryPrimitives.WriteUInt32LittleEndian(configuration[ConfigurationField.BlockSize..], SectorSizeBytes);
        configuration[ConfigurationField.PhysicalBlockExponent] = PhysicalBlockExponent;
        BinaryPrimitives.WriteUInt16LittleEndian(configuration[ConfigurationField.NumQueues..], 1);
        if (_disk.IsReadOnly)
            return;
        BinaryPrimitives.WriteUInt32LittleEndian(configuration[ConfigurationField.MaxDiscardSectors..], MaxRangeSectors);
        BinaryPrimitives.WriteUInt32LittleEndian(configuration[ConfigurationField.MaxDiscardSegments..], MaxRanges);
        BinaryPrimitives.WriteUInt32LittleEndian(configuration[ConfigurationField.DiscardAlignment..], 1 << PhysicalBlockExponent);
        BinaryPrimitives.WriteUInt32LittleEndian(configuration[ConfigurationField.MaxZeroesSectors..], MaxRangeSectors);
        BinaryPrimitives.WriteUInt32LittleEndian(configuration[ConfigurationField.MaxZeroesSegments..], MaxRanges);
        configuration[ConfigurationField.ZeroesMayUnmap] = 1;
    }

    private void Forget(BlockRequest request)
    {
        request.Clear();
        _spare.Push(request);
    }

    private void Finish(BlockRequest request)
    {
        _inFlight.Remove(request);
        Forget(request);
    }

    // The chain belongs to us from here on; its first slice is leased, whatever waiting that takes.
    private MemoryWait? Take(BlockRequest request)
    {
        request.Epoch = Endpoint.Queue(0).Epoch;
        _inFlight.Add(request);
        _starting = request;
        return Start();
    }

    private MemoryWait? Start()
    {
        if (_starting is null || Proceed(_starting) is not { } wait)
        {
            _starting = null;
            return null;
        }

        return wait;
    }

    // The next step of a taken request: the host's next part, or the answer.
    private MemoryWait? Proceed(BlockRequest request)
    {
        if (request.Answer is null && request.NeedsHost)
        {
            MemoryResult memory = PrepareSlice(request);
            if (memory.Status == MemoryStatus.NotPresent)
                return memory.Wait;

            // Data outside RAM is this request's failure alone: DMA reaches RAM and nothing else.
            if (memory.IsDone)
            {
                Issue(request);
                return null;
            }

            request.Answer = BlockStatus.IoError;
        }

        BlockStatus status = request.Answer ?? BlockStatus.Ok;
        MemoryResult result = WriteStatus(request, status);
        if (result.Status == MemoryStatus.NotPresent)
            return result.Wait;
        if (result.IsDone)
            Endpoint.Queue(0).Return(request.Chain.Head, Written(request, status));
        else
            Endpoint.Fail("a status byte outside RAM");
        Finish(request);
        Endpoint.Schedule(0); // Flushes the used ring.
        return null;
    }

    // The memory of a read or write: the slice after what is done.
    private MemoryResult PrepareSlice(BlockRequest request)
    {
        if (!request.IsTransfer)
            return MemoryResult.Done;
        request.SliceLength = Math.Min(request.Length - request.Done, _deterministic ? BounceSliceSizeBytes : SliceSizeBytes);
        (ChainPart part, ulong offset) = PlaceOfSlice(request);
        if (!_deterministic)
            return request.Chain.Lease(Endpoint.Memory, part, offset, request.SliceLength, request.Lease);
        if (!request.Chain.IsRam(Endpoint.Memory, part, offset, request.SliceLength))
            return MemoryResult.GuestError;
        request.TakeBounce();
        return part == ChainPart.Readable ? CopySlice(request) : MemoryResult.Done;
    }

    // A page at a time, so that every call gets further.
    private MemoryResult CopySlice(BlockRequest request)
    {
        (ChainPart part, ulong offset) = PlaceOfSlice(request);
        while (request.Copied < (int)request.SliceLength)
        {
            Span<byte> piece = request.Bounce.AsSpan(request.Copied, Math.Min((int)request.SliceLength - request.Copied, (int)GuestMemory.PageSize));
            MemoryResult result = part == ChainPart.Readable
                ? request.Chain.CopyOut(Endpoint.Memory, offset + (ulong)request.Copied, piece)
                : request.Chain.CopyIn(Endpoint.Memory, offset + (ulong)request.Copied, piece);
            if (!result.IsDone)
                return result;
            request.Copied += piece.Length;
        }

        return MemoryResult.Done;
    }

    private static (ChainPart Part, ulong Offset) PlaceOfSlice(BlockRequest request) =>
        request.Type == BlockRequestType.In ? (ChainPart.Writable, request.Done) : (ChainPart.Readable, HeaderSizeBytes + request.Done);

    private void Issue(BlockRequest request)
    {
        ulong now = Endpoint.Clock.Now;
        ulong ticks = request.DueTicks > 0 ? Math.Max(request.DueTicks, now) - now : (request.Done == 0 ? LatencyTicks : 0) + (request.SliceLength / BytesPerTick);
        request.DueTicks = now + ticks;
        request.NeedsHost = request.Done + request.SliceLength < request.Length;
        request.IsOnHost = true;
        request.Work = Endpoint.BeginWork(0, Identity.Name, ticks, isStale => Ended(request, isStale));
        _runOnPool(() => request.Perform(_disk));
    }

    // The event after the host's part; runs again after each wait.
    private MemoryWait? Ended(BlockRequest request, bool isStale)
    {
        if (isStale || !Endpoint.IsLive)
        {
            Finish(request);
            return null;
        }

        if (request.IsOnHost)
        {
            if (request.Error is { } error)
            {
                LastError = error;
                request.Answer = BlockStatus.IoError;
            }
            else if (_deterministic && request.Type == BlockRequestType.In && CopySlice(request) is { IsDone: false } absent)
            {
                return absent.Wait;
            }

            request.IsOnHost = false;
            request.DueTicks = 0;
            request.Lease.Release();
            request.Done += request.SliceLength;
            request.SliceLength = 0;
            request.Copied = 0;
        }

        return Proceed(request);
    }
}
