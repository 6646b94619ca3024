using Strata.Cpu.RiscV;

namespace Strata.Cpu.Tests.RiscV;

public sealed class InstructionTableTests
{
    public static TheoryData<int> Lengths => [2, 4];

    [Theory]
    [MemberData(nameof(Lengths))]
    public void WhereTwoRowsOverlapOneIsCutOutOfTheOther(int length)
    {
        InstructionRow[] rows = [.. InstructionTable.Rows.Where(row => row.Length == length)];
        foreach (InstructionRow a in rows)
        {
            foreach (InstructionRow b in rows)
            {
                bool overlap = ((a.Match ^ b.Match) & a.Mask & b.Mask) == 0;
                if (ReferenceEquals(a, b) || !overlap)
                    continue;
                bool nested = (a.Mask | b.Mask) == a.Mask || (a.Mask | b.Mask) == b.Mask;
                bool intersectionHasARow = rows.Any(row => row.Mask == (a.Mask | b.Mask) && row.Match == (a.Match | b.Match));
                Assert.True((nested && a.Mask != b.Mask) || intersectionHasARow, $"{a.Mnemonic} and {b.Mnemonic} overlap");
            }
        }
    }

    [Fact]
    public void EveryPatternHasTheLengthThatItsLowBitsSay()
    {
        foreach (InstructionRow row in InstructionTable.Rows)
            Assert.Equal((row.Match & 3) == 3 ? 4 : 2, row.Length);
    }

    [Fact]
    public void EveryOperationHasARowOfFourBytesOfItsOwn()
    {
        foreach (Operation operation in Enum.GetValues<Operation>().Where(operation => operation != Operation.Illegal))
            Assert.Single(InstructionTable.Rows, row => row.Operation == operation && row.Length == 4);
    }

    [Fact]
    public void TheDecoderFindsTheMostSpecificRowOfEveryWord()
    {
        Random random = new(1);
        foreach (InstructionRow row in InstructionTable.Rows)
        {
            for (int i = 0; i < 100; i++)
            {
                uint word = row.Match | ((uint)random.NextInt64(1L << 32) & ~row.Mask & (row.Length == 2 ? 0xffffu : uint.MaxValue));
                InstructionRow best = InstructionTable.Rows.Where(r => r.Length == row.Length && (word & r.Mask) == r.Match).MaxBy(r => uint.PopCount(r.Mask))!;
                Assert.Same(best, Decoder.Decode(word).Row);
            }
        }
    }
}
