using Strata.Cpu.Paging;

namespace Strata.Cpu.Interpreter;

/// <summary>All that a carrier caches: translations, and decoded instructions, which no revocation concerns: they follow the page's content, not its frame.</summary>
internal sealed class CarrierFills(CodeDirectory directory) : SoftwareTlb
{
    /// <summary>The decoded pages.</summary>
    public DecodedCode Code { get; } = new(directory);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
            Code.Dispose();
        base.Dispose(disposing);
    }
}
