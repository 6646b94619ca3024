using System.Diagnostics;
using System.Text;

namespace Strata.Bench.Peers;

/// <summary>An emulator that runs: its processes and its guest's console.</summary>
internal sealed class Peer : IDisposable
{
    private readonly Process _process;
    private readonly Action<byte[]> _write;
    private readonly Action _close;

    private Peer(Process process, Func<byte[], int> read, Action<byte[]> write, Action close)
    {
        _process = process;
        _write = write;
        _close = close;
        Console = new ConsoleText(read);
    }

    /// <summary>The process that was started; its descendants belong to the emulator too.</summary>
    public int ProcessId => _process.Id;

    /// <summary>What the guest prints.</summary>
    public ConsoleText Console { get; }

    /// <summary>Processor time that all its processes have used so far.</summary>
    public TimeSpan CpuTime => ProcessTree.CpuTime(_process.Id);

    /// <summary>Starts a program whose standard streams are the guest's console.</summary>
    public static Peer Start(ProcessStartInfo start)
    {
        Process process = Launch(start);
        Stream output = process.StandardOutput.BaseStream, input = process.StandardInput.BaseStream;
        return new(process, buffer => output.Read(buffer), Write, () => { });

        void Write(byte[] bytes)
        {
            input.Write(bytes);
            input.Flush();
        }
    }

    /// <summary>Starts <c>strata run</c> for a machine whose serial port is the console: the command line shows the virtio console only.</summary>
    /// <param name="start">The command.</param>
    /// <param name="home">A STRATA_HOME in which no other machine runs.</param>
    public static Peer StartWithSerial(ProcessStartInfo start, string home)
    {
        Process process = Launch(start);
        SerialLine line = SerialLine.Open(home, process);
        return new(process, line.Read, line.Write, line.Dispose);
    }

    /// <summary>Types something.</summary>
    public void Send(string text) => _write(Encoding.ASCII.GetBytes(text));

    /// <summary>Ends all its processes.</summary>
    public void Dispose()
    {
        _close();
        foreach (int member in ProcessTree.Members(_process.Id).Reverse())
            _ = Host.Processes.HostProcess.Signal(member, Host.Processes.HostProcess.SignalKill);
        _process.WaitForExit();
        _process.Dispose();
    }

    private static Process Launch(ProcessStartInfo start)
    {
        start.UseShellExecute = false;
        start.RedirectStandardInput = true;
        start.RedirectStandardOutput = true;
        return Process.Start(start)!;
    }
}
