using Strata.Cpu.Translations;

namespace Strata.Conformance.Differential;

/// <summary>A way for our machine to execute instructions; all must agree with the oracle.</summary>
/// <param name="Name">What reports call it.</param>
/// <param name="Translation">How code is translated; null: it is interpreted.</param>
/// <param name="Disturbance">What happens to the machine meanwhile that no guest may notice.</param>
public sealed record EngineVariant(string Name, TranslationOptions? Translation, Disturbance Disturbance = Disturbance.None)
{
    /// <summary>The reference.</summary>
    public static EngineVariant Interpreter { get; } = new("Strata", null);

    // As machines run, and what must not make a difference.
    private static readonly EngineVariant[] s_translators =
    [
        new("Strata's translator", new TranslationOptions()),
        new("Strata's translator, counting", new TranslationOptions { CountsInstructions = true }),
        new("Strata's translator, blocks of 1", new TranslationOptions { BlockInstructions = 1 }),
        new("Strata's translator, small cache", new TranslationOptions { CacheBytes = TranslationOptions.LeastCacheBytes }),
        new("Strata's translator, blocks of 8", new TranslationOptions { BlockInstructions = 8 }),
        new("Strata's translator, counting, blocks of 1, small cache",
            new TranslationOptions { CountsInstructions = true, BlockInstructions = 1, CacheBytes = TranslationOptions.LeastCacheBytes }),
        new("Strata's translator, jumps not linked", new TranslationOptions { LinksJumps = false }),
        new("Strata's translator, collections all the time", new TranslationOptions(), Disturbance.Collections),
        new("Strata's translator, pages absent", new TranslationOptions(), Disturbance.Absence),
        new("Strata's translator, frames replaced", new TranslationOptions(), Disturbance.Replacement),
    ];

    private const ulong SlowTurn = 16;

    // What runs most cases a second, and what takes five to fifty times as long for one.
    private static readonly EngineVariant[] s_slow = [Interpreter, .. s_translators.Where(IsSlow)];
    private static readonly EngineVariant[] s_quick = [.. s_translators.Except(s_slow)];

    /// <summary>How many ways there are to translate.</summary>
    public static int TranslatorCount => s_translators.Length;

    /// <summary>All the quick variants, and at each sixteenth turn a slow one: so most comparisons are had from a processor.</summary>
    public static EngineVariant[] InLongTurn(ulong turn) =>
        turn % SlowTurn == 0 ? [.. s_quick, s_slow[turn / SlowTurn % (ulong)s_slow.Length]] : s_quick;

    /// <summary>How many these are.</summary>
    public static int CountInLongTurn(ulong turn) => turn % SlowTurn == 0 ? s_quick.Length + 1 : s_quick.Length;

    /// <summary>The translator of a chunk: every second one is as machines run, the others take turns.</summary>
    public static EngineVariant Translator(ulong chunk) =>
        chunk % 2 == 0 ? s_translators[0] : s_translators[1 + (chunk / 2 % (ulong)(s_translators.Length - 1))];

    private static bool IsSlow(EngineVariant variant) =>
        variant.Translation!.CacheBytes == TranslationOptions.LeastCacheBytes || variant.Disturbance == Disturbance.Absence;
}

/// <summary>The machines of all variants that a run needs, each made once.</summary>
public sealed class EngineRunners : IDisposable
{
    private readonly Dictionary<EngineVariant, StrataRunner> _runners = [];

    /// <summary>What a chunk is run by: the interpreter and a translator.</summary>
    public IProgramRunner[] OfChunk(ulong chunk) => [Of(EngineVariant.Interpreter), Of(EngineVariant.Translator(chunk))];

    /// <summary>What a chunk of the long run is run by.</summary>
    public IProgramRunner[] OfLongTurn(ulong turn) => [.. EngineVariant.InLongTurn(turn).Select(Of)];

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (StrataRunner runner in _runners.Values)
            runner.Dispose();
    }

    private StrataRunner Of(EngineVariant variant)
    {
        if (!_runners.TryGetValue(variant, out StrataRunner? runner))
            _runners.Add(variant, runner = new StrataRunner(variant));
        return runner;
    }
}
