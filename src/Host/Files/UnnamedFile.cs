using System.ComponentModel;
using Microsoft.Win32.SafeHandles;

namespace Strata.Host.Files;

/// <summary>A file in memory that has no name in any folder, so that nobody has to remove it (memfd_create(2)).</summary>
public static class UnnamedFile
{
    /// <summary>Makes one; <paramref name="label"/> is what /proc shows.</summary>
    /// <exception cref="Win32Exception">The system refused.</exception>
    public static SafeFileHandle Create(string label)
    {
        int opened = Interop.Files.CreateInMemory(label, Interop.Files.MemoryCloseOnExec);
        return opened >= 0 ? new(opened, ownsHandle: true) : throw HostCall.Failure("cannot make a file in memory");
    }
}
