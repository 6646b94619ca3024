using Strata.Cpu.RiscV.Lowering;
using Strata.Cpu.Translations;
using Strata.Cpu.Translations.Ir;
using Strata.Guest.Memory;
using Strata.Guest.Processors;

namespace Strata.Cpu;

/// <summary>What the RISC-V harts of one machine have in common.</summary>
public sealed class HartFamily : IProcessorFamily, IDisposable
{
    /// <summary>Makes the family of a machine and becomes the observer of its code pages.</summary>
    /// <param name="memory">The machine's.</param>
    /// <param name="translation">How its harts' code is translated; null: it is interpreted.</param>
    public HartFamily(GuestMemory memory, TranslationOptions? translation = null)
    {
        Memory = memory;
        Directory = new CodeDirectory(memory);
        memory.CodeObserver = Directory;
        if (translation is null)
            return;
        Translation = translation;
        StateLayout layout = HartLayout.Describe([.. RiscVFrontEnd.HotRegisters], CsrLowering.Fields, CsrLowering.BlockZeroing, CsrLowering.Time, FloatLowering.Floats, TrapLowering.Modes);
        Blocks = new BlockCache(memory, Directory, new RiscVFrontEnd(), layout, RuntimeEntries.Calls, translation);
    }

    /// <summary>The translated code, to be looked at; null: the code is interpreted.</summary>
    public TranslatedCode? Code => Blocks is null ? null : new TranslatedCode(Blocks);

    internal GuestMemory Memory { get; }

    internal CodeDirectory Directory { get; }

    internal TranslationOptions? Translation { get; }

    internal BlockCache? Blocks { get; }

    /// <inheritdoc/>
    public ICarrierFills CreateFills() => new CarrierFills(Directory, Translation is null ? Paging.SoftwareTlb.FewEntries : Paging.SoftwareTlb.ManyEntries);

    /// <summary>Frees the translated code; no hart runs any more.</summary>
    public void Dispose() => Blocks?.Dispose();
}
