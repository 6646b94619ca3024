using Strata.Cpu.Translations;
using Strata.Guest.Memory;
using Strata.Machines;
using Strata.Machines.Boot;

namespace Strata.Conformance.WholeMachines;

/// <summary>A deterministic machine computes the same states, whatever executes its instructions and wherever pages are absent meanwhile.</summary>
public sealed class DeterminismTests(TinyImage image) : IClassFixture<TinyImage>
{
    private const ulong Instructions = 60_000_000;

    [Fact]
    public void ABootOfDebiansKernelHasTheSameHashEveryMillionInstructions()
    {
        List<string> first = Boot(null);
        Assert.Equal((int)(Instructions / 1_000_000), first.Count);
        Assert.Equal(first.Count, first.Distinct(StringComparer.Ordinal).Count());
        Assert.Equal(first, Boot(20261121));
        Assert.Equal(first, Boot(null, new TranslationOptions()));
        Assert.Equal(first, Boot(20261122, new TranslationOptions { BlockInstructions = 8, CacheBytes = 1 << 20 }));
    }

    // With a seed, one look at a page in fifty finds it absent for a moment.
    private List<string> Boot(int? absenceSeed, TranslationOptions? translation = null)
    {
        using HostResources host = new(carrierCount: 1);
        using Machine machine = MachineBuilder.Build(host, new MachineConfiguration
        {
            Boot = new DirectBoot(Read(image.Kernel), Read(image.Initrd), "console=hvc0"),
            MemoryBytes = 256UL << 20,
            Deterministic = true,
            Engine = translation is null ? ExecutionEngine.Interpreter : ExecutionEngine.Translator,
            Translation = translation ?? new TranslationOptions(),
        });
        if (absenceSeed is { } seed)
        {
            Random random = new(seed);
            machine.Memory.Absence = (_, _) =>
            {
                lock (random)
                {
                    if (random.Next(50) != 0)
                        return null;
                }

                MemoryWait arriving = new();
                host.Pool.Queue(arriving.Complete);
                return arriving;
            };
        }

        List<string> hashes = [];
        using ManualResetEventSlim done = new();
        machine.OnExit(_ => done.Set());
        machine.OnCheckpoint(count =>
        {
            if (count <= Instructions)
                hashes.Add(machine.State.Hash());
            else
                machine.Kill();
        });
        machine.Start();
        Assert.True(done.Wait(TimeSpan.FromMinutes(3)), $"only {machine.InstructionsRetired} instructions");
        return hashes;
    }

    private static BootFile Read(string path) => new(File.ReadAllBytes(path), path);
}
