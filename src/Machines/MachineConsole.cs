using Strata.Devices.Consoles;
using Strata.Guest.Ports;

namespace Strata.Machines;

/// <summary>The ports of a machine's virtio console: the console proper, the agent's control line and its slots.</summary>
public sealed class MachineConsole
{
    /// <summary>Commands that can run at once.</summary>
    public const int SlotCount = 8;

    /// <summary>Makes the ports.</summary>
    public MachineConsole() => Ports = [Terminal, Control, .. Slots.SelectMany(slot => new[] { slot.Input, slot.Output, slot.Error })];

    /// <summary>Port 0: the guest's hvc0.</summary>
    public ConsolePort Terminal { get; } = new("", OutputOverflow.DropOldest);

    /// <summary>Port 1: the agent's lines.</summary>
    public ConsolePort Control { get; } = new("strata.control", OutputOverflow.HoldBack);

    /// <summary>The slots, each with three raw ports.</summary>
    public IReadOnlyList<AgentSlot> Slots { get; } = [.. Enumerable.Range(0, SlotCount).Select(number => new AgentSlot(number))];

    /// <summary>All ports in the order of their numbers.</summary>
    public IReadOnlyList<ConsolePort> Ports { get; }

    /// <summary>Told of a new window size (columns, rows) by <see cref="Resize"/>: the console device.</summary>
    internal Action<int, int>? Resized { get; set; }

    /// <summary>All ports in the order of their numbers, for those who know no device.</summary>
    public IReadOnlyList<IGuestPort> Ends => Ports;

    /// <summary>Tells the guest the size of the console's window in characters.</summary>
    public void Resize(int columns, int rows) => Resized?.Invoke(columns, rows);
}

/// <summary>The three streams of a command that runs in the guest.</summary>
/// <param name="number">The slot's number, from 0.</param>
public sealed class AgentSlot(int number)
{
    /// <summary>The slot's number, from 0.</summary>
    public int Number => number;

    /// <summary>Standard input.</summary>
    public ConsolePort Input { get; } = new($"strata.{number}.in", OutputOverflow.HoldBack);

    /// <summary>Standard output.</summary>
    public ConsolePort Output { get; } = new($"strata.{number}.out", OutputOverflow.HoldBack);

    /// <summary>Standard error.</summary>
    public ConsolePort Error { get; } = new($"strata.{number}.err", OutputOverflow.HoldBack);
}
