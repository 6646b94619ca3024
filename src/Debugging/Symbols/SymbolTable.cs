using System.Globalization;

namespace Strata.Debugging.Symbols;

/// <summary>A named place of a guest.</summary>
/// <param name="Address">Virtual, as the file says it.</param>
/// <param name="SizeBytes">0 if the file does not say: then it reaches to the next one.</param>
/// <param name="Name">Its name.</param>
public readonly record struct Symbol(ulong Address, ulong SizeBytes, string Name);

/// <summary>Names of a guest's places by address.</summary>
public sealed class SymbolTable
{
    // What a symbol without a size reaches at most, so that the last of a file does not name the rest of the world.
    private const ulong MaximumReach = 1 << 20;

    private readonly Symbol[] _symbols;

    /// <param name="symbols">In any order; of several at one address the first is kept.</param>
    public SymbolTable(IEnumerable<Symbol> symbols) => _symbols = [.. symbols.OrderBy(symbol => symbol.Address).DistinctBy(symbol => symbol.Address)];

    /// <summary>One without symbols.</summary>
    public static SymbolTable Empty { get; } = new([]);

    /// <summary>Symbols in it.</summary>
    public int Count => _symbols.Length;

    /// <summary>The symbol that an address belongs to; null if it belongs to none.</summary>
    public Symbol? At(ulong address)
    {
        int behind = IndexBehind(address);
        if (behind == 0)
            return null;
        Symbol symbol = _symbols[behind - 1];
        return address - symbol.Address < (symbol.SizeBytes != 0 ? symbol.SizeBytes : MaximumReach) ? symbol : null;
    }

    /// <summary>Bytes that belong to a symbol of this table.</summary>
    public ulong ReachOf(in Symbol symbol)
    {
        if (symbol.SizeBytes != 0)
            return Math.Min(symbol.SizeBytes, MaximumReach);
        return Math.Min(NextAfter(symbol.Address) - symbol.Address, MaximumReach);
    }

    /// <summary>The symbol of that name; null if there is none.</summary>
    public Symbol? Named(string name)
    {
        foreach (Symbol symbol in _symbols)
        {
            if (symbol.Name == name)
                return symbol;
        }

        return null;
    }

    /// <summary>name, or name+0x12; null if the address belongs to no symbol.</summary>
    public string? Describe(ulong address)
    {
        if (At(address) is not { } symbol)
            return null;
        return address == symbol.Address ? symbol.Name : string.Create(CultureInfo.InvariantCulture, $"{symbol.Name}+0x{address - symbol.Address:x}");
    }

    private ulong NextAfter(ulong address)
    {
        int behind = IndexBehind(address);
        return behind < _symbols.Length ? _symbols[behind].Address : ulong.MaxValue;
    }

    // The index of the first symbol behind the address.
    private int IndexBehind(ulong address)
    {
        int low = 0;
        int high = _symbols.Length;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (_symbols[middle].Address <= address)
                low = middle + 1;
            else
                high = middle;
        }

        return low;
    }
}
