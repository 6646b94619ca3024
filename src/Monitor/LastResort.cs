using Microsoft.Win32.SafeHandles;
using Strata.Host.Processes;
using Strata.Host.Terminals;

namespace Strata.Monitor;

/// <summary>Ends this process when its machine was to end and does not: whoever waits for it learns why and waits no longer.</summary>
internal static class LastResort
{
    /// <summary>More than everything takes that a machine's end may wait for: its disks, slow viewers, its clients.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>Starts counting.</summary>
    internal static void Arm() => new Thread(End) { IsBackground = true, Name = "last resort" }.Start();

    private static void End()
    {
        // A thread of its own, and no way out but this one: what holds the process up may be anything.
        using ManualResetEventSlim never = new();
        _ = never.Wait(Patience);
        try
        {
            using SafeFileHandle error = new(2, ownsHandle: false);
            _ = new DescriptorStream(error).Write(System.Text.Encoding.UTF8.GetBytes($"the machine did not end within {Patience.TotalSeconds} seconds of being told to; its monitor was killed\n"));
        }
        finally
        {
            _ = HostProcess.Signal(Environment.ProcessId, HostProcess.SignalKill);
        }
    }
}
