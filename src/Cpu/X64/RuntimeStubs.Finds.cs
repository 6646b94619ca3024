using static Strata.Cpu.X64.OperandSize;
using static Strata.Cpu.X64.Register64;

namespace Strata.Cpu.X64;

/// <content>Look-ups of the software TLB that blocks call, where they are executed seldom enough not to have them inline.</content>
internal sealed partial class RuntimeStubs
{
    private const int PageBytes = 4096;
    private const int Sizes = 4;

    // By whether the guest's floating-point numbers are loaded, table and size.
    private readonly int[] _finds = new int[2 * 2 * Sizes];

    private IEnumerable<(string Name, int Offset)> FindStubs => _finds.Select((find, n) => ((n / Sizes & 1) != 0 ? "find to store" : "find to load", find));

    /// <summary>
    /// Called by blocks with an address in rax and a descriptor in edx: answers NotEqual and the host's address in rax; or Equal, and the monitor has done what the descriptor says.
    /// Spoils rcx and rdx.
    /// </summary>
    /// <param name="table">0 to load, 1 to store.</param>
    /// <param name="sizeLog">Of the access.</param>
    /// <param name="amongFloats">The guest's floating-point numbers are loaded.</param>
    public int Find(int table, int sizeLog, bool amongFloats) => _finds[FindNumber(table, sizeLog, amongFloats)];

    /// <summary>Which one is at an offset of the code cache, if any.</summary>
    public (int Table, int Bytes)? FindAt(int offset)
    {
        int n = Array.IndexOf(_finds, offset);
        return n < 0 ? null : (n / Sizes & 1, 1 << (n % Sizes));
    }

    private static int FindNumber(int table, int sizeLog, bool amongFloats) => ((((amongFloats ? 1 : 0) * 2) + table) * Sizes) + sizeLog;

    private void WriteFinds(RuntimeCalls calls, int go)
    {
        for (int table = 0; table < 2; table++)
        {
            foreach (bool amongFloats in (ReadOnlySpan<bool>)[false, true])
            {
                int missed = WriteMissed(table == 0 ? calls.Load : calls.Store, go, amongFloats);
                for (int sizeLog = 0; sizeLog < Sizes; sizeLog++)
                    _finds[FindNumber(table, sizeLog, amongFloats)] = WriteFind(table, 1 << sizeLog, missed);
            }
        }
    }

    private int WriteMissed(nint function, int go, bool amongFloats)
    {
        int start = _asm.Offset;
        CallForBlock(function, go);
        if (amongFloats)
        {
            _asm.CallRel32(LoadFloats);
            _asm.Zero(Rax);
        }

        _asm.Ret();
        return start;
    }

    // As BlockEmitter does it inline.
    private int WriteFind(int table, int bytes, int missed)
    {
        int start = _asm.Offset;
        Label miss = _asm.NewLabel();
        TlbTables.Index(_asm, Rax);
        _asm.Sub(Qword, Rax, _tlb.Page(table));
        _asm.Cmp(Qword, Rax, PageBytes - bytes);
        _asm.JccShort(Condition.Above, miss);
        _asm.Add(Qword, Rax, _tlb.Page(table));
        _asm.Add(Qword, Rax, _tlb.Addend(table));
        _asm.Ret();
        _asm.Bind(miss);
        _asm.Add(Qword, Rax, _tlb.Page(table));
        _asm.JmpRel32(missed);
        return start;
    }
}
