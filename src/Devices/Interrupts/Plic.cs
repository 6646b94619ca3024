// RISC-V Platform-Level Interrupt Controller specification 1.0.0. Register map and what it leaves open: QEMU's hw/intc/sifive_plic as on the virt board.
using System.Numerics;
using Strata.Guest.Interrupts;
using Strata.Guest.Memory;
using Strata.Guest.State;

namespace Strata.Devices.Interrupts;

/// <summary>The platform-level interrupt controller: routes the level-triggered lines of devices to the external interrupt inputs of harts.</summary>
public sealed partial class Plic : IMmioDevice, IStateful
{
    // Configuration.
    private readonly int _contextCount;

    // Wiring.
    private readonly IInterruptLine[] _contextLines;
    private readonly SourceLine[] _sources;

    // State, under the device lock. The contexts' lines follow from it.
    private PlicState _state;

    /// <summary>Makes the part with one context per line.</summary>
    /// <param name="contextLines">The external interrupt input of each context; on the <c>virt</c> board M and S of hart 0, M and S of hart 1, and so on.</param>
    public Plic(IReadOnlyList<IInterruptLine> contextLines)
    {
        _contextCount = contextLines.Count;
        _contextLines = [.. contextLines];
        _sources = new SourceLine[LastSource + 1];
        for (int source = 1; source <= LastSource; source++)
            _sources[source] = new SourceLine(this, source);
        _state = PlicState.AtReset(Words, _contextCount);
    }

    /// <summary>The input of interrupt source <paramref name="source"/>, from 1 to <see cref="LastSource"/>. Driven under the device lock only.</summary>
    public IInterruptLine Source(int source)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(source, 1);
        return _sources[source];
    }

    /// <summary>Back to power-on; the levels of the input lines are kept, because their devices drive them.</summary>
    public void Reset()
    {
        uint[] level = _state.Level;
        _state = PlicState.AtReset(Words, _contextCount) with { Level = level };
        for (int word = 0; word < Words; word++)
            _state.Pending[word] = level[word];
        UpdateOutputs();
    }

    /// <inheritdoc/>
    public bool Read(ulong offset, int size, out ulong value)
    {
        value = 0;
        if (size != 4)
            return false;
        if (offset < Register.PriorityEnd)
        {
            value = _state.Priority[offset / 4];
        }
        else if (offset is >= Register.Pending and < Register.PendingEnd)
        {
            value = _state.Pending[(offset - Register.Pending) / 4];
        }
        else if (TryFindEnable(offset, out int word))
        {
            value = _state.Enable[word];
        }
        else if (TryFindContext(offset, out int context, out ulong register))
        {
            value = register switch
            {
                Register.Threshold => _state.Threshold[context],
                Register.Claim => Claim(context),
                _ => 0,
            };
        }

        return true;
    }

    /// <inheritdoc/>
    public bool Write(ulong offset, int size, ulong value)
    {
        if (size != 4)
            return false;
        if (offset < Register.PriorityEnd)
        {
            // There is no source 0.
            if (offset > 0)
                _state.Priority[offset / 4] = (uint)value & MaxPriority;
            UpdateOutputs();
        }
        else if (TryFindEnable(offset, out int word))
        {
            _state.Enable[word] = (uint)value;
            UpdateOutputs();
        }
        else if (TryFindContext(offset, out int context, out ulong register))
        {
            if (register == Register.Threshold)
                _state.Threshold[context] = (uint)value & MaxPriority;
            else if (register == Register.Claim && value is >= 1 and <= LastSource)
                Complete((int)value);
            UpdateOutputs();
        }

        return true;
    }

    /// <inheritdoc/>
    public void Save(StateWriter writer) => _state.Write(writer);

    /// <inheritdoc/>
    public void Restore(ref StateReader reader)
    {
        _state = PlicState.Read(ref reader, Words, _contextCount);
        UpdateOutputs();
    }

    private bool TryFindEnable(ulong offset, out int word)
    {
        ulong relative = offset - Register.Enable;
        ulong context = relative / Register.EnableStride;
        ulong wordInContext = relative % Register.EnableStride / 4;
        word = (int)((context * Words) + wordInContext);
        return offset >= Register.Enable && context < (ulong)_contextCount && wordInContext < Words;
    }

    private bool TryFindContext(ulong offset, out int context, out ulong register)
    {
        ulong index = (offset - Register.Context) / Register.ContextStride;
        context = (int)index;
        register = (offset - Register.Context) % Register.ContextStride;
        return offset >= Register.Context && index < (ulong)_contextCount;
    }

    // Interrupt gateway, level-triggered: a request is forwarded while the line is high and no earlier one is in service; once forwarded it stays
    // pending although the line may fall.
    private void SetLevel(int source, bool level)
    {
        uint bit = 1u << (source & 31);
        ref uint levels = ref _state.Level[source >> 5];
        if (((levels & bit) != 0) == level)
            return;
        levels ^= bit;
        if (!level || (_state.Claimed[source >> 5] & bit) != 0)
            return;
        _state.Pending[source >> 5] |= bit;
        UpdateOutputs();
    }

    private uint Claim(int context)
    {
        int source = HighestPending(context, _state.Threshold[context]);
        if (source == 0)
            return 0;
        uint bit = 1u << (source & 31);
        _state.Pending[source >> 5] &= ~bit;
        _state.Claimed[source >> 5] |= bit;
        UpdateOutputs();
        return (uint)source;
    }

    // As in QEMU, a completion is taken whether or not the source is enabled for the context: older kernels complete after they disabled it.
    private void Complete(int source)
    {
        uint bit = 1u << (source & 31);
        _state.Claimed[source >> 5] &= ~bit;
        _state.Pending[source >> 5] |= _state.Level[source >> 5] & bit;
    }

    private void UpdateOutputs()
    {
        for (int context = 0; context < _contextCount; context++)
            _contextLines[context].Set(HighestPending(context, _state.Threshold[context]) != 0);
    }

    /// <summary>The pending, enabled source of the highest priority above <paramref name="threshold"/> (the lowest number wins a tie), or 0.</summary>
    private int HighestPending(int context, uint threshold)
    {
        int best = 0;
        uint bestPriority = threshold;
        for (int word = 0; word < Words; word++)
        {
            uint candidates = _state.Pending[word] & ~_state.Claimed[word] & _state.Enable[(context * Words) + word];
            for (; candidates != 0; candidates &= candidates - 1)
            {
                int source = (word * 32) + BitOperations.TrailingZeroCount(candidates);
                if (_state.Priority[source] > bestPriority)
                {
                    best = source;
                    bestPriority = _state.Priority[source];
                }
            }
        }

        return best;
    }

    private sealed class SourceLine(Plic plic, int source) : IInterruptLine
    {
        public void Set(bool level) => plic.SetLevel(source, level);
    }
}
