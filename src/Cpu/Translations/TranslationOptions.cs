using Strata.Cpu.Translations.Ir;

namespace Strata.Cpu.Translations;

/// <summary>How code is translated.</summary>
public sealed record TranslationOptions
{
    /// <summary>The smallest code cache: some large blocks.</summary>
    public const int LeastCacheBytes = 64 << 10;

    /// <summary>Guest instructions in a block at most, 1 to 64.</summary>
    public int BlockInstructions { get; init; } = IrBlock.MaximumInstructions;

    /// <summary>Size of the code cache, what is known of blocks included; at least <see cref="LeastCacheBytes"/>, at most 64 MiB.</summary>
    public int CacheBytes { get; init; } = 26 << 20;

    /// <summary>Jumps inside a page lead to their targets without asking, once these are known; false to test what linked jumps could get wrong.</summary>
    public bool LinksJumps { get; init; } = true;

    /// <summary>Instructions are counted exactly, as deterministic machines need it.</summary>
    public bool CountsInstructions { get; init; }
}
