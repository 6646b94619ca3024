using System.Net.Sockets;
using Microsoft.Win32.SafeHandles;
using Strata.Api.Control;
using Strata.Api.Machines;
using Strata.Host.Processes;
using Strata.Host.Sockets;

namespace Strata.Monitor.Tests;

/// <summary>A monitor in this process, with a registry of its own and a fake machine.</summary>
internal sealed class MonitorUnderTest : IAsyncDisposable
{
    public static readonly MachineRecord Record = new() { Boot = new(), MemoryBytes = 1 << 20, Image = "fake" };

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("strata-test-");
    private readonly Socket _first;

    public MonitorUnderTest(FakeMachine? machine = null)
    {
        Machine = machine ?? new();
        Root = PrivateFolder.Make(Path.Join(_folder.FullName, "run"));
        (_first, Socket its) = UnixSockets.Pair();
        Process = MonitorProcess.RunAsync(Root, its, Make);
    }

    public FakeMachine Machine { get; }

    public PrivateFolder Root { get; }

    public Task<ExitRecord> Process { get; }

    public IReadOnlyList<SafeFileHandle> Files { get; private set; } = [];

    public static CancellationToken Token => TestContext.Current.CancellationToken;

    public Task<MonitorClient> FirstClientAsync() => MonitorClient.ConnectAsync(_first, DescriptorPassing.Send, Token);

    public async Task<MonitorClient> StartedAsync()
    {
        MonitorClient client = await FirstClientAsync();
        _ = await client.AskAsync<StatusReply>(new StartRequest(Record, Foreground: true), Token);
        return client;
    }

    public Socket Connect()
    {
        string id = new ProcessRegistry(Root).Living().Single();
        using PrivateFolder folder = new ProcessRegistry(Root).Open(id);
        return UnixSockets.Connect(folder, ControlProtocol.SocketName);
    }

    public Task<MonitorClient> ClientAsync() => MonitorClient.ConnectAsync(Connect(), DescriptorPassing.Send, Token);

    public Task<ConsoleStream> ConsoleAsync(bool replay = false) =>
        MonitorClient.OpenConsoleAsync(Connect(), DescriptorPassing.Send, new(ConsoleKind.Virtio, 80, 25, replay), Token);

    public async ValueTask DisposeAsync()
    {
        Machine.Kill();
        _first.Dispose();
        _ = await Process.WaitAsync(TimeSpan.FromSeconds(30));
        Root.Dispose();
        _folder.Delete(recursive: true);
    }

    private FakeMachine Make(MachineRecord record, IReadOnlyList<SafeFileHandle> files)
    {
        Files = files;
        return record.Engine == "refused" ? throw new MonitorException(new("E-TEST", "cannot make it", "refused", null)) : Machine;
    }
}
