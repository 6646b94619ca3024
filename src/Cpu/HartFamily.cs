using Strata.Cpu.Interpreter;
using Strata.Guest.Memory;
using Strata.Guest.Processors;

namespace Strata.Cpu;

/// <summary>What the RISC-V harts of one machine have in common.</summary>
public sealed class HartFamily : IProcessorFamily
{
    /// <summary>Makes the family of a machine and becomes the observer of its code pages.</summary>
    public HartFamily(GuestMemory memory)
    {
        Memory = memory;
        Directory = new CodeDirectory(memory);
        memory.CodeObserver = Directory;
    }

    internal GuestMemory Memory { get; }

    internal CodeDirectory Directory { get; }

    /// <inheritdoc/>
    public ICarrierFills CreateFills() => new CarrierFills(Directory);
}
