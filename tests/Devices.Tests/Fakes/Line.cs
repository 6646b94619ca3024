using Strata.Guest.Interrupts;

namespace Strata.Devices.Tests.Fakes;

/// <summary>An interrupt line that a test looks at.</summary>
internal sealed class Line : IInterruptLine
{
    public bool Level { get; private set; }

    public int Rises { get; private set; }

    public void Set(bool level)
    {
        if (level && !Level)
            Rises++;
        Level = level;
    }
}
