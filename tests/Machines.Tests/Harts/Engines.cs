using Strata.Cpu.Translations;

namespace Strata.Machines.Tests.Harts;

/// <summary>The ways to execute instructions that tests of harts go through: all must do the same.</summary>
internal static class Engines
{
    /// <summary>The configuration with another engine.</summary>
    public static MachineConfiguration On(this MachineConfiguration configuration, string engine) => configuration with
    {
        Engine = engine == "interpreter" ? ExecutionEngine.Interpreter : ExecutionEngine.Translator,
        Translation = engine switch
        {
            "translator, blocks of 1" => new TranslationOptions { BlockInstructions = 1 },
            "translator, blocks of 8" => new TranslationOptions { BlockInstructions = 8 },
            "translator, small cache" => new TranslationOptions { CacheBytes = TranslationOptions.LeastCacheBytes },
            _ => new TranslationOptions(),
        },
    };
}
