using Microsoft.Win32.SafeHandles;
using Strata.Api.Control;
using Strata.Api.Machines;
using Strata.Debugging;
using Strata.Guest.Ports;

namespace Strata.Monitor;

/// <summary>What a monitor needs of a machine.</summary>
internal interface IMonitoredMachine : IDisposable
{
    /// <summary>The serial port.</summary>
    IGuestPort Serial { get; }

    /// <summary>The ports of the virtio console by number (0: the console, 1: the agent's lines, 2 + 3 N …: the slots); empty when there is none.</summary>
    IReadOnlyList<IGuestPort> Ports { get; }

    /// <summary>How it ended, when it has.</summary>
    Task<ExitRecord> Exited { get; }

    /// <summary>Looks inside; null if nobody can.</summary>
    MachineDebugger? Debugger { get; }

    /// <summary>Called when the guest has reset the machine and nothing of what ran before is left; the same ports lead to what runs next.</summary>
    Action? Restarted { get; set; }

    /// <summary>Tells the guest the size of the console's window.</summary>
    void Resize(int columns, int rows);

    /// <summary>Lets it run. Once.</summary>
    void Start();

    /// <summary>Ends it without asking; <see cref="Exited"/> follows.</summary>
    void Kill();
}

/// <summary>Makes the machine that was asked for, out of the files that came with the request, which become the machine's.</summary>
/// <exception cref="MonitorException">It cannot be made; the error says why.</exception>
internal delegate IMonitoredMachine MachineMaker(MachineRecord machine, IReadOnlyList<SafeFileHandle> files);
