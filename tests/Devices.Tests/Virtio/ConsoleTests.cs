using System.Buffers.Binary;
using System.Text;
using Strata.Devices.Consoles;
using Strata.Devices.Tests.Fakes;
using Strata.Devices.Virtio.Console;

namespace Strata.Devices.Tests.Virtio;

/// <summary>Virtio 1.3, section 5.3.</summary>
public sealed class ConsoleTests
{
    private const ulong Version1 = 1UL << 32;
    private const ushort DeviceReady = 0, PortAdd = 1, PortReady = 3, ConsolePortEvent = 4, Resize = 5, PortOpen = 6, PortName = 7;
    private readonly ConsolePort[] _ports = [new("", OutputOverflow.DropOldest), new("strata.control", OutputOverflow.HoldBack), new("strata.0.in", OutputOverflow.HoldBack)];

    private VirtioRig Rig(Bus bus, ManualClock? clock = null) => new(bus, new VirtioConsole("console", _ports), clock);

    private static VirtioConsole Device(VirtioRig rig) => (VirtioConsole)rig.Device;

    private static void SendControl(VirtioRig rig, uint port, ushort kind, ushort value)
    {
        byte[] message = new byte[8];
        BinaryPrimitives.WriteUInt32LittleEndian(message, port);
        BinaryPrimitives.WriteUInt16LittleEndian(message.AsSpan(4), kind);
        BinaryPrimitives.WriteUInt16LittleEndian(message.AsSpan(6), value);
        rig.Queues[3].Add([rig.Buffer(message)], []);
        rig.Queues[3].Complete();
    }

    /// <summary>Offers receive buffers on a queue.</summary>
    private static void Offer(VirtioRig rig, int queue, int count = 8, int length = 64)
    {
        for (int i = 0; i < count; i++)
            rig.Queues[queue].Add([], [rig.Buffer(length)]);
        rig.Queues[queue].Notify();
        rig.Clock.Settle();
    }

    /// <summary>What has arrived in the buffers of a queue, one string of bytes per buffer.</summary>
    private static List<byte[]> Received(VirtioRig rig, int queue)
    {
        rig.Clock.Settle();
        List<byte[]> received = [];
        while (rig.Queues[queue].TakeUsed() is { } used)
        {
            ulong address = BinaryPrimitives.ReadUInt64LittleEndian(rig.Read(rig.Queues[queue].Table + (16UL * used.Head), 8));
            received.Add(rig.Read(address, (int)used.Written));
        }

        return received;
    }

    private static string Text(VirtioRig rig, int queue) => string.Concat(Received(rig, queue).Select(Encoding.ASCII.GetString));

    private static string Describe(byte[] message)
    {
        string rest = message.Length > 8 ? " " + (BinaryPrimitives.ReadUInt16LittleEndian(message.AsSpan(4)) == PortName
            ? Encoding.ASCII.GetString(message, 8, message.Length - 8)
            : $"{BinaryPrimitives.ReadUInt16LittleEndian(message.AsSpan(8))}x{BinaryPrimitives.ReadUInt16LittleEndian(message.AsSpan(10))}") : "";
        return $"{BinaryPrimitives.ReadUInt32LittleEndian(message)}:{BinaryPrimitives.ReadUInt16LittleEndian(message.AsSpan(4))}={BinaryPrimitives.ReadUInt16LittleEndian(message.AsSpan(6))}{rest}";
    }

    private static IEnumerable<string> ControlMessages(VirtioRig rig) => Received(rig, 2).Select(Describe);

    private static string Output(ConsolePort port)
    {
        byte[] bytes = new byte[ConsolePort.BufferSizeBytes];
        return Encoding.ASCII.GetString(bytes, 0, port.Receive(bytes));
    }

    private VirtioRig StartMultiport(Bus bus)
    {
        VirtioRig rig = Rig(bus).Start();
        Offer(rig, 2, 32);
        SendControl(rig, uint.MaxValue, DeviceReady, 1);
        for (uint port = 0; port < 3; port++)
            SendControl(rig, port, PortReady, 1);
        _ = ControlMessages(rig).ToList();
        return rig;
    }

    [Theory, InlineData(Bus.Mmio), InlineData(Bus.Pci)]
    public void Section_5_3_4_without_multiport_the_first_port_is_a_console(Bus bus)
    {
        using VirtioRig rig = Rig(bus).Start(Version1);
        rig.Clock.Settle();
        Assert.True(_ports[0].IsGuestOpen);
        rig.Queues[1].Add([rig.Buffer("hel"u8), rig.Buffer("lo"u8)], []);
        rig.Queues[1].Complete();
        Assert.Equal("hello", Output(_ports[0]));
        _ports[0].Send("typed"u8);
        Offer(rig, 0, 3, 2);
        Assert.Equal("typed", Text(rig, 0));
    }

    [Theory, InlineData(Bus.Mmio), InlineData(Bus.Pci)]
    public void Section_5_3_6_2_ports_are_announced_step_by_step(Bus bus)
    {
        using VirtioRig rig = Rig(bus);
        Device(rig).SetWindowSize(132, 43);
        _ports[1].Open();
        rig.Start();
        Offer(rig, 2, 16);
        SendControl(rig, uint.MaxValue, DeviceReady, 1);
        Assert.Equal([$"0:{PortAdd}=1", $"1:{PortAdd}=1", $"2:{PortAdd}=1"], ControlMessages(rig));
        SendControl(rig, 0, PortReady, 1);
        Assert.Equal([$"0:{ConsolePortEvent}=1", $"0:{Resize}=0 132x43"], ControlMessages(rig));
        SendControl(rig, 1, PortReady, 1);
        Assert.Equal([$"1:{PortName}=1 strata.control", $"1:{PortOpen}=1"], ControlMessages(rig));
        SendControl(rig, 2, PortReady, 1);
        Assert.Equal([$"2:{PortName}=1 strata.0.in"], ControlMessages(rig));
    }

    [Fact]
    public void Section_5_3_6_2_news_waits_for_buffers_and_does_not_grow()
    {
        using VirtioRig rig = Rig(Bus.Mmio).Start();
        for (int i = 0; i < 1000; i++)
            SendControl(rig, 0, DeviceReady, 1);
        Offer(rig, 2, 32);
        Assert.Equal(3, ControlMessages(rig).Count());
    }

    [Theory, InlineData(Bus.Mmio), InlineData(Bus.Pci)]
    public void Section_5_3_6_a_new_window_size_changes_configuration_and_is_told(Bus bus)
    {
        using VirtioRig rig = StartMultiport(bus);
        byte generation = rig.Driver.Generation;
        Device(rig).SetWindowSize(100, 30);
        Assert.Equal([$"0:{Resize}=0 100x30"], ControlMessages(rig));
        Assert.Equal((100u, 30u, 3u), (rig.Driver.ReadConfiguration(0, 2), rig.Driver.ReadConfiguration(2, 2), rig.Driver.ReadConfiguration(4, 4)));
        Assert.NotEqual(generation, rig.Driver.Generation);
        Assert.NotEqual(0, rig.Driver.TakeInterrupt() & 2);
        Device(rig).SetWindowSize(100, 30);
        Assert.Empty(ControlMessages(rig));
    }

    [Fact]
    public void Input_waits_until_the_guest_has_opened_the_port()
    {
        using VirtioRig rig = StartMultiport(Bus.Mmio);
        Offer(rig, 6);
        _ports[2].Open();
        _ports[2].Send("early"u8);
        Assert.Equal("", Text(rig, 6));
        Assert.False(_ports[2].IsGuestOpen);
        SendControl(rig, 2, PortOpen, 1);
        Assert.True(_ports[2].IsGuestOpen);
        Assert.Equal("early", Text(rig, 6));
    }

    [Fact]
    public void The_hosts_close_arrives_after_all_of_its_bytes()
    {
        using VirtioRig rig = StartMultiport(Bus.Pci);
        SendControl(rig, 2, PortOpen, 1);
        _ports[2].Open();
        _ports[2].Send(new byte[1000]);
        _ports[2].Close();
        Assert.Equal([$"2:{PortOpen}=1"], ControlMessages(rig));
        Offer(rig, 6, 10, 64);
        Assert.Equal(640, Text(rig, 6).Length);
        Assert.Empty(ControlMessages(rig));
        Offer(rig, 6, 6, 64);
        Assert.Equal(360, Text(rig, 6).Length);
        Assert.Equal([$"2:{PortOpen}=0"], ControlMessages(rig));
    }

    [Fact]
    public void The_guests_close_arrives_after_all_of_its_bytes()
    {
        using VirtioRig rig = StartMultiport(Bus.Mmio);
        SendControl(rig, 1, PortOpen, 1);
        byte[] much = new byte[3 * ConsolePort.BufferSizeBytes];
        new Random(7).NextBytes(much);
        rig.Queues[5].Add([rig.Buffer(much)], []);
        rig.Queues[5].Notify();
        SendControl(rig, 1, PortOpen, 0);
        List<byte> got = [];
        byte[] part = new byte[10_000];
        while (_ports[1].IsGuestOpen)
        {
            int count = _ports[1].Receive(part);
            got.AddRange(part[..count]);
            rig.Clock.Settle();
        }

        Assert.Equal(much, got);
        Assert.NotNull(rig.Queues[5].TakeUsed());
    }

    [Fact]
    public void Output_that_the_host_does_not_take_holds_a_stream_back_but_not_a_console()
    {
        using VirtioRig rig = StartMultiport(Bus.Mmio);
        for (int queue = 1; queue <= 5; queue += 4)
        {
            (ulong, uint) block = rig.Buffer(new byte[ConsolePort.BufferSizeBytes]);
            for (int i = 0; i < 3; i++)
                rig.Queues[queue].Add([block], []);
            rig.Queues[queue].Notify();
            rig.Clock.Settle();
        }

        Assert.Equal((3, 1), (rig.Queues[1].UsedIndex, rig.Queues[5].UsedIndex));
        Output(_ports[1]);
        rig.Clock.Settle();
        Assert.Equal(2, rig.Queues[5].UsedIndex);
    }

    [Fact]
    public void What_was_sent_to_a_reader_who_left_is_not_for_the_next()
    {
        using VirtioRig rig = StartMultiport(Bus.Mmio);
        SendControl(rig, 2, PortOpen, 1);
        _ports[2].Send("old"u8);
        rig.Clock.Settle();
        SendControl(rig, 2, PortOpen, 0);
        Assert.False(_ports[2].IsGuestOpen);
        SendControl(rig, 2, PortOpen, 1);
        _ports[2].Send("new"u8);
        Offer(rig, 6);
        Assert.Equal("new", Text(rig, 6));
    }

    [Fact]
    public void A_deterministic_machine_stands_still_until_the_host_has_room_for_its_output()
    {
        VirtioConsole device = new("console", _ports);
        using VirtioRig rig = new VirtioRig(Bus.Mmio, device, new ManualClock(deterministic: true)).Start();
        byte[] sent = new byte[ConsolePort.BufferSizeBytes + 10_000];
        new Random(1).NextBytes(sent);
        byte[] got = new byte[sent.Length];
        Thread reader = new(() =>
        {
            for (int count = 0; count < got.Length; count += _ports[1].Receive(got.AsSpan(count, Math.Min(700, got.Length - count))))
                Thread.Sleep(1);
        });
        rig.Queues[5].Add([rig.Buffer(sent)], []);
        reader.Start();
        rig.Queues[5].Notify();
        rig.Clock.Advance(0);
        Assert.Equal(1, rig.Queues[5].UsedIndex);
        Assert.True(rig.Clock.WaitCount > 0);
        reader.Join();
        Assert.Equal(sent, got);
    }

    [Fact]
    public void A_guest_that_waits_for_room_goes_on_when_its_output_may_be_dropped()
    {
        using VirtioRig rig = Rig(Bus.Mmio).Start();
        rig.Queues[5].Add([rig.Buffer(new byte[ConsolePort.BufferSizeBytes + 1])], []);
        rig.Queues[5].Notify();
        rig.Clock.Settle();
        Assert.Equal(0, rig.Queues[5].UsedIndex);
        _ports[1].HoldsOutput = false;
        rig.Clock.Settle();
        Assert.Equal(1, rig.Queues[5].UsedIndex);
    }

    [Fact]
    public void A_sender_who_was_told_to_wait_is_told_of_room()
    {
        using VirtioRig rig = StartMultiport(Bus.Mmio);
        SendControl(rig, 2, PortOpen, 1);
        int told = 0;
        _ports[2].Changed = () => told++;
        Assert.Equal(ConsolePort.BufferSizeBytes, _ports[2].Send(new byte[ConsolePort.BufferSizeBytes + 1]));
        Offer(rig, 6, 1, 4096);
        Assert.Equal(1, told);
    }

    [Theory, InlineData(Bus.Mmio, 2), InlineData(Bus.Pci, 3)]
    public void Pages_that_are_absent_at_any_look_lose_and_double_nothing(Bus bus, int rate)
    {
        using VirtioRig rig = StartMultiport(bus);
        SendControl(rig, 1, PortOpen, 1);
        rig.MakePagesAbsent(seed: 8, rate);
        StringBuilder sent = new();
        StringBuilder got = new();
        for (int i = 0; i < 200; i++)
        {
            string word = $"word {i};";
            sent.Append(word);
            rig.Queues[5].Add([rig.Buffer(Encoding.ASCII.GetBytes(word))], []);
            rig.Queues[5].Complete();
            _ports[1].Send(Encoding.ASCII.GetBytes(word));
            Offer(rig, 4, 1, 20);
            got.Append(Text(rig, 4));
        }

        Assert.Equal(sent.ToString(), Output(_ports[1]));
        Assert.Equal(sent.ToString(), got.ToString());
        Assert.True(rig.Clock.WaitCount > 100);
    }

    [Theory, InlineData(Bus.Mmio), InlineData(Bus.Pci)]
    public void Save_restore_save_gives_the_same_bytes(Bus bus)
    {
        using VirtioRig rig = StartMultiport(bus);
        Device(rig).SetWindowSize(90, 20);
        SendControl(rig, 1, PortOpen, 1);
        rig.Queues[5].Add([rig.Buffer(new byte[ConsolePort.BufferSizeBytes + 100])], []);
        rig.Queues[5].Notify();
        rig.Clock.Settle();
        byte[] saved = rig.Transport.Saved();
        ConsolePort[] ports = [new("", OutputOverflow.DropOldest), new("strata.control", OutputOverflow.HoldBack), new("strata.0.in", OutputOverflow.HoldBack)];
        using VirtioRig other = new(bus, new VirtioConsole("console", ports));
        other.Transport.RestoreFrom(saved);
        Assert.Equal(saved, other.Transport.Saved());
        Assert.True(ports[1].IsGuestOpen);
    }
}
