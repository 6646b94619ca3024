namespace Strata.Host.Processes;

/// <summary>
/// The processes of one kind that this user runs: a folder with a folder for each, in which the process holds a lock for as long as it lives. A
/// folder whose lock is free was left by a killed process and is swept away.
/// </summary>
/// <remarks>Folders come and go only under the registry's own lock, so that a sweep never sees one that is being made.</remarks>
/// <param name="root">The registry's folder; it stays its owner's.</param>
public sealed class ProcessRegistry(PrivateFolder root)
{
    private const string LockName = "lock";
    private const string IdAlphabet = "abcdefghjkmnpqrstuvwxyz23456789";
    private const int IdLength = 8;

    /// <summary>Enters this process under a new id of eight letters and digits.</summary>
    public RegistryEntry Enter()
    {
        using FileLock exclusive = FileLock.Take(root.Reach(LockName));
        while (true)
        {
            string id = NewId();
            if (Directory.Exists(root.Reach(id)))
                continue;
            PrivateFolder folder = PrivateFolder.Make(root.Reach(id));
            return new(this, id, folder, FileLock.Take(folder.Reach(LockName)));
        }
    }

    private static string NewId()
    {
        Span<byte> numbers = stackalloc byte[IdLength];
        HostRandomness.Fill(numbers);
        Span<char> id = stackalloc char[IdLength];
        for (int i = 0; i < IdLength; i++)
            id[i] = IdAlphabet[numbers[i] % IdAlphabet.Length];
        return new(id);
    }

    /// <summary>The ids of the processes that live, in order.</summary>
    public IReadOnlyList<string> Living()
    {
        using FileLock exclusive = FileLock.Take(root.Reach(LockName));
        return [.. Ids().Where(IsLocked)];
    }

    /// <summary>Removes what killed processes left.</summary>
    /// <param name="before">Called with the folder of each before it is removed, and with the folders of those that live.</param>
    /// <returns>The ids that were removed.</returns>
    public IReadOnlyList<string> Sweep(Action<PrivateFolder, IReadOnlyList<PrivateFolder>>? before = null)
    {
        using FileLock exclusive = FileLock.Take(root.Reach(LockName));
        List<string> living = [], swept = [];
        foreach (string id in Ids())
            (IsLocked(id) ? living : swept).Add(id);
        foreach (string id in swept)
        {
            if (before is not null)
                Show(id, living, before);
            Remove(id);
        }

        return swept;
    }

    /// <summary>Opens the folder of a process.</summary>
    /// <exception cref="System.ComponentModel.Win32Exception">There is none.</exception>
    public PrivateFolder Open(string id) => PrivateFolder.Open(root.Reach(id));

    internal void Leave(string id)
    {
        using FileLock exclusive = FileLock.Take(root.Reach(LockName));
        Remove(id);
    }

    private void Show(string id, List<string> living, Action<PrivateFolder, IReadOnlyList<PrivateFolder>> before)
    {
        List<PrivateFolder> open = [];
        try
        {
            foreach (string each in living.Prepend(id))
                open.Add(Open(each));
            before(open[0], open[1..]);
        }
        catch (Exception failure) when (failure is System.ComponentModel.Win32Exception or UnauthorizedAccessException or IOException)
        {
            // A folder that others may use, or that went meanwhile, is believed nothing.
        }
        finally
        {
            open.ForEach(folder => folder.Dispose());
        }
    }

    private void Remove(string id)
    {
        try
        {
            Directory.Delete(root.Reach(id), recursive: true);
        }
        catch (DirectoryNotFoundException)
        {
            // Somebody else cleaned up by hand.
        }
    }

    private IEnumerable<string> Ids() => Directory.EnumerateDirectories(root.Reach(".")).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal);

    private bool IsLocked(string id)
    {
        try
        {
            using FileLock? free = FileLock.TryTake(Path.Join(root.Reach(id), LockName));
            return free is null;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false; // No lock can be made in it: it is none of ours, or half removed.
        }
    }
}

/// <summary>This process's place in the registry.</summary>
public sealed class RegistryEntry : IDisposable
{
    private readonly ProcessRegistry _registry;
    private readonly FileLock _alive;

    internal RegistryEntry(ProcessRegistry registry, string id, PrivateFolder folder, FileLock alive)
    {
        _registry = registry;
        _alive = alive;
        Id = id;
        Folder = folder;
    }

    /// <summary>The process's id.</summary>
    public string Id { get; }

    /// <summary>The process's folder.</summary>
    public PrivateFolder Folder { get; }

    /// <summary>Leaves the registry and removes the folder.</summary>
    public void Dispose()
    {
        _registry.Leave(Id);
        _alive.Dispose();
        Folder.Dispose();
    }
}
