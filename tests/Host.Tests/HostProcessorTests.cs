namespace Strata.Host.Tests;

public sealed class HostProcessorTests
{
    private const uint Leaf1 = (1 << 12) | (1 << 13) | (1 << 22) | (1 << 23) | (1 << 29);
    private const uint Leaf7 = (1 << 3) | (1 << 5) | (1 << 8);
    private const uint ExtendedLeaf1 = 1 << 5;

    [Fact]
    public void A_processor_with_all_can_translate()
    {
        HostProcessor processor = HostProcessor.From(Leaf1, Leaf7, ExtendedLeaf1, vectorState: true, capabilities2: 2);
        Assert.True(processor.CanTranslate);
        Assert.True(processor.HasFsGsBase);
        Assert.Null(processor.WhyNot);
    }

    [Fact]
    public void What_is_missing_is_named_as_in_the_manual()
    {
        HostProcessor processor = HostProcessor.From(Leaf1 & ~(1u << 12), Leaf7 & ~(1u << 5), 0, vectorState: true, capabilities2: 1);
        Assert.False(processor.CanTranslate);
        Assert.False(processor.HasFsGsBase);
        Assert.Equal("no FMA, AVX2, LZCNT", processor.WhyNot);
        Assert.Equal(10, HostProcessor.From(0, 0, 0, vectorState: false, capabilities2: 0).Missing!.Count);
        Assert.Contains("not x86-64", new HostProcessor(null, HasFsGsBase: false).WhyNot, StringComparison.Ordinal);
    }

    [Fact]
    public void Detection_agrees_with_the_kernel()
    {
        string flags = File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("flags", StringComparison.Ordinal)) ?? "";
        HashSet<string> known = [.. flags.Split(' ')];
        (string Name, string Flag)[] names =
        [
            ("AVX", "avx"), ("FMA", "fma"), ("CMPXCHG16B", "cx16"), ("MOVBE", "movbe"), ("POPCNT", "popcnt"), ("F16C", "f16c"), ("BMI1", "bmi1"), ("AVX2", "avx2"),
            ("BMI2", "bmi2"), ("LZCNT", "abm"),
        ];
        HostProcessor processor = HostProcessor.Detect();
        Assert.Equal(names.Where(name => !known.Contains(name.Flag)).Select(name => name.Name), processor.Missing);
        Assert.Equal(known.Contains("fsgsbase"), processor.HasFsGsBase);
    }
}
