using System.Diagnostics;

namespace Strata.Cpu.X64;

// Labels, and the displacements that wait for them: per unbound label a chain through _references.
internal sealed unsafe partial class Assembler
{
    // Per label: its offset, or before it is bound the complement of the newest reference's index plus one (-1: none).
    private int[] _labels = new int[32];
    private int _labelCount;
    private Reference[] _references = new Reference[32];
    private int _referenceCount;

    /// <summary>A displacement at <paramref name="Site"/>, counted from <paramref name="End"/>, of <paramref name="Bytes"/> bytes.</summary>
    private readonly record struct Reference(int Site, int End, int Bytes, int Next);

    /// <summary>How many displacements still wait for their label.</summary>
    public int UnresolvedReferences { get; private set; }

    /// <summary>A label that is not bound yet.</summary>
    public Label NewLabel()
    {
        if (_labelCount == _labels.Length)
            Array.Resize(ref _labels, _labelCount * 2);
        _labels[_labelCount] = -1;
        return new(_labelCount++);
    }

    /// <summary>A label bound here.</summary>
    public Label Here()
    {
        Label label = NewLabel();
        _labels[label.Index] = Offset;
        return label;
    }

    /// <summary>Whether the label has its place.</summary>
    public bool IsBound(Label label) => _labels[label.Index] >= 0;

    /// <summary>The offset that the label is bound to.</summary>
    public int OffsetOf(Label label)
    {
        Debug.Assert(IsBound(label), "the label is not bound");
        return _labels[label.Index];
    }

    /// <summary>Gives the label its place, here, and completes every jump to it.</summary>
    public void Bind(Label label)
    {
        Debug.Assert(!IsBound(label), "a label is bound once");
        int here = Offset;
        for (int next = ~_labels[label.Index]; next != 0;)
        {
            // By reference: a copy of what was just written field by field stalls.
            ref readonly Reference reference = ref _references[next - 1];
            int distance = here - reference.End;
            // SAFETY: the site lies in an instruction that was written in this buffer.
            if (reference.Bytes == 4)
                *(int*)(_start + reference.Site) = distance;
            else if (distance == (sbyte)distance)
                _start[reference.Site] = (byte)distance;
            else
                throw new UnreachableException($"a short jump cannot reach {distance} bytes");
            UnresolvedReferences--;
            next = reference.Next;
        }

        _labels[label.Index] = here;
    }

    /// <summary>jmp: two bytes backward where that reaches, else five.</summary>
    public void Jmp(Label target)
    {
        if (IsBound(target))
        {
            int distance = _labels[target.Index] - Offset - 2;
            if (distance >= sbyte.MinValue)
                EmitPlain(EncodingTable.JmpRel8, distance);
            else
                EmitPlain(EncodingTable.JmpRel32, distance - 3);
        }
        else
        {
            EmitPlain(EncodingTable.JmpRel32);
            ReferAtEnd(target, 4);
        }
    }

    /// <summary>jcc: two bytes backward where that reaches, else six.</summary>
    public void Jcc(Condition condition, Label target)
    {
        if (IsBound(target))
        {
            int distance = _labels[target.Index] - Offset - 2;
            if (distance >= sbyte.MinValue)
                EmitPlain(EncodingTable.JccRel8 + (uint)condition, distance);
            else
                EmitPlain(EncodingTable.JccRel32 + (uint)condition, distance - 4);
        }
        else
        {
            EmitPlain(EncodingTable.JccRel32 + (uint)condition);
            ReferAtEnd(target, 4);
        }
    }

    /// <summary>jmp to a label at most 127 bytes ahead (binding it farther away is our bug).</summary>
    public void JmpShort(Label target)
    {
        Debug.Assert(!IsBound(target), "backward jumps choose their size themselves");
        EmitPlain(EncodingTable.JmpRel8);
        ReferAtEnd(target, 1);
    }

    /// <summary>jcc to a label at most 127 bytes ahead (binding it farther away is our bug).</summary>
    public void JccShort(Condition condition, Label target)
    {
        Debug.Assert(!IsBound(target), "backward jumps choose their size themselves");
        EmitPlain(EncodingTable.JccRel8 + (uint)condition);
        ReferAtEnd(target, 1);
    }

    /// <summary>call rel32.</summary>
    public void Call(Label target)
    {
        if (IsBound(target))
        {
            EmitPlain(EncodingTable.CallRel32, _labels[target.Index] - Offset - 5);
        }
        else
        {
            EmitPlain(EncodingTable.CallRel32);
            ReferAtEnd(target, 4);
        }
    }

    private void ResetLabels()
    {
        _labelCount = 0;
        _referenceCount = 0;
        UnresolvedReferences = 0;
    }

    // The displacement is the last of the instruction just written, and the instruction was.
    private void ReferAtEnd(Label label, int bytes)
    {
        if (!Overflowed)
            AddReference(label.Index, Offset - bytes, Offset, bytes);
    }

    // A rip-relative operand of an instruction that ends at `end`.
    private void Refer(byte* displacement, byte* end, Memory memory)
    {
        int target = memory.Displacement;
        if (memory.IsLabel)
        {
            if (_labels[target] < 0)
            {
                AddReference(target, (int)(displacement - _start), (int)(end - _start), 4);
                return;
            }

            target = _labels[target];
        }

        // SAFETY: four bytes of the instruction just written.
        *(int*)displacement = target - (int)(end - _start);
    }

    private void AddReference(int label, int site, int end, int bytes)
    {
        if (_referenceCount == _references.Length)
            Array.Resize(ref _references, _referenceCount * 2);
        _references[_referenceCount++] = new(site, end, bytes, ~_labels[label]);
        _labels[label] = ~_referenceCount;
        UnresolvedReferences++;
    }
}
