using Strata.Guest.Interrupts;
using Strata.Guest.Processors;

namespace Strata.Cpu.Tests.Paging;

/// <summary>A hart that only has to be named.</summary>
internal sealed class NoProcessor : IProcessor
{
    public int HartId => 0;

    public ulong InstructionsRetired => 0;

    public ulong InstructionsAttempted => 0;

    public Action? Woken { get; set; }

    public RunExit Run(ICarrierFills fills, ulong maxInstructions) => throw new NotSupportedException();

    public void Kick()
    {
        // Nothing runs.
    }

    public IInterruptLine Input(HartInterrupt interrupt) => throw new NotSupportedException();
}
