using Iced.Intel;
using Strata.Cpu;

namespace Strata.Debugging.Profiles;

/// <summary>Counts how many host instructions guest instructions became.</summary>
/// <param name="code">The code.</param>
/// <param name="blocks">Blocks of it.</param>
internal sealed class ExpansionCounter(TranslatedCode code, IReadOnlyList<TranslatedBlock> blocks)
{
    /// <summary>Counts.</summary>
    /// <param name="samples">Samples by the index of their block.</param>
    public Expansion Count(IReadOnlyDictionary<int, int> samples)
    {
        List<(double Ratio, int Weight)> ratios = [];
        long hostInstructions = 0;
        long guestInstructions = 0;
        for (int i = 0; i < blocks.Count; i++)
        {
            if (code.Read(blocks[i]) is not { Marks.Count: > 0 } content)
                continue;
            int guest = content.Marks.Count(mark => mark.PageOffset < content.Block.End);
            int host = InstructionsIn(content);
            hostInstructions += host;
            guestInstructions += guest;
            ratios.Add(((double)host / Math.Max(1, guest), samples.GetValueOrDefault(i)));
        }

        if (ratios.Count == 0)
            return new Expansion(0, 0, 0, null, null);
        ratios.Sort();
        long weights = ratios.Sum(pair => (long)pair.Weight);
        return new Expansion(
            ratios.Count, ratios[ratios.Count / 2].Ratio, (double)hostInstructions / Math.Max(1, guestInstructions),
            weights == 0 ? null : WeightedMedian(ratios, weights), weights == 0 ? null : ratios.Sum(pair => pair.Ratio * pair.Weight) / weights);
    }

    private static double WeightedMedian(List<(double Ratio, int Weight)> sorted, long weights)
    {
        long seen = 0;
        foreach ((double ratio, int weight) in sorted)
        {
            seen += weight;
            if (2 * seen >= weights)
                return ratio;
        }

        return sorted[^1].Ratio;
    }

    private static int InstructionsIn(BlockContent content)
    {
        ByteArrayCodeReader reader = new(content.Host, 0, content.ColdOffset);
        Iced.Intel.Decoder decoder = Iced.Intel.Decoder.Create(64, reader);
        int count = 0;
        while (reader.CanReadByte)
        {
            decoder.Decode(out Instruction instruction);

            // Nops keep jumps patchable and belong to no guest instruction.
            if (instruction.Mnemonic != Mnemonic.Nop && instruction.Code is not (Iced.Intel.Code.Xchg_r16_AX or Iced.Intel.Code.Nopw))
                count++;
        }

        return count;
    }
}
