using System.Runtime.InteropServices;

namespace Strata.Cpu.Translations;

/// <summary>All units of a code cache, by number and by content. Guarded by the lock of <see cref="BlockCache"/>.</summary>
/// <param name="segments">Where their code is.</param>
/// <param name="variant">What their code depends on beside their content.</param>
internal sealed class CodeUnits(CodeSegments segments, CodeVariant variant)
{
    // A block that is added is compared with all pages of its unit.
    private const int MostPages = 16;

    private readonly List<CodeUnit?> _byNumber = [];
    private readonly Stack<int> _free = [];

    // The youngest of each content.
    private readonly Dictionary<int, CodeUnit> _byContent = [];

    /// <summary>All of them.</summary>
    public IEnumerable<CodeUnit> All => _byNumber.OfType<CodeUnit>();

    /// <summary>The unit that a record names.</summary>
    public CodeUnit this[int number] => _byNumber[number]!;

    /// <summary>
    /// Gives a page whose bytes are being watched the unit for its content: its own, if that is as it was; else one that was made from the same content; else its own without what has
    /// changed, if that is less than half and no other page's; else a new one.
    /// </summary>
    /// <param name="page">The page: not current, and nothing is found by its entries.</param>
    /// <param name="bytes">What memory holds.</param>
    /// <returns>Whether blocks that it had before are lost to it.</returns>
    public bool Settle(CodePage page, ReadOnlySpan<byte> bytes)
    {
        CodeUnit? own = page.Unit;
        (int same, int different) = own?.Compare(bytes) ?? (0, 0);
        if (same > 0 && different == 0)
            return false;

        int key = KeyOf(bytes);
        if (_byContent.TryGetValue(key, out CodeUnit? found))
        {
            if (found != own && found.Pages.Length >= MostPages)
                found.LeaveStale();
            if (found == own || found.Pages.Length >= MostPages || found.Compare(bytes).Different > 0)
                found = null;
        }

        if (found is null && own is not null && same >= different && !own.IsSharedBeside(page))
        {
            if (different > 0)
                own.ForgetDifferent(bytes);
            Name(own, key);
            return different > 0;
        }

        page.Leave();
        if (own is { IsEmpty: true, Pages.Length: 0 })
            Remove(own);
        page.Join(found ?? Add(key));
        return different > 0;
    }

    /// <summary>A new unit for a content.</summary>
    public CodeUnit Add(ReadOnlySpan<byte> bytes) => Add(KeyOf(bytes));

    /// <summary>Forgets the units without blocks that no page has.</summary>
    public void RemoveEmpty()
    {
        for (int number = 0; number < _byNumber.Count; number++)
        {
            if (_byNumber[number] is { IsEmpty: true, Pages.Length: 0 } unit)
                Remove(unit);
        }
    }

    // Seeded by the runtime: no guest knows which contents collide. Those that do only miss each other.
    private int KeyOf(ReadOnlySpan<byte> bytes) => HashCode.Combine(variant, string.GetHashCode(MemoryMarshal.Cast<byte, char>(bytes), StringComparison.Ordinal));

    private CodeUnit Add(int key)
    {
        if (!_free.TryPop(out int number))
        {
            number = _byNumber.Count;
            _byNumber.Add(null);
        }

        CodeUnit unit = new(number, segments);
        _byNumber[number] = unit;
        Name(unit, key);
        return unit;
    }

    private void Name(CodeUnit unit, int key)
    {
        Forget(unit);
        unit.Key = key;
        _byContent[key] = unit;
    }

    private void Remove(CodeUnit unit)
    {
        Forget(unit);
        _byNumber[unit.Number] = null;
        _free.Push(unit.Number);
    }

    private void Forget(CodeUnit unit)
    {
        if (_byContent.TryGetValue(unit.Key, out CodeUnit? named) && named == unit)
            _byContent.Remove(unit.Key);
    }
}
