using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Strata.Host.Processes;

/// <summary>An open folder that belongs to this user, is no link, and that nobody else may enter or change.</summary>
/// <remarks>
/// Everything in it is reached through the open descriptor, so that what was checked is what is used, and a long path does not
/// exceed the 108 bytes of a Unix socket's name (unix(7)).
/// </remarks>
public sealed class PrivateFolder : IDisposable
{
    private const uint TypeAndModeMask = 0xF000 | 0x3F;
    private const uint TypeDirectory = 0x4000;
    private const uint TypeRegular = 0x8000;
    private readonly SafeFileHandle _descriptor;

    private PrivateFolder(string path, SafeFileHandle descriptor)
    {
        Path = path;
        _descriptor = descriptor;
    }

    /// <summary>The folder's path, for messages and for naming it to others.</summary>
    public string Path { get; }

    /// <summary>Opens <paramref name="path"/>, which must exist.</summary>
    /// <exception cref="Win32Exception">It does not exist or is a link.</exception>
    /// <exception cref="UnauthorizedAccessException">It belongs to somebody else, or others may enter it.</exception>
    public static PrivateFolder Open(string path) => Check(path, strict: true);

    /// <summary>Opens <paramref name="path"/>, and makes it with mode 0700 when it is missing; its parent must exist.</summary>
    /// <exception cref="Win32Exception">It cannot be made or is a link.</exception>
    /// <exception cref="UnauthorizedAccessException">It belongs to somebody else, or others may enter it.</exception>
    public static PrivateFolder Make(string path)
    {
        if (Interop.Processes.MakeDirectory(path, 0x1C0) != 0 && Marshal.GetLastPInvokeError() != HostCall.Exists)
            throw HostCall.Failure($"cannot make {path}");
        return Check(path, strict: true);
    }

    /// <summary>True when <paramref name="path"/> is a folder of this user's and no link; others may be able to read it.</summary>
    public static bool IsOwn(string path)
    {
        try
        {
            Check(path, strict: false).Dispose();
            return true;
        }
        catch (Exception failure) when (failure is Win32Exception or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>A path to <paramref name="name"/> in this folder, valid in this process while the folder is open.</summary>
    /// <exception cref="ObjectDisposedException">The folder is closed: the number may be another file's by now.</exception>
    public string Reach(string name)
    {
        ObjectDisposedException.ThrowIf(_descriptor.IsClosed, this);
        return $"/proc/self/fd/{_descriptor.DangerousGetHandle()}/{name}";
    }

    /// <summary>The text of a file in this folder; null when there is none of at most <paramref name="limit"/> bytes. Links, pipes and devices are none.</summary>
    public unsafe string? TryRead(string name, int limit)
    {
        int opened = Interop.Processes.Open(
            Reach(name),
            Interop.Processes.OpenReadOnly | Interop.Processes.OpenNoFollow | Interop.Processes.OpenNonBlocking | Interop.Processes.OpenCloseOnExec,
            0);
        if (opened < 0)
            return null;
        using SafeFileHandle file = new(opened, ownsHandle: true);

        // SAFETY: as in Check; st_size is at 48.
        byte* status = stackalloc byte[Interop.Processes.StatusBytes];
        if (Interop.Processes.StatusOf(file, status) != 0 || (*(uint*)(status + 24) & 0xF000) != TypeRegular || *(long*)(status + 48) > limit)
            return null;
        byte[] bytes = new byte[limit];
        return Encoding.UTF8.GetString(bytes, 0, RandomAccess.Read(file, bytes, 0));
    }

    /// <inheritdoc/>
    public void Dispose() => _descriptor.Dispose();

    private static unsafe PrivateFolder Check(string path, bool strict)
    {
        int opened = Interop.Processes.Open(
            path, Interop.Processes.OpenDirectory | Interop.Processes.OpenNoFollow | Interop.Processes.OpenCloseOnExec, 0);
        if (opened < 0)
            throw HostCall.Failure($"cannot open the folder {path}");
        SafeFileHandle descriptor = new(opened, ownsHandle: true);

        // SAFETY: struct stat of x86-64 has 144 bytes; st_mode is at 24, st_uid at 28 (bits/struct_stat.h).
        byte* status = stackalloc byte[Interop.Processes.StatusBytes];
        if (Interop.Processes.Status(opened, status) != 0)
        {
            descriptor.Dispose();
            throw HostCall.Failure($"cannot examine {path}");
        }

        uint mode = *(uint*)(status + 24);
        uint owner = *(uint*)(status + 28);
        uint own = Interop.Processes.EffectiveUser();
        string? why = (mode & 0xF000) != TypeDirectory ? "it is no folder"
            : owner != own ? $"it belongs to user {owner}, this is user {own}"
            : strict && (mode & TypeAndModeMask) != TypeDirectory ? $"others may use it (mode {Convert.ToString(mode & 0x1FF, 8)})"
            : null;
        if (why is null)
            return new(path, descriptor);
        descriptor.Dispose();
        throw new UnauthorizedAccessException($"cannot use {path}: {why}");
    }
}
