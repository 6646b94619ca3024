namespace Strata.Guest.Interrupts;

/// <summary>A wire that one part drives and another observes; the machine connects the two ends.</summary>
public interface IInterruptLine
{
    /// <summary>Drives the line. Any thread may call it; setting the level it already has costs nothing and changes nothing.</summary>
    void Set(bool level);
}

/// <summary>A line that ends nowhere: for parts whose interrupt a board leaves unconnected.</summary>
public sealed class UnconnectedLine : IInterruptLine
{
    /// <inheritdoc/>
    public void Set(bool level)
    {
    }
}
