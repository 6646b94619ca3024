using System.Text;
using Strata.Devices.Consoles;
using Strata.Devices.Tests.Fakes;
using Strata.Devices.Virtio;
using Strata.Devices.Virtio.Block;
using Strata.Devices.Virtio.Console;
using Strata.Devices.Virtio.Entropy;

namespace Strata.Devices.Tests.Virtio;

public enum Kind
{
    Console,
    Block,
    DeterministicBlock,
    Entropy,
}

/// <summary>A device that a hostile driver works on, and the check that it has survived: after a reset everything works.</summary>
internal sealed class Subject : IDisposable
{
    private readonly ConsolePort[] _ports = [new("", OutputOverflow.DropOldest), new("a", OutputOverflow.HoldBack), new("b", OutputOverflow.HoldBack)];
    private readonly MemoryDisk _disk = new(1 << 20);
    private readonly Kind _kind;

    public Subject(Bus bus, Kind kind)
    {
        _kind = kind;
        IVirtioDevice device = kind switch
        {
            Kind.Console => new VirtioConsole("console", _ports),
            Kind.Block or Kind.DeterministicBlock => new VirtioBlock("disk", _disk, "serial", Pool.Queue),
            _ => new VirtioEntropy("rng", 1),
        };
        Rig = new VirtioRig(bus, device, new ManualClock(deterministic: kind == Kind.DeterministicBlock));
    }

    public VirtioRig Rig { get; }

    public HeldPool Pool { get; } = new();

    public void Dispose() => Rig.Dispose();

    /// <summary>Something to do for the host's side: without it a console has nothing to write.</summary>
    public void ActAsHost()
    {
        foreach (ConsolePort port in _ports)
        {
            port.Open();
            port.Send("input"u8);
            port.Receive(new byte[100]);
        }
    }

    /// <summary>Resets the device and uses it as a well-behaved driver does.</summary>
    public void CheckHealth()
    {
        Pool.IsOpen = true;
        Rig.Driver.Status = 0;
        Pool.DoAll();
        Rig.Clock.Settle();
        Assert.Equal(0, Rig.Clock.WorkInFlight);
        if (Rig.Driver is PciDriver pci)
            pci.Configure(4, 6, 2);
        foreach (ConsolePort port in _ports)
            port.Close();
        Rig.Start(1UL << 32);
        switch (_kind)
        {
            case Kind.Console:
                _ports[0].Receive(new byte[ConsolePort.BufferSizeBytes]);
                Rig.Queues[1].Add([Rig.Buffer("well"u8)], []);
                Rig.Queues[1].Complete();
                byte[] got = new byte[100];
                Assert.Equal("well", Encoding.ASCII.GetString(got, 0, _ports[0].Receive(got)));
                break;
            case Kind.Block or Kind.DeterministicBlock:
                (ulong address, uint length) = Rig.Buffer(1);
                Rig.Write(address, [0xff]);
                Rig.Queues[0].Add([Rig.Buffer(new byte[16])], [Rig.Buffer(512), (address, length)]);
                Assert.Equal(513u, Rig.Queues[0].Complete().Written);
                Assert.Equal(0, Rig.Read(address, 1)[0]);
                break;
            default:
                Rig.Queues[0].Add([], [Rig.Buffer(8)]);
                Assert.Equal(8u, Rig.Queues[0].Complete().Written);
                break;
        }

        Assert.True(Rig.Line.Level);
        Assert.Equal(1, Rig.Driver.TakeInterrupt());
        Assert.Null(Rig.Endpoint.Failure);
    }
}
