using System.ComponentModel;
using System.Net.Sockets;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Strata.Host.Processes;
using Strata.Host.Sockets;
using Strata.Host.Terminals;

namespace Strata.Host.Tests;

public sealed class ProcessTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("strata-test-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void A_child_has_the_given_descriptors_and_no_others()
    {
        (Socket own, Socket its) = UnixSockets.Pair();
        using (own)
        {
            using ChildProcess child = ChildProcess.Start(new()
            {
                Path = "/bin/ls",
                Arguments = ["/proc/self/fd"],
                Descriptors = [null, its.SafeHandle, null, its.SafeHandle],
            });
            its.Dispose();
            Assert.Equal("0\n1\n2\n3\n4\n", ReadToEnd(own)); // 4: ls reads the folder with it
            Assert.Equal(0, child.TryWait(30_000));
        }
    }

    [Fact]
    public void A_child_has_its_own_session_and_environment()
    {
        (Socket own, Socket its) = UnixSockets.Pair();
        using (own)
        {
            using ChildProcess child = ChildProcess.Start(new()
            {
                Path = "/bin/sh",
                Arguments = ["-c", "echo $(cut -d' ' -f6 /proc/$$/stat) $WORD ${PATH-gone}; exit 9"],
                Descriptors = [null, its.SafeHandle],
                Environment = new Dictionary<string, string?>(StringComparer.Ordinal) { ["WORD"] = "word" },
            });
            its.Dispose();
            Assert.Equal($"{child.Id} word {Environment.GetEnvironmentVariable("PATH")}\n", ReadToEnd(own));
            Assert.Equal(9, child.TryWait(30_000));
        }
    }

    [Fact]
    public void A_killed_child_tells_its_signal()
    {
        using ChildProcess child = ChildProcess.Start(new() { Path = "/bin/sleep", Arguments = ["60"] });
        Assert.Null(child.TryWait(0));
        Assert.True(HostProcess.Exists(child.Id));
        child.Signal(HostProcess.SignalKill);
        Assert.Equal(137, child.TryWait(30_000));
        Assert.False(HostProcess.Exists(child.Id));
    }

    [Fact]
    public void What_is_no_program_cannot_be_started() => Assert.Throws<Win32Exception>(() => ChildProcess.Start(new() { Path = "/nowhere" }));

    [Fact]
    public void A_child_gets_a_controlling_terminal_and_its_window()
    {
        using PseudoTerminal terminal = new();
        Terminal.Resize(terminal.Device, new(123, 45));
        using ChildProcess child = ChildProcess.Start(new()
        {
            Path = "/bin/sh",
            Arguments = ["-c", "stty size < /dev/tty"],
            ControllingTerminal = terminal.Path,
        });
        byte[] buffer = new byte[100];
        DescriptorStream stream = new(terminal.Controller);
        Assert.Equal("45 123\r\n", Encoding.ASCII.GetString(buffer, 0, stream.Read(buffer)));
        Assert.Equal(0, child.TryWait(30_000));
    }

    [Fact]
    public void Raw_mode_is_entered_and_left()
    {
        using PseudoTerminal terminal = new();
        Assert.True(Terminal.Is(terminal.Device));
        TerminalMode cooked = TerminalMode.Of(terminal.Device);
        Assert.True(cooked.AsRaw().Apply(terminal.Device));
        Assert.False(TerminalMode.Of(terminal.Device).Matches(cooked));
        Assert.True(cooked.Apply(terminal.Device));
        Assert.True(TerminalMode.Of(terminal.Device).Matches(cooked));
    }

    [Fact]
    public void Files_travel_with_the_bytes_they_were_sent_with()
    {
        (Socket one, Socket other) = UnixSockets.Pair();
        using Socket sender = one, receiver = other;
        string path = Path.Join(_folder.FullName, "file");
        File.WriteAllText(path, "content");
        using (SafeFileHandle file = File.OpenHandle(path))
            DescriptorPassing.Send(sender, "line\n"u8, [file, file]);
        File.Delete(path);
        List<SafeFileHandle> files = [];
        byte[] buffer = new byte[100];
        Assert.Equal(5, DescriptorPassing.Receive(receiver, buffer, files));
        Assert.Equal(2, files.Count);
        Assert.Equal(7, RandomAccess.Read(files[1], buffer, 0));
        files.ForEach(file => file.Dispose());
        Assert.Equal(-1, DescriptorPassing.Receive(receiver, buffer, files));
        sender.Dispose();
        Assert.Equal(0, DescriptorPassing.Receive(receiver, buffer, files));
    }

    [Fact]
    public void What_is_no_stream_socket_is_not_taken_for_one()
    {
        using SafeFileHandle file = File.OpenHandle("/dev/null");
        Assert.Throws<Win32Exception>(() => UnixSockets.FromFile(file));
        Assert.False(file.IsClosed);
    }

    [Fact]
    public void Of_a_closed_descriptor_the_number_is_never_used_again()
    {
        (Socket one, Socket other) = UnixSockets.Pair();
        SafeFileHandle file = File.OpenHandle("/dev/null");
        PrivateFolder folder = PrivateFolder.Make(Path.Join(_folder.FullName, "closed"));
        one.Dispose();
        other.Dispose();
        file.Dispose();
        folder.Dispose();
        Assert.Throws<ObjectDisposedException>(() => DescriptorPassing.Send(one, "x"u8, []));
        Assert.Throws<ObjectDisposedException>(() => DescriptorPassing.Receive(one, new byte[1], []));
        Assert.Throws<ObjectDisposedException>(() => UnixSockets.PeerOf(other));
        Assert.Throws<ObjectDisposedException>(() => UnixSockets.FromFile(file));
        Assert.Throws<ObjectDisposedException>(() => Terminal.Is(file));
        Assert.Throws<ObjectDisposedException>(() => new DescriptorStream(file).Write("x"u8));
        Assert.Throws<ObjectDisposedException>(() => new DescriptorStream(file).WaitReadable(0));
        Assert.Throws<ObjectDisposedException>(() => ChildProcess.Start(new() { Path = "/bin/true", Descriptors = [file] }));
        Assert.Throws<ObjectDisposedException>(() => folder.Reach("x"));
    }

    [Fact]
    public void A_closed_listener_deletes_nothing_through_its_folders_number()
    {
        using PrivateFolder folder = PrivateFolder.Make(Path.Join(_folder.FullName, "run"));
        UnixSockets.Listen(folder, "sock", 1).Dispose();
        Assert.True(File.Exists(folder.Reach("sock")));
        Assert.Throws<SocketException>(() => UnixSockets.Connect(folder, "sock"));
    }

    [Fact]
    public void The_peer_of_a_socket_is_known_and_a_long_path_no_obstacle()
    {
        using PrivateFolder folder = PrivateFolder.Make(Directory.CreateDirectory(Path.Join(_folder.FullName, new string('x', 150))).FullName + "/run");
        using Socket listener = UnixSockets.Listen(folder, "sock", 1);
        using Socket client = UnixSockets.Connect(folder, "sock");
        using Socket server = listener.Accept();
        Assert.Equal(new(Environment.ProcessId, HostProcess.UserId), UnixSockets.PeerOf(server));
    }

    [Fact]
    public void The_registry_knows_the_living_and_sweeps_the_dead()
    {
        using PrivateFolder root = PrivateFolder.Make(Path.Join(_folder.FullName, "run"));
        ProcessRegistry registry = new(root);
        using RegistryEntry alive = registry.Enter();
        using (RegistryEntry gone = registry.Enter())
            Assert.Equal(2, registry.Living().Count);

        // As a killed process leaves it: folder, lock file and socket, but nobody holds the lock.
        string dead = Path.Join(root.Path, "deadbeef");
        Directory.CreateDirectory(dead, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        File.WriteAllText(Path.Join(dead, "lock"), "");
        File.WriteAllText(Path.Join(dead, "control.sock"), "");
        Assert.Equal([alive.Id], registry.Living());
        Assert.Equal(["deadbeef"], registry.Sweep());
        Assert.Equal([alive.Id], Directory.EnumerateDirectories(root.Path).Select(Path.GetFileName));
    }

    [Fact]
    public void A_lock_excludes_others_until_it_is_given_back()
    {
        string path = Path.Join(_folder.FullName, "lock");
        using (FileLock held = FileLock.Take(path))
            Assert.Null(FileLock.TryTake(path));
        using FileLock? free = FileLock.TryTake(path);
        Assert.NotNull(free);
    }

    [Fact]
    public void The_memory_of_a_process_can_be_asked()
    {
        Assert.InRange(HostProcess.ProportionalMemoryBytes(Environment.ProcessId) ?? 0, 1 << 20, 4L << 30);
        Assert.Null(HostProcess.ProportionalMemoryBytes(int.MaxValue));
    }

    private static string ReadToEnd(Socket socket)
    {
        using NetworkStream stream = new(socket);
        using StreamReader reader = new(stream);
        return reader.ReadToEnd();
    }
}
