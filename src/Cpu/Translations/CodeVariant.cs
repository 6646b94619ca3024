using System.Buffers.Binary;
using Strata.Cpu.Translations.Ir;

namespace Strata.Cpu.Translations;

/// <summary>Whatever code depends on beside the guest's bytes, as one word: what was translated under one word is not looked for under another.</summary>
/// <remarks>
/// <code>
///   63            32 31          24 23            16 15        8 7    2 1 0
///  │ build of the   │ memory back  │ its size: log2 │ guest     │  0   │L│C│
///  │ translator     │ end: 1 = TLB │ of the entries │ instr.    │      │ │ │
/// </code>
/// C: instructions are counted. L: jumps are linked. Guest instructions: in a block at most. The build stands for the format of code and records, and for what code needs of
/// the host: it uses nothing that one host has and another that runs it has not. One hart or several is no bit, for code is the same for both.
/// </remarks>
internal readonly record struct CodeVariant(ulong Word)
{
    private const ulong SoftwareTlbBackEnd = 1;

    private static readonly ulong s_build = BinaryPrimitives.ReadUInt32LittleEndian(typeof(CodeVariant).Module.ModuleVersionId.ToByteArray());

    /// <summary>That of a code cache.</summary>
    public static CodeVariant Of(TranslationOptions options, StateLayout layout) =>
        new((s_build << 32) | (SoftwareTlbBackEnd << 24) | ((ulong)int.Log2(layout.TlbEntries) << 16) | ((ulong)options.BlockInstructions << 8)
            | (options.LinksJumps ? 2UL : 0) | (options.CountsInstructions ? 1UL : 0));
}
