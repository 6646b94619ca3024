using System.Text;

namespace Strata.Images.Tiny;

/// <summary>The kernel modules of the tiny image with all that they need, and the tables by which modprobe finds them.</summary>
internal sealed class ModuleSet
{
    // What the tiny image can be asked for: disks, network, randomness, memory; file systems; shared folders.
    private static readonly string[] Wanted =
    [
        "virtio_mmio", "virtio_blk", "virtio_net", "virtio_rng", "virtio_balloon",
        "ext4", "erofs", "overlay", "9p", "9pnet_virtio",
        "crc32c_generic", "failover", "net_failover", "jbd2", "mbcache", "crc16", "libcrc32c", "netfs", "9pnet",
    ];

    // These ask the kernel's crypto layer for crc32c, which would find its module by another name only.
    private static readonly string[] NeedCrc32c = ["ext4", "jbd2", "libcrc32c"];

    private readonly SortedDictionary<string, KernelModule> _modules = new(StringComparer.Ordinal);

    /// <summary>What to look for in the first pass over the kernel package.</summary>
    public static IReadOnlyList<string> FirstGuess => Wanted;

    /// <summary>The modules, by name.</summary>
    public IEnumerable<KernelModule> Modules => _modules.Values;

    /// <summary>Takes a module.</summary>
    public void Add(KernelModule module) => _modules[module.Name] = module;

    /// <summary>The modules that others here need and that are not here.</summary>
    public IReadOnlySet<string> Missing() =>
        _modules.Values.SelectMany(static module => module.Depends).Where(name => !_modules.ContainsKey(name)).ToHashSet(StringComparer.Ordinal);

    /// <summary>The file <c>modules.dep</c>: each module and all it needs, directly or not, the last to be loaded first.</summary>
    public byte[] Dependencies()
    {
        var text = new StringBuilder();
        foreach (KernelModule module in Modules)
        {
            var closure = new List<string>();
            Collect(module.Name, closure, [module.Name]);
            text.Append(module.Name).Append(".ko:");
            foreach (string name in closure)
                text.Append(' ').Append(name).Append(".ko");
            text.Append('\n');
        }

        return Encoding.ASCII.GetBytes(text.ToString());
    }

    /// <summary>The file <c>modules.alias</c>.</summary>
    public byte[] Aliases()
    {
        var text = new StringBuilder();
        foreach (KernelModule module in Modules)
        {
            foreach (string alias in module.Aliases)
                text.Append("alias ").Append(alias).Append(' ').Append(module.Name).Append('\n');
        }

        return Encoding.UTF8.GetBytes(text.ToString());
    }

    // Breadth first: what a module needs comes before what that needs in turn; a name that comes again moves to the end.
    private void Collect(string name, List<string> closure, HashSet<string> path)
    {
        string[] needs = [.. _modules[name].Depends.Where(_modules.ContainsKey)];
        if (NeedCrc32c.Contains(name) && _modules.ContainsKey("crc32c_generic"))
            needs = [.. needs, "crc32c_generic"];
        foreach (string need in needs)
        {
            if (!path.Add(need))
                continue;                                       // a circle: the package is odd, we need not hang
            closure.Remove(need);
            closure.Add(need);
            Collect(need, closure, path);
            path.Remove(need);
        }
    }
}
