using System.ComponentModel;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Strata.Host.Terminals;

/// <summary>A terminal without a screen (pty(7)): what a program writes to it is read here, and the other way round.</summary>
public sealed class PseudoTerminal : IDisposable
{
    /// <summary>Opens a new one.</summary>
    /// <exception cref="Win32Exception">The system refused.</exception>
    public PseudoTerminal()
    {
        int opened = Interop.Terminals.OpenPseudoTerminal(
            Interop.Terminals.OpenReadWrite | Interop.Terminals.OpenNoControllingTerminal | Interop.Terminals.OpenCloseOnExec);
        if (opened < 0)
            throw HostCall.Failure("cannot open a pseudo terminal");
        Controller = new(opened, ownsHandle: true);
        try
        {
            Path = Prepare(Controller);
            int device = Interop.Processes.Open(
                Path, Interop.Terminals.OpenReadWrite | Interop.Terminals.OpenNoControllingTerminal | Interop.Terminals.OpenCloseOnExec, 0);
            Device = device >= 0 ? new(device, ownsHandle: true) : throw HostCall.Failure($"cannot open {Path}");
        }
        catch
        {
            Controller.Dispose();
            throw;
        }
    }

    /// <summary>The side of the terminal emulator.</summary>
    public SafeFileHandle Controller { get; }

    /// <summary>The side of the program, held open so that the terminal outlives its users.</summary>
    public SafeFileHandle Device { get; }

    /// <summary>The path of the program's side.</summary>
    public string Path { get; }

    /// <inheritdoc/>
    public void Dispose()
    {
        Controller.Dispose();
        Device.Dispose();
    }

    private static unsafe string Prepare(SafeFileHandle controller)
    {
        // SAFETY: the name is at most 64 bytes with its terminating zero.
        byte* name = stackalloc byte[64];
        return Interop.Terminals.Grant(controller) == 0 && Interop.Terminals.Unlock(controller) == 0 && Interop.Terminals.Name(controller, name, 64) == 0
            ? Encoding.UTF8.GetString(System.Runtime.InteropServices.MemoryMarshal.CreateReadOnlySpanFromNullTerminated(name))
            : throw HostCall.Failure("cannot prepare a pseudo terminal");
    }
}
