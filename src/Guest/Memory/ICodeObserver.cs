namespace Strata.Guest.Memory;

/// <summary>Whoever keeps decoded or translated instructions and must hear when the bytes they came from have changed.</summary>
public interface ICodeObserver
{
    /// <summary>Bytes of a code page have changed: a hart's store, a device's DMA, a debugger. Any thread, after the change.</summary>
    void CodeChanged(ulong pageAddress, int offset, int length);
}
