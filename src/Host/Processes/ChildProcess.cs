using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Strata.Host.Sockets;

namespace Strata.Host.Processes;

/// <summary>What to start: a program in a session of its own, with exactly the descriptors that are named.</summary>
public sealed record ChildConfiguration
{
    /// <summary>The executable's path.</summary>
    public required string Path { get; init; }

    /// <summary>Its arguments, without its own name.</summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>What becomes descriptor 0, 1, 2, …; a missing one of the first three is /dev/null.</summary>
    public IReadOnlyList<SafeHandle?> Descriptors { get; init; } = [];

    /// <summary>A terminal (its path) that becomes the session's controlling terminal and descriptors 0 to 2.</summary>
    public string? ControllingTerminal { get; init; }

    /// <summary>Variables that differ from this process's; a null value removes one.</summary>
    public IReadOnlyDictionary<string, string?> Environment { get; init; } = new Dictionary<string, string?>(StringComparer.Ordinal);
}

/// <summary>A program started with posix_spawn(3) in a session of its own; <see cref="System.Diagnostics.Process"/> cannot do that.</summary>
public sealed class ChildProcess : IDisposable
{
    private readonly SafeFileHandle _pidfd;
    private int? _exitCode;

    private ChildProcess(int id)
    {
        Id = id;
        long opened = Interop.Processes.PidfdOpen(Interop.Processes.SysPidfdOpen, id, 0);
        _pidfd = opened >= 0 ? new((nint)opened, ownsHandle: true) : throw HostCall.Failure("cannot watch a process");
    }

    /// <summary>Its process id; not reused before <see cref="TryWait"/> has seen it end.</summary>
    public int Id { get; }

    /// <summary>Starts the program.</summary>
    /// <exception cref="Win32Exception">There is no such program, or the system refused.</exception>
    public static unsafe ChildProcess Start(ChildConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        byte* attributes = stackalloc byte[Interop.Processes.SpawnObjectBytes];
        byte* actions = stackalloc byte[Interop.Processes.SpawnObjectBytes];
        byte* signals = stackalloc byte[Interop.Processes.SignalSetBytes];

        // SAFETY: both objects are initialised before and destroyed after use and are larger than glibc's.
        _ = Interop.Processes.InitializeAttributes(attributes);
        _ = Interop.Processes.InitializeActions(actions);
        using NativeStrings arguments = new([configuration.Path, .. configuration.Arguments]);
        using NativeStrings environment = new(EnvironmentOf(configuration));
        using NativeStrings path = new([configuration.Path]);
        using SafeHandleReferences sources = new(configuration.Descriptors);
        try
        {
            // The runtime ignores SIGPIPE and a shell may have other signals ignored or blocked for us: the child starts afresh.
            _ = Interop.Processes.FillSignals(signals);
            _ = Interop.Processes.SetSignalDefaults(attributes, signals);
            _ = Interop.Processes.EmptySignals(signals);
            _ = Interop.Processes.SetSignalMask(attributes, signals);
            _ = Interop.Processes.SetFlags(
                attributes,
                Interop.Processes.SpawnSetSession | Interop.Processes.SpawnSetSignalDefaults | Interop.Processes.SpawnSetSignalMask);
            AddDescriptors(actions, configuration, sources.Numbers);
            int process;
            int error = Interop.Processes.Spawn(&process, path.Pointers[0], actions, attributes, arguments.Pointers, environment.Pointers);
            return error == 0 ? new(process) : throw HostCall.Failure($"cannot start {configuration.Path}", error);
        }
        finally
        {
            _ = Interop.Processes.DestroyActions(actions);
            _ = Interop.Processes.DestroyAttributes(attributes);
        }
    }

    /// <summary>Waits up to <paramref name="timeoutMs"/> (-1: for ever) for its end.</summary>
    /// <returns>Its exit code, 128 + the signal that killed it, or null when it still runs.</returns>
    public unsafe int? TryWait(int timeoutMs)
    {
        if (_exitCode is not null || !Waiting.For(_pidfd, Interop.Sockets.PollIn, timeoutMs))
            return _exitCode;
        int status;

        // SAFETY: the kernel writes one integer.
        if (Interop.Processes.Wait(Id, &status, Interop.Processes.WaitNoHang) != Id)
            return _exitCode;
        return _exitCode = (status & 0x7F) == 0 ? (status >> 8) & 0xFF : 128 + (status & 0x7F);
    }

    /// <summary>Sends it <paramref name="signal"/>; nothing happens when it has ended.</summary>
    public void Signal(int signal)
    {
        if (_exitCode is null)
            _ = Interop.Processes.Kill(Id, signal);
    }

    /// <inheritdoc/>
    public void Dispose() => _pidfd.Dispose();

    private static unsafe void AddDescriptors(void* actions, ChildConfiguration configuration, IReadOnlyList<int?> wanted)
    {
        // First everything to numbers that no target has, so that no duplicate overwrites a source still needed.
        const int Above = 200;
        for (int i = 0; i < wanted.Count; i++)
        {
            if (wanted[i] is { } source)
                _ = Interop.Processes.AddDuplicate(actions, source, Above + i);
        }

        for (int i = 0; i < Math.Max(3, wanted.Count); i++)
        {
            if (i < wanted.Count && wanted[i] is not null)
                _ = Interop.Processes.AddDuplicate(actions, Above + i, i);
            else if (i < 3)
                _ = Interop.Processes.AddOpen(actions, i, configuration.ControllingTerminal ?? "/dev/null", Interop.Processes.OpenReadWrite, 0);
        }

        try
        {
            // What a shell had left open for this process is not for a child that outlives it.
            _ = Interop.Processes.AddCloseFrom(actions, Math.Max(3, wanted.Count));
        }
        catch (EntryPointNotFoundException)
        {
            for (int i = 0; i < wanted.Count; i++)
            {
                if (wanted[i] is not null)
                    _ = Interop.Processes.AddClose(actions, Above + i);
            }
        }
    }

    private static List<string> EnvironmentOf(ChildConfiguration configuration)
    {
        List<string> result = [];
        foreach (System.Collections.DictionaryEntry entry in Environment.GetEnvironmentVariables())
        {
            if (!configuration.Environment.ContainsKey((string)entry.Key))
                result.Add($"{entry.Key}={entry.Value}");
        }

        foreach ((string name, string? value) in configuration.Environment)
        {
            if (value is not null)
                result.Add($"{name}={value}");
        }

        return result;
    }

    /// <summary>Keeps handles open while their numbers are used.</summary>
    private sealed class SafeHandleReferences : IDisposable
    {
        private readonly List<SafeHandle> _held = [];

        public SafeHandleReferences(IReadOnlyList<SafeHandle?> handles)
        {
            List<int?> numbers = [];
            foreach (SafeHandle? handle in handles)
            {
                bool referenced = false;
                handle?.DangerousAddRef(ref referenced);
                if (handle is not null)
                    _held.Add(handle);
                numbers.Add((int?)handle?.DangerousGetHandle());
            }

            Numbers = numbers;
        }

        public IReadOnlyList<int?> Numbers { get; }

        public void Dispose() => _held.ForEach(handle => handle.DangerousRelease());
    }

    /// <summary>A null-terminated array of C strings in native memory.</summary>
    private sealed unsafe class NativeStrings : IDisposable
    {
        private readonly int _count;

        public NativeStrings(IReadOnlyList<string> strings)
        {
            _count = strings.Count;
            Pointers = (byte**)NativeMemory.AllocZeroed((nuint)(_count + 1), (nuint)sizeof(byte*));
            for (int i = 0; i < _count; i++)
            {
                byte[] text = Encoding.UTF8.GetBytes(strings[i]);
                Pointers[i] = (byte*)NativeMemory.AllocZeroed((nuint)text.Length + 1);
                text.CopyTo(new Span<byte>(Pointers[i], text.Length));
            }
        }

        public byte** Pointers { get; }

        public void Dispose()
        {
            for (int i = 0; i < _count; i++)
                NativeMemory.Free(Pointers[i]);
            NativeMemory.Free(Pointers);
        }
    }
}
