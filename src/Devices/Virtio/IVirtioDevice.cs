using Strata.Guest.Memory;
using Strata.Guest.State;

namespace Strata.Devices.Virtio;

/// <summary>What a virtio device is, for its transport.</summary>
/// <param name="Name">Unique in the machine: names its events and work in flight.</param>
/// <param name="DeviceId">Virtio 1.3, section 5.</param>
/// <param name="PciClass">Class, subclass and programming interface, for a PCI transport.</param>
/// <param name="Features">Feature bits of the device's own; the transport adds those of queues and transport.</param>
/// <param name="QueueSizes">The largest size of each queue, powers of two.</param>
public sealed record VirtioIdentity(string Name, ushort DeviceId, uint PciClass, ulong Features, IReadOnlyList<ushort> QueueSizes);

/// <summary>A virtio device: only its queues' work and its configuration space. Status, features, queues and interrupts belong to its <see cref="VirtioEndpoint"/>.</summary>
/// <remarks>All members are called under the device lock.</remarks>
public interface IVirtioDevice : IStateful
{
    /// <summary>What it is; never changes.</summary>
    VirtioIdentity Identity { get; }

    /// <summary>The configuration space as the driver reads it now.</summary>
    ReadOnlySpan<byte> Configuration { get; }

    /// <summary>Tells the device its endpoint, once, before anything else.</summary>
    void Connect(VirtioEndpoint endpoint);

    /// <summary>Works on a queue that the driver or the device itself has asked to look at, on a device thread. Does a bounded amount of work and schedules
    /// the queue again if there is more. Answers null, or what to wait for: then everything done so far is in the state, and it is called again.</summary>
    MemoryWait? Serve(int queue);

    /// <summary>Forgets the driver: it, or one of its queues, was reset. Host work in flight ends by itself and must then leave no trace.</summary>
    /// <param name="queue">The queue alone, or null for the device.</param>
    void Reset(int? queue);
}
