using Microsoft.Win32.SafeHandles;
using Strata.Api.Control;
using Strata.Api.Machines;
using Strata.Debugging;
using Strata.Guest.Ports;
using Strata.Host;
using Strata.Machines;
using Strata.Machines.Boot;

namespace Strata.Monitor;

/// <summary>A machine of ours as the monitor sees it: made from an API record, started anew when its guest resets it.</summary>
internal sealed class HostedMachine : IMonitoredMachine
{
    private const string What = "cannot make the machine";

    private readonly HostResources _host;
    private readonly MachineConfiguration _configuration;
    private readonly TaskCompletionSource<ExitRecord> _exited = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly RelayedPort _serial;
    private readonly RelayedPort[] _ports;
    private readonly Lock _gate = new();
    private Machine _machine;       // under _gate
    private bool _killed;           // under _gate
    private (int Columns, int Rows)? _window;   // under _gate

    private HostedMachine(HostResources host, MachineConfiguration configuration)
    {
        _host = host;
        _configuration = configuration;
        _machine = MachineBuilder.Build(host, configuration);
        _serial = new(_machine.SerialEnd);
        _ports = [.. _machine.Console.Ends.Select(end => new RelayedPort(end))];
    }

    /// <inheritdoc/>
    public IGuestPort Serial => _serial;

    /// <inheritdoc/>
    public IReadOnlyList<IGuestPort> Ports => _ports;

    /// <inheritdoc/>
    public MachineDebugger Debugger => new(Current);

    /// <inheritdoc/>
    public Task<ExitRecord> Exited => _exited.Task;

    /// <summary>Makes the machine that a client asks for.</summary>
    /// <exception cref="MonitorException">It cannot be made.</exception>
    internal static HostedMachine Make(HostResources host, MachineRecord record, IReadOnlyList<SafeFileHandle> files)
    {
        try
        {
            return new(host, Configure(record, files));
        }
        catch (BootException failure)
        {
            throw new MonitorException(new("E-BOOT", What, failure.Message));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or System.ComponentModel.Win32Exception or OutOfMemoryException)
        {
            throw new MonitorException(new("E-HOST", What, failure.Message));
        }
    }

    /// <inheritdoc/>
    public Action? Restarted { get; set; }

    /// <inheritdoc/>
    public void Resize(int columns, int rows)
    {
        lock (_gate)
        {
            // Under the lock, so that a machine that comes next has the last of two sizes too.
            _window = (columns, rows);
            _machine.Console.Resize(columns, rows);
        }
    }

    /// <inheritdoc/>
    public void Start() => Run(Current);

    /// <inheritdoc/>
    public void Kill()
    {
        lock (_gate)
            _killed = true;
        Current.Kill();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Current.Dispose();
        foreach (DiskConfiguration disk in _configuration.Disks)
            disk.Close();
    }

    private Machine Current
    {
        get
        {
            lock (_gate)
                return _machine;
        }
    }

    private static MachineConfiguration Configure(MachineRecord record, IReadOnlyList<SafeFileHandle> files)
    {
        SafeFileHandle File(FileRecord file) => (uint)file.Index < (uint)files.Count
            ? files[file.Index]
            : throw new BootException($"{file.Name} names file {file.Index} of {files.Count}");

        BootFile? Optional(FileRecord? file) => file is null ? null : new(File(file), file.Name);

        BootConfiguration boot = record.Boot switch
        {
            { Firmware: { } firmware } asked => new FirmwareBoot(new(File(firmware), firmware.Name), Optional(asked.Payload), Optional(asked.Initrd), asked.Append),
            { Kernel: { } kernel } asked => new DirectBoot(new(File(kernel), kernel.Name), Optional(asked.Initrd), asked.Append),
            _ => throw new BootException("there is neither a kernel nor a firmware"),
        };
        return new()
        {
            Boot = boot,
            MemoryBytes = (ulong)Math.Max(0, record.MemoryBytes),
            Deterministic = record.Deterministic,
            Engine = EngineOf(record.Engine),
            Disks = [.. record.Disks.Select(disk => DiskConfiguration.Raw(File(disk.File), disk.File.Name, disk.ReadOnly, disk.Serial ?? ""))],
        };
    }

    private static ExecutionEngine EngineOf(string? engine) => engine switch
    {
        MachineEngine.Interpreter => ExecutionEngine.Interpreter,
        null => HostProcessor.Detect().CanTranslate ? ExecutionEngine.Translator : ExecutionEngine.Interpreter,
        MachineEngine.Translator when HostProcessor.Detect().WhyNot is { } why => throw new MonitorException(
            new("E-ENGINE", What, $"the translator does not run on this processor: {why}", "leave --engine out, or ask for the interpreter")),
        MachineEngine.Translator => ExecutionEngine.Translator,
        _ => throw new MonitorException(new("E-ENGINE", What, $"there is no engine called {engine}", $"engines: {MachineEngine.Translator}, {MachineEngine.Interpreter}")),
    };

    private static ExitRecord RecordOf(MachineExit exit)
    {
        string? detail = exit.Message.Length > 0 ? exit.Message : null;
        return exit.Reason switch
        {
            MachineExitReason.Killed => new(0, ExitCause.Killed, detail),
            MachineExitReason.Failed => new(1, ExitCause.MonitorFailure, detail),
            _ => new(exit.ProcessExitCode, exit.ProcessExitCode == 0 ? ExitCause.PowerOff : ExitCause.GuestFailure, detail),
        };
    }

    private void Run(Machine machine)
    {
        machine.OnExit(exit => _ = Task.Run(() => Follow(machine, exit)));
        machine.Start();
    }

    /// <summary>On a thread that is no carrier: what ended is disposed of there.</summary>
    private void Follow(Machine machine, MachineExit exit)
    {
        try
        {
            bool again;
            lock (_gate)
                again = exit.Reason == MachineExitReason.Reset && !_killed;
            if (again)
                StartAgain(machine);
            else
                _ = _exited.TrySetResult(RecordOf(exit));
        }
        catch (Exception failure)
        {
            // The boundary of the machine: whoever waits for its end learns why.
            _ = _exited.TrySetResult(new(1, ExitCause.MonitorFailure, failure.Message));
        }
    }

    private void StartAgain(Machine machine)
    {
        machine.Dispose();
        Machine next = MachineBuilder.Build(_host, _configuration);
        _serial.Switch(next.SerialEnd);
        for (int i = 0; i < _ports.Length; i++)
            _ports[i].Switch(next.Console.Ends[i]);
        bool killed;
        lock (_gate)
        {
            _machine = next;
            killed = _killed;
            if (_window is { } window)
                next.Console.Resize(window.Columns, window.Rows);
        }

        Restarted?.Invoke();
        Run(next);
        if (killed)
            next.Kill();
    }
}
