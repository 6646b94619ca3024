using Strata.Guest.Processors;

namespace Strata.Guest.Memory;

/// <summary>Whoever keeps decoded or translated instructions and must hear when the bytes they came from have changed.</summary>
public interface ICodeObserver
{
    /// <summary>Bytes of a code page have changed: a hart's store, a device's DMA, a debugger. Any thread, after the change.</summary>
    /// <param name="pageAddress">The page.</param>
    /// <param name="offset">Where in it.</param>
    /// <param name="length">How many bytes.</param>
    /// <returns>False: all that was decoded or translated is as valid as before.</returns>
    /// <param name="own">The fills of the carrier whose hart did it, which looks at its code anew by itself; null: nobody in guest code did.</param>
    bool CodeChanged(ulong pageAddress, int offset, int length, ICarrierFills? own);
}
