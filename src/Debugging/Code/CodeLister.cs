using System.Buffers.Binary;
using Strata.Cpu;
using Strata.Cpu.RiscV;
using Strata.Debugging.Symbols;

namespace Strata.Debugging.Code;

/// <summary>Writes blocks of translated code down, guest and host side by side.</summary>
internal sealed class CodeLister
{
    private const ulong PageBytes = 4096;

    private readonly TranslatedCode _code;
    private readonly HostDisassembler _host;
    private readonly SymbolTable _symbols;

    public CodeLister(TranslatedCode code, SymbolTable symbols)
    {
        _code = code;
        _host = new HostDisassembler(code, code.List());
        _symbols = symbols;
    }

    /// <summary>A block; null if it has gone meanwhile.</summary>
    /// <param name="block">Which.</param>
    /// <param name="virtualPage">Where the guest sees its page; null if that is not known.</param>
    /// <param name="share">Of all samples the share that fell into it.</param>
    public BlockListing? List(in TranslatedBlock block, ulong? virtualPage, double? share = null)
    {
        if (_code.Read(in block) is not { } content)
            return null;
        ulong page = virtualPage ?? block.PhysicalPage;
        List<InstructionListing> instructions = [];
        for (int i = 0; i < content.Marks.Count; i++)
        {
            InstructionMark mark = content.Marks[i];
            int hostEnd = i + 1 < content.Marks.Count ? content.Marks[i + 1].HostOffset : content.ColdOffset;

            // What ends a block at the end of its page is no instruction: the page goes on elsewhere.
            if (mark.PageOffset >= block.End)
            {
                instructions.Add(new InstructionListing(page + (ulong)mark.PageOffset, 0, 0, "", _host.Disassemble(content, mark.HostOffset, hostEnd), hostEnd - mark.HostOffset));
                continue;
            }

            (uint bits, int length) = InstructionAt(content.Guest.AsSpan(mark.PageOffset - block.Start));
            ulong address = page + (ulong)mark.PageOffset;
            instructions.Add(new InstructionListing(
                address, bits, length, Disassembler.Disassemble(bits, address), _host.Disassemble(content, mark.HostOffset, hostEnd), hostEnd - mark.HostOffset));
        }

        List<HostInstruction> cold = _host.Disassemble(content, content.ColdOffset, content.Host.Length);
        return new BlockListing
        {
            PhysicalAddress = block.PhysicalPage + (ulong)block.Start,
            VirtualAddress = virtualPage is { } known ? (known & ~(PageBytes - 1)) + (ulong)block.Start : null,
            Symbol = _symbols.Describe(page + (ulong)block.Start),
            HostAddress = (ulong)block.HostAddress,
            Instructions = instructions,
            Cold = cold,
            HostInstructions = instructions.Sum(instruction => instruction.Host.Count),
            HotBytes = content.ColdOffset,
            ColdBytes = content.Host.Length - content.ColdOffset,
            Share = share,
        };
    }

    private static (uint Bits, int Length) InstructionAt(ReadOnlySpan<byte> bytes)
    {
        uint bits = BinaryPrimitives.ReadUInt16LittleEndian(bytes);
        int length = Disassembler.LengthOf((ushort)bits);
        if (length == 4 && bytes.Length >= 4)
            bits = BinaryPrimitives.ReadUInt32LittleEndian(bytes);
        return (bits, length);
    }
}
