using Strata.Machines.Boot;

namespace Strata.Machines.Tests.Boot;

/// <summary>The writer against a reader of the tests' own and the device tree compiler; the board's tree against the one that QEMU makes for its <c>virt</c>.</summary>
public sealed class DeviceTreeTests(ITestOutputHelper output)
{
    // What a guest may count on: RVA22 and more.
    private static readonly HashSet<string> s_promised =
    [
        "i", "m", "a", "f", "d", "c", "zicsr", "zifencei", "zicntr", "zihpm", "zfhmin", "zba", "zbb", "zbs", "zicond", "zicbom", "zicbop", "zicboz", "zihintpause",
        "zawrs", "zkt", "sstc", "svinval", "svnapot", "svpbmt",
        "zic64b", "ziccamoa", "ziccif", "zicclsm", "ziccrse", "za64rs", "ssccptr", "sscounterenw", "sstvala", "sstvecd", "ssu64xl",
    ];

    private static readonly BoardDescription Firmware =
        new(2, 512UL << 20, 57, false, true, "console=ttyS0", (0x8800_0000, 0x8900_0000), [.. Enumerable.Range(0, 48).Select(i => (byte)i)]);

    public static TheoryData<int, bool, string, bool> Boards => new()
    {
        { 1, false, "", false }, { 1, true, "console=hvc0 quiet", true }, { 2, true, "", false }, { 17, true, "a=\"b c\"", true }, { 64, false, "x", false },
    };

    [Theory]
    [MemberData(nameof(Boards))]
    public void TheCompilerFindsNothingToComplainAbout(int harts, bool machineMode, string arguments, bool initrd)
    {
        byte[] blob = Build(harts, machineMode, arguments, initrd);
        string file = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(file, blob);
            string source = SourceTree.Run("dtc", ["-I", "dtb", "-O", "dts", file], out string errors);

            // The binding of riscv,cpu-intc has no #address-cells, nor has QEMU's tree.
            string[] complaints = [.. errors.Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Where(line => !(line.Contains("(interrupt_provider): /cpus/cpu@", StringComparison.Ordinal) && line.Contains("#address-cells", StringComparison.Ordinal)))];
            Assert.Empty(complaints);
            Assert.Contains("compatible = \"riscv-virtio\"", source, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Theory]
    [MemberData(nameof(Boards))]
    public void WhatWasAskedForIsInTheTree(int harts, bool machineMode, string arguments, bool initrd)
    {
        FlatTree tree = new(Build(harts, machineMode, arguments, initrd));
        Assert.Equal(arguments, Assert.Single(tree.Strings("/chosen", "bootargs")));
        Assert.Equal(initrd, tree.Nodes["/chosen"].ContainsKey("linux,initrd-start"));
        if (initrd)
            Assert.Equal([0u, 0x88000000u, 0u, 0x89000000u], [.. tree.Cells("/chosen", "linux,initrd-start"), .. tree.Cells("/chosen", "linux,initrd-end")]);
        Assert.Equal(40, tree.Nodes["/chosen"]["rng-seed"].Length);
        Assert.Equal([0u, 0x80000000u, 0u, 512u << 20], tree.Cells("/memory@80000000", "reg"));
        Assert.Equal(10_000_000u, Assert.Single(tree.Cells("/cpus", "timebase-frequency")));
        for (int hart = 0; hart < harts; hart++)
        {
            string path = $"/cpus/cpu@{hart:x}";
            Assert.Equal((uint)hart, Assert.Single(tree.Cells(path, "reg")));
            Assert.Equal(machineMode ? "riscv,sv57" : "riscv,sv39", Assert.Single(tree.Strings(path, "mmu-type")));
            string[] extensions = tree.Strings(path, "riscv,isa-extensions");
            Assert.Equal(extensions.Length, extensions.Distinct().Count());
            Assert.Superset(s_promised, extensions.ToHashSet(StringComparer.Ordinal));
            Assert.StartsWith("rv64imafdc_", Assert.Single(tree.Strings(path, "riscv,isa")), StringComparison.Ordinal);
            Assert.Equal(["i", "m", "a", "f", "d", "c", .. Assert.Single(tree.Strings(path, "riscv,isa"))["rv64imafdc_".Length..].Split('_')], extensions);
        }

        Assert.Equal(harts, tree.Nodes.Keys.Count(path => path.EndsWith("/interrupt-controller", StringComparison.Ordinal)));
        Assert.Equal(machineMode, tree.Nodes.ContainsKey("/soc/clint@2000000"));
        uint[] parents = tree.Cells("/soc/plic@c000000", "interrupts-extended");
        Assert.Equal(harts * 2 * (machineMode ? 2 : parents.Length / (harts * 2)), parents.Length);
    }

    [Fact]
    public void EveryHandleThatIsNamedExistsOnce()
    {
        FlatTree tree = new(Build(3, true, "", false));
        foreach ((string path, Dictionary<string, byte[]> properties) in tree.Nodes)
        {
            foreach (string name in (ReadOnlySpan<string>)["interrupt-parent", "regmap"])
            {
                if (properties.ContainsKey(name))
                    _ = tree.ByHandle(tree.Cells(path, name)[0]);
            }
        }

        uint[] handles = [.. tree.Nodes.Keys.Where(path => tree.Nodes[path].ContainsKey("phandle")).Select(path => tree.Cells(path, "phandle")[0])];
        Assert.Equal(handles.Length, handles.Distinct().Count());
    }

    /// <summary>What a guest finds here it finds there: same nodes, same addresses, same interrupts, compatible with at least what QEMU's is.</summary>
    [Fact]
    public void TheBoardIsQemusAsFarAsItsPartsExist()
    {
        string qemu = Path.Combine(SourceTree.Root, ".cache/oracle/qemu-system-riscv64");
        Assert.True(File.Exists(qemu), "the oracle is missing: run ./test, or tests/tools alone");
        string file = Path.GetTempFileName();
        FlatTree theirs;
        try
        {
            SourceTree.Run(qemu, "-M", $"virt,dumpdtb={file}", "-smp", "2", "-m", "512M", "-display", "none");
            theirs = new FlatTree(File.ReadAllBytes(file));
        }
        finally
        {
            File.Delete(file);
        }

        FlatTree ours = new(BoardDeviceTree.Build(Firmware));
        string[] notBuilt = ["flash@", "fw-cfg@", "platform-bus@", "pmu", "cpu-map", "aliases"];
        string[] missing = [.. theirs.Nodes.Keys.Except(ours.Nodes.Keys).Where(path => !Array.Exists(notBuilt, part => path.Contains(part, StringComparison.Ordinal)))];
        Assert.Empty(missing);
        string[] onlyHere = [.. ours.Nodes.Keys.Except(theirs.Nodes.Keys)];
        Assert.Empty(onlyHere);
        int compared = 0;
        foreach (string path in ours.Nodes.Keys)
        {
            foreach (string property in (ReadOnlySpan<string>)["reg", "interrupts", "ranges", "interrupt-map-mask", "#address-cells", "#size-cells", "#interrupt-cells", "riscv,ndev", "bus-range", "value", "offset", "clock-frequency"])
            {
                if (!theirs.Nodes[path].ContainsKey(property))
                    continue;
                Assert.True(ours.Nodes[path].ContainsKey(property), $"{path} has no {property}");
                Assert.True(theirs.Cells(path, property).SequenceEqual(ours.Cells(path, property)), $"{property} of {path}: QEMU {Hex(theirs.Cells(path, property))}, here {Hex(ours.Cells(path, property))}");
                compared++;
            }

            if (theirs.Nodes[path].ContainsKey("compatible") && path != "/")
                Assert.Equal(theirs.Strings(path, "compatible"), ours.Strings(path, "compatible"));
            if (theirs.Nodes[path].ContainsKey("interrupts-extended"))
                Assert.Equal(Targets(theirs, path), Targets(ours, path));
            if (theirs.Nodes[path].ContainsKey("interrupt-parent"))
                Assert.Equal(theirs.ByHandle(theirs.Cells(path, "interrupt-parent")[0]), ours.ByHandle(ours.Cells(path, "interrupt-parent")[0]));
        }

        output.WriteLine($"{ours.Nodes.Count} nodes, {compared} properties compared");
        string pci = Assert.Single(ours.Nodes.Keys, path => path.Contains("/pci@", StringComparison.Ordinal));
        Assert.Equal(Routes(theirs, pci), Routes(ours, pci));

        static string[] Targets(FlatTree tree, string path) =>
            [.. tree.Cells(path, "interrupts-extended").Chunk(2).Select(pair => $"{tree.ByHandle(pair[0])} {pair[1]}")];

        static string[] Routes(FlatTree tree, string path) =>
            [.. tree.Cells(path, "interrupt-map").Chunk(6).Select(entry => $"{entry[0]:x} {entry[3]} -> {tree.ByHandle(entry[4])} {entry[5]}").Order(StringComparer.Ordinal)];

        static string Hex(uint[] cells) => string.Join(' ', cells.Select(cell => cell.ToString("x", System.Globalization.CultureInfo.InvariantCulture)));
    }

    [Fact]
    public void RandomTreesComeBack()
    {
        Random random = new(Seed.Take(output));
        for (int round = 0; round < 300; round++)
        {
            DeviceTreeWriter writer = new();
            Dictionary<string, Dictionary<string, byte[]>> model = new(StringComparer.Ordinal);
            WriteNode("", "/", 0);
            FlatTree tree = new(writer.ToArray());
            Assert.Equal(0, tree.Reservations);
            Assert.Equal(model.Keys.Order(StringComparer.Ordinal), tree.Nodes.Keys.Order(StringComparer.Ordinal));
            foreach ((string path, Dictionary<string, byte[]> properties) in model)
            {
                Assert.Equal(properties.Keys.Order(StringComparer.Ordinal), tree.Nodes[path].Keys.Order(StringComparer.Ordinal));
                foreach ((string name, byte[] value) in properties)
                    Assert.Equal(value, tree.Nodes[path][name]);
            }

            void WriteNode(string name, string path, int depth) => writer.Node(name, () =>
            {
                Dictionary<string, byte[]> properties = new(StringComparer.Ordinal);
                model.Add(path, properties);
                for (int i = random.Next(5); i > 0; i--)
                {
                    byte[] value = new byte[random.Next(20)];
                    random.NextBytes(value);
                    string property = $"p{random.Next(12)}-{i}";
                    writer.Bytes(property, value);
                    properties.Add(property, value);
                }

                for (int i = depth < 4 ? random.Next(4) : 0; i > 0; i--)
                    WriteNode($"n@{i}", path == "/" ? $"/n@{i}" : $"{path}/n@{i}", depth + 1);
            });
        }
    }

    private static byte[] Build(int harts, bool machineMode, string arguments, bool initrd) => BoardDeviceTree.Build(Firmware with
    {
        HartCount = harts,
        HasMachineMode = machineMode,
        VirtualAddressBits = machineMode ? 57 : 39,
        UpdatesAccessedAndDirty = !machineMode,
        BootArguments = arguments,
        Initrd = initrd ? Firmware.Initrd : null,
    });
}
