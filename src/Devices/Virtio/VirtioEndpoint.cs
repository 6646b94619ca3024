// Virtio 1.3, chapters 2 and 3: what all devices have in common, whatever bus they are on.
using System.Buffers.Binary;
using Strata.Guest.Interrupts;
using Strata.Guest.Memory;
using Strata.Guest.State;
using Strata.Guest.Time;

namespace Strata.Devices.Virtio;

/// <summary>Status, features, queues and interrupts of one virtio device: the middle between a transport's registers and the device's work.</summary>
/// <remarks>
/// <code>
/// (0) ──ACKNOWLEDGE──► ──DRIVER──► ──FEATURES_OK, if the features are ours──► ──DRIVER_OK──► live ──misbehaviour──► DEVICE_NEEDS_RESET
///  ▲                                                                                                                │
///  └──────────────────── 0 is written, at any time; reads as 0 once no host work of the old life is in flight ──────┘
/// </code>
/// Register handlers only change state and schedule; the queues' work runs as one event per device. All under the device lock.
/// </remarks>
public sealed class VirtioEndpoint : IStateful
{
    private const ushort Version = 1;

    // Configuration.
    private readonly ulong _offeredFeatures;

    // Wiring.
    private readonly IVirtioDevice _device;
    private readonly ClockEvent _work;
    private readonly Virtqueue[] _queues;
    private IInterruptLine _line = new UnconnectedLine();
    private bool _mayAccessMemory = true;

    // State. The line's level follows from it.
    private VirtioEndpointState _state;

    /// <summary>Makes the endpoint of a device.</summary>
    public VirtioEndpoint(IVirtioDevice device, GuestClock clock, GuestMemory memory)
    {
        _device = device;
        Clock = clock;
        Memory = memory;
        _offeredFeatures = device.Identity.Features | VirtioFeature.All;
        _queues = [.. device.Identity.QueueSizes.Select(size => new Virtqueue(memory, size))];
        _state = VirtioEndpointState.AtReset(_queues.Length);
        _work = clock.CreateEvent($"{device.Identity.Name}-queues", Work);
        device.Connect(this);
    }

    /// <summary>What the device is.</summary>
    public VirtioIdentity Identity => _device.Identity;

    /// <summary>Guest time.</summary>
    public GuestClock Clock { get; }

    /// <summary>Where the queues and buffers are.</summary>
    public GuestMemory Memory { get; }

    /// <summary>What the driver did wrong, if the device needs a reset.</summary>
    public string? Failure { get; private set; }

    /// <summary>The driver has started the device, and it works.</summary>
    public bool IsLive => (_state.Status & (VirtioStatus.DriverOk | VirtioStatus.NeedsReset | VirtioStatus.Failed)) == VirtioStatus.DriverOk && !IsResetting;

    /// <summary>Number of queues.</summary>
    public int QueueCount => _queues.Length;

    /// <summary>The transport may do DMA for the device (PCI's bus master bit).</summary>
    internal bool MayAccessMemory
    {
        get => _mayAccessMemory;
        set
        {
            _mayAccessMemory = value;
            if (value)
                _work.Set(Clock.Now);
        }
    }

    /// <summary>The status field. While a reset is under way bit DEVICE_NEEDS_RESET shows that it is (section 2.4.2: 0 is read when it is complete).</summary>
    internal byte Status => IsResetting ? (byte)(_state.Status | VirtioStatus.NeedsReset) : _state.Status;

    internal byte InterruptStatus => _state.InterruptStatus;

    internal byte ConfigurationGeneration => _state.ConfigurationGeneration;

    internal int ConfigurationSize => _device.Configuration.Length;

    private bool IsResetting
    {
        get
        {
            foreach (Virtqueue queue in _queues)
            {
                if (queue.StaleWorkCount > 0)
                    return true;
            }

            return false;
        }
    }

    /// <summary>The queue, which exists.</summary>
    public Virtqueue Queue(int index) => _queues[index];

    /// <summary>True if the driver has accepted the feature bits.</summary>
    public bool Has(ulong features) => (_state.DriverFeatures & features) == features && (_state.Status & VirtioStatus.FeaturesOk) != 0;

    /// <summary>Has the device look at a queue, soon.</summary>
    public void Schedule(int queue)
    {
        _state.Pending[queue] = true;
        _work.Set(Clock.Now);
    }

    /// <summary>The configuration space has changed: tells the driver.</summary>
    public void ConfigurationChanged()
    {
        _state.ConfigurationGeneration++;
        if (IsLive)
            Interrupt(VirtioInterrupt.ConfigurationChange);
    }

    /// <summary>Makes returned chains visible to the driver. Answers null when that is done, or what to wait for before calling again.</summary>
    public MemoryWait? Flush(int queue)
    {
        MemoryResult result = _queues[queue].Flush(out bool interrupt);
        if (interrupt)
            Interrupt(VirtioInterrupt.UsedBuffer);
        return result.IsDone ? null : Refused(result, "a used ring outside RAM");
    }

    /// <summary>What <see cref="IVirtioDevice.Serve"/> answers when guest memory did not answer Done: the wait, or null after a guest's mistake has stopped the device.</summary>
    public MemoryWait? Refused(MemoryResult result, string mistake)
    {
        if (result.Status == MemoryStatus.GuestError)
            Fail(mistake);
        return result.Wait;
    }

    /// <summary>The driver broke the rules beyond repair (section 2.1.2): the device stops until it is reset.</summary>
    public void Fail(string mistake)
    {
        if ((_state.Status & VirtioStatus.NeedsReset) != 0)
            return;
        Failure = mistake;
        bool wasStarted = (_state.Status & VirtioStatus.DriverOk) != 0;
        _state.Status |= VirtioStatus.NeedsReset;
        if (wasStarted)
            Interrupt(VirtioInterrupt.ConfigurationChange);
    }

    /// <summary>Begins host work for a queue; a reset of the queue is complete only after it ended. <paramref name="ended"/> runs as an event, and learns
    /// whether the queue has been reset since: then it must only let go of what it holds.</summary>
    public HostWork BeginWork(int queue, string name, ulong modelledTicks, Func<bool, MemoryWait?> ended)
    {
        Virtqueue served = _queues[queue];
        int epoch = served.Epoch;
        bool hasEnded = false;
        served.HostWorkCount++;
        return Clock.BeginHostWork(name, modelledTicks, () =>
        {
            bool isStale = served.Epoch != epoch;
            if (!hasEnded)
            {
                hasEnded = true;
                served.HostWorkCount--;
                if (isStale && --served.StaleWorkCount == 0)
                    _work.Set(Clock.Now);
            }

            return ended(isStale);
        });
    }

    /// <inheritdoc/>
    public void Save(StateWriter writer) => writer.Section("virtio", Version, section =>
    {
        section.U16(_device.Identity.DeviceId);
        section.U16((ushort)_queues.Length);
        _state.Write(section);
        foreach (Virtqueue queue in _queues)
            queue.Save(section);
        _device.Save(section);
    });

    /// <inheritdoc/>
    public void Restore(ref StateReader reader)
    {
        StateReader section = reader.Section("virtio", Version);
        ushort deviceId = section.U16();
        ushort queueCount = section.U16();
        if (deviceId != _device.Identity.DeviceId || queueCount != _queues.Length)
            throw new InvalidStateException($"saved virtio device {deviceId} with {queueCount} queues is not {Identity.Name} ({Identity.DeviceId}, {_queues.Length})");
        _state = VirtioEndpointState.Read(ref section, _queues.Length);
        foreach (Virtqueue queue in _queues)
            queue.Restore(ref section);
        Failure = (_state.Status & VirtioStatus.NeedsReset) != 0 ? "a mistake before the state was saved" : null;
        AgreeOnFeatures();
        _device.Restore(ref section);
        _line.Set(_state.InterruptStatus != 0);
    }

    internal void Wire(IInterruptLine line) => _line = line;

    internal uint OfferedFeatures(uint select) => select < 2 ? (uint)(_offeredFeatures >> (32 * (int)select)) : 0;

    internal uint AcceptedFeatures(uint select) => select < 2 ? (uint)(_state.DriverFeatures >> (32 * (int)select)) : 0;

    internal void AcceptFeatures(uint select, uint value)
    {
        if ((_state.Status & VirtioStatus.FeaturesOk) != 0)
            return;
        if (select == 0)
            _state.DriverFeatures = (_state.DriverFeatures & ~0xffff_ffffUL) | value;
        else if (select == 1)
            _state.DriverFeatures = (uint)_state.DriverFeatures | ((ulong)value << 32);
        else if (value != 0)
            _state.DriverFeatures |= ~_offeredFeatures; // Bits that nobody offers: FEATURES_OK will be refused.
    }

    internal void WriteStatus(byte value)
    {
        if (value == 0)
        {
            Reset();
            return;
        }

        byte added = (byte)(value & VirtioStatus.WrittenByDriver & ~_state.Status);

        // Section 3.1.1, steps 5 and 6: the device accepts a subset of its features, with VERSION_1 among them, or leaves the bit clear.
        bool isSubset = (_state.DriverFeatures & ~_offeredFeatures) == 0 && (_state.DriverFeatures & VirtioFeature.Version1) != 0;
        if ((added & VirtioStatus.FeaturesOk) != 0 && !isSubset)
            added &= unchecked((byte)~VirtioStatus.FeaturesOk);
        if ((added & VirtioStatus.DriverOk) != 0 && ((_state.Status | added) & VirtioStatus.FeaturesOk) == 0)
            added &= unchecked((byte)~VirtioStatus.DriverOk);
        _state.Status |= added;
        if ((added & VirtioStatus.FeaturesOk) != 0)
            AgreeOnFeatures();
        if ((added & VirtioStatus.DriverOk) == 0)
            return;

        // Section 3.1.1, step 8: from here on the device is live; it may have buffers already.
        for (int queue = 0; queue < _queues.Length; queue++)
            Schedule(queue);
    }

    internal void Notify(uint queue)
    {
        if (queue < (uint)_queues.Length && (_state.Status & VirtioStatus.DriverOk) != 0)
            Schedule((int)queue);
    }

    internal void AcknowledgeInterrupt(uint bits)
    {
        _state.InterruptStatus &= (byte)~bits;
        _line.Set(_state.InterruptStatus != 0);
    }

    internal Virtqueue? FindQueue(uint index) => index < (uint)_queues.Length ? _queues[index] : null;

    internal void EnableQueue(uint index)
    {
        Virtqueue? queue = FindQueue(index);
        if (queue is null || queue.IsEnabled)
            return;
        queue.Enable();
        if ((_state.Status & VirtioStatus.DriverOk) != 0)
            Schedule((int)index);
    }

    /// <summary>Section 2.6.1: one queue starts anew. It reads as being reset until its host work has ended.</summary>
    internal void ResetQueue(uint index)
    {
        if (FindQueue(index) is not { } queue)
            return;
        queue.Reset();
        _state.Pending[index] = false;
        _device.Reset((int)index);
    }

    internal ulong ReadConfiguration(ulong offset, int size)
    {
        ReadOnlySpan<byte> configuration = _device.Configuration;
        Span<byte> bytes = stackalloc byte[8];
        bytes.Clear();
        if (offset < (ulong)configuration.Length)
        {
            ReadOnlySpan<byte> rest = configuration[(int)offset..];
            rest[..Math.Min(size, rest.Length)].CopyTo(bytes);
        }

        return BinaryPrimitives.ReadUInt64LittleEndian(bytes);
    }

    /// <summary>Section 2.4: back to the beginning; host work in flight ends by itself.</summary>
    internal void Reset()
    {
        byte generation = _state.ConfigurationGeneration;
        _state = VirtioEndpointState.AtReset(_queues.Length) with { ConfigurationGeneration = generation };
        foreach (Virtqueue queue in _queues)
            queue.Reset();
        Failure = null;
        AgreeOnFeatures();
        _device.Reset(null);
        _line.Set(false);
    }

    private void AgreeOnFeatures()
    {
        foreach (Virtqueue queue in _queues)
        {
            queue.UsesEventIndex = Has(VirtioFeature.EventIndex);
            queue.UsesIndirect = Has(VirtioFeature.IndirectDescriptors);
        }
    }

    private void Interrupt(byte reason)
    {
        _state.InterruptStatus |= reason;
        _line.Set(true);
    }

    private MemoryWait? Work()
    {
        if (!_mayAccessMemory || IsResetting)
            return null; // What is pending stays so; whoever ends this state schedules the work.
        for (int queue = 0; queue < _queues.Length; queue++)
        {
            if (!_state.Pending[queue])
                continue;
            _state.Pending[queue] = false;
            if (!IsLive || !_queues[queue].IsEnabled)
                continue;
            MemoryWait? wait = _device.Serve(queue) ?? Flush(queue);
            if (wait is null)
                continue;
            _state.Pending[queue] = true;
            return wait;
        }

        return null;
    }
}
