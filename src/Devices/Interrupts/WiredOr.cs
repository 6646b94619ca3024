using Strata.Guest.Interrupts;

namespace Strata.Devices.Interrupts;

/// <summary>Several level-triggered lines on one input: high while any of them is. Driven under the device lock only.</summary>
/// <remarks>It has no state of its own to save: when devices are restored they drive their lines again.</remarks>
public sealed class WiredOr(IInterruptLine output)
{
    private readonly IInterruptLine _output = output;
    private int _highCount;

    /// <summary>Adds one more line, low at first.</summary>
    public IInterruptLine AddInput() => new InputLine(this);

    private sealed class InputLine(WiredOr owner) : IInterruptLine
    {
        private bool _level;

        public void Set(bool level)
        {
            if (level == _level)
                return;
            _level = level;
            owner._highCount += level ? 1 : -1;
            owner._output.Set(owner._highCount > 0);
        }
    }
}
