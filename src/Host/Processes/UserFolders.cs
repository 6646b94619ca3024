namespace Strata.Host.Processes;

/// <summary>Where this user's sockets and locks live (XDG Base Directory Specification 0.8; STRATA_HOME moves all).</summary>
public static class UserFolders
{
    /// <summary>The folder of this user's running processes, made when it is missing.</summary>
    /// <exception cref="System.ComponentModel.Win32Exception">It cannot be made, or is a link.</exception>
    /// <exception cref="UnauthorizedAccessException">It belongs to somebody else, or others may enter it.</exception>
    public static PrivateFolder OpenRuntime()
    {
        string path = RuntimePath(Environment.GetEnvironmentVariable);
        if (Environment.GetEnvironmentVariable("STRATA_HOME") is { Length: > 0 })
            _ = Directory.CreateDirectory(Path.GetDirectoryName(path)!, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return PrivateFolder.Make(path);
    }

    /// <summary>
    /// The path of that folder: <c>$STRATA_HOME/run</c>; else <c>strata</c> in <c>$XDG_RUNTIME_DIR</c> or <c>/run/user/UID</c>, if that is this
    /// user's own folder; else <c>strata-UID</c> among the temporary files.
    /// </summary>
    public static string RuntimePath(Func<string, string?> variable)
    {
        ArgumentNullException.ThrowIfNull(variable);
        if (variable("STRATA_HOME") is { Length: > 0 } home)
            return Path.Join(Path.GetFullPath(home), "run");
        if (variable("XDG_RUNTIME_DIR") is { Length: > 0 } runtime && Path.IsPathRooted(runtime) && PrivateFolder.IsOwn(runtime))
            return Path.Join(runtime, "strata");
        string ofUser = $"/run/user/{HostProcess.UserId}";
        return PrivateFolder.IsOwn(ofUser) ? Path.Join(ofUser, "strata") : Path.Join(Path.GetTempPath(), $"strata-{HostProcess.UserId}");
    }
}
