using Strata.Cpu.Interpreter;
using Strata.Cpu.Paging;

namespace Strata.Cpu;

/// <summary>All that a carrier caches: translations, and decoded instructions, which no revocation concerns: they follow the page's content, not its frame.</summary>
/// <param name="directory">Of the machine.</param>
/// <param name="entryCount">See <see cref="SoftwareTlb"/>.</param>
internal sealed class CarrierFills(CodeDirectory directory, int entryCount) : SoftwareTlb(entryCount)
{
    /// <summary>The decoded pages.</summary>
    public DecodedCode Decoded { get; } = new(directory);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
            Decoded.Dispose();
        base.Dispose(disposing);
    }
}
