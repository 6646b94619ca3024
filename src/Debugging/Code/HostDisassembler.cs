using System.Globalization;
using Iced.Intel;
using Strata.Cpu;

namespace Strata.Debugging.Code;

/// <summary>Writes the host's instructions of translated code in Intel's notation; the hart's state, stubs and other blocks by name.</summary>
internal sealed class HostDisassembler
{
    private readonly TranslatedCode _code;
    private readonly TranslatedBlock[] _blocks;
    private readonly IntelFormatter _formatter;

    /// <param name="code">The machine's.</param>
    /// <param name="blocks">All blocks, for the targets of jumps.</param>
    public HostDisassembler(TranslatedCode code, IEnumerable<TranslatedBlock> blocks)
    {
        _code = code;
        _blocks = [.. blocks.OrderBy(block => block.HostAddress)];
        FormatterOptions options = new()
        {
            HexPrefix = "0x",
            HexSuffix = "",
            UppercaseHex = false,
            SpaceAfterOperandSeparator = false,
            SpaceBetweenMemoryAddOperators = false,
            BranchLeadingZeros = false,
            SmallHexNumbersInDecimal = true,
            RipRelativeAddresses = false,
            ShowBranchSize = false,
            MemorySizeOptions = MemorySizeOptions.Minimal,
        };
        _formatter = new IntelFormatter(options, new Names(this));
    }

    // The block that is being written, for targets inside it.
    private TranslatedBlock Current { get; set; }

    /// <summary>The instructions of a block's bytes from <paramref name="start"/> to <paramref name="end"/>.</summary>
    public List<HostInstruction> Disassemble(BlockContent content, int start, int end)
    {
        Current = content.Block;
        List<HostInstruction> instructions = [];
        ByteArrayCodeReader reader = new(content.Host, start, end - start);
        Iced.Intel.Decoder decoder = Iced.Intel.Decoder.Create(64, reader, (ulong)(content.Block.HostAddress + start));
        StringOutput text = new();
        while (reader.CanReadByte)
        {
            decoder.Decode(out Instruction instruction);
            _formatter.Format(in instruction, text);
            instructions.Add(new HostInstruction((int)((long)instruction.IP - content.Block.HostAddress), instruction.Length, text.ToStringAndReset()));
        }

        return instructions;
    }

    private string? PlaceOf(ulong address)
    {
        nint target = (nint)address;
        if (Contains(Current, target))
            return "+" + (target - Current.HostAddress).ToString(CultureInfo.InvariantCulture);
        if (_code.StubAt(target) is { } stub)
            return "<" + stub + ">";
        int found = Array.BinarySearch(_blocks, default, Comparer<TranslatedBlock>.Create((block, _) => block.HostAddress.CompareTo(target)));
        int index = found >= 0 ? found : ~found - 1;
        if (index < 0 || !Contains(_blocks[index], target))
            return null;
        TranslatedBlock block = _blocks[index];
        string inside = target == block.HostAddress ? "" : string.Create(CultureInfo.InvariantCulture, $"+{target - block.HostAddress}");
        return string.Create(CultureInfo.InvariantCulture, $"<block 0x{block.PhysicalPage + (ulong)block.Start:x}{inside}>");
    }

    private static bool Contains(in TranslatedBlock block, nint address) => address >= block.HostAddress && address < block.HostAddress + block.HostBytes;

    private sealed class Names(HostDisassembler owner) : ISymbolResolver
    {
        public bool TryGetSymbol(in Instruction instruction, int operand, int instructionOperand, ulong address, int addressSize, out SymbolResult symbol)
        {
            bool isBranch = instruction.FlowControl is FlowControl.UnconditionalBranch or FlowControl.ConditionalBranch or FlowControl.Call;
            bool isState = instruction.MemoryBase == Register.RBP && instruction.MemoryIndex == Register.None
                && instructionOperand >= 0 && instruction.GetOpKind(instructionOperand) == OpKind.Memory;
            string? name = isState ? owner._code.FieldAt((int)address) : isBranch ? owner.PlaceOf(address) : null;
            symbol = name is null ? default : new SymbolResult(address, name);
            return name is not null;
        }
    }
}
