using Strata.Guest.State;

namespace Strata.Devices.Interrupts;

/// <summary>What a PLIC remembers. Bit arrays have one bit per source.</summary>
/// <param name="Priority">Of each source.</param>
/// <param name="Pending">Interrupt pending bits.</param>
/// <param name="Claimed">Sources whose gateway is closed: claimed and not yet completed.</param>
/// <param name="Level">Levels of the source lines.</param>
/// <param name="Enable">Enable bits, <see cref="Plic.LastSource"/> + 1 bits for each context in turn.</param>
/// <param name="Threshold">Of each context.</param>
internal record struct PlicState(uint[] Priority, uint[] Pending, uint[] Claimed, uint[] Level, uint[] Enable, uint[] Threshold)
{
    private const ushort Version = 1;

    public static PlicState AtReset(int words, int contextCount) =>
        new(new uint[words * 32], new uint[words], new uint[words], new uint[words], new uint[words * contextCount], new uint[contextCount]);

    public readonly void Write(StateWriter writer)
    {
        (uint[] priority, uint[] pending, uint[] claimed, uint[] level, uint[] enable, uint[] threshold) = this;
        writer.Section("plic", Version, section =>
        {
            section.U16((ushort)threshold.Length);
            foreach (uint[] words in (ReadOnlySpan<uint[]>)[priority, pending, claimed, level, enable, threshold])
                foreach (uint word in words)
                    section.U32(word);
        });
    }

    public static PlicState Read(ref StateReader reader, int words, int contextCount)
    {
        StateReader section = reader.Section("plic", Version);
        ushort savedContexts = section.U16();
        if (savedContexts != contextCount)
            throw new InvalidStateException($"saved PLIC has {savedContexts} contexts, this machine {contextCount}");
        return new PlicState(
            ReadWords(ref section, words * 32),
            ReadWords(ref section, words),
            ReadWords(ref section, words),
            ReadWords(ref section, words),
            ReadWords(ref section, words * contextCount),
            ReadWords(ref section, contextCount));
    }

    private static uint[] ReadWords(ref StateReader section, int count)
    {
        uint[] words = new uint[count];
        for (int i = 0; i < count; i++)
            words[i] = section.U32();
        return words;
    }
}
