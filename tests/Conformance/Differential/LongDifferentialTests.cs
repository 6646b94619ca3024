using System.Diagnostics;
using System.Globalization;

namespace Strata.Conformance.Differential;

/// <summary>Fifty million comparisons over many seeds and all engines, for <c>./test --long</c>. Interrupted, it goes on where it was.</summary>
/// <remarks>
/// A case counts once for each engine that has run it and said what the oracle said; the oracle runs a case once for the engines of its chunk
/// (<see cref="EngineRunners.OfLongChunk"/>). Progress is a line per row in <c>.cache/differential/comparisons</c>: "NEXT ROW", the number of the chunk to run
/// next. Chunk n of a row has seed n + 100,000, so no case of ./test is repeated. Remove the file to begin again.
/// </remarks>
[Collection("differential")]
public sealed class LongDifferentialTests(ITestOutputHelper output)
{
    private const ulong Total = 50_000_000;
    private const ulong FirstSeed = 100_000;

    private static string ProgressFile => Path.Combine(SourceTree.Root, ".cache", "differential", "comparisons");

    [Fact(Explicit = true)]
    public void Fifty_million_comparisons_equal_the_oracle()
    {
        Dictionary<string, ulong> next = ReadProgress();
        LongRow[] rows = LongRow.Plan(Total);
        ulong compared = rows.Aggregate(0UL, (sum, row) => sum + (Math.Min(next.GetValueOrDefault(row.Row.Name), row.Chunks) * row.ComparisonsPerChunk));
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{compared} comparisons were made before"));

        // One for each processor, with machines of its own.
        EngineRunners[] engines = [.. Enumerable.Range(0, Environment.ProcessorCount).Select(_ => new EngineRunners())];
        try
        {
            while (rows.Any(row => next.GetValueOrDefault(row.Row.Name) < row.Chunks))
            {
                foreach (LongRow row in rows)
                {
                    ulong first = next.GetValueOrDefault(row.Row.Name);
                    int count = (int)Math.Min((ulong)engines.Length, row.Chunks - Math.Min(first, row.Chunks));
                    long start = Stopwatch.GetTimestamp();
                    string?[] reports = new string?[count];
                    _ = Parallel.For(0, count, new ParallelOptions { MaxDegreeOfParallelism = engines.Length }, i => reports[i] = Compare(row, first + (ulong)i, engines[i]));
                    Assert.All(reports, report => Assert.True(report is null, report));
                    if (count == 0) continue;
                    next[row.Row.Name] = first + (ulong)count;
                    WriteProgress(next);
                    compared += (ulong)count * row.ComparisonsPerChunk;
                    double rate = count * (double)row.ComparisonsPerChunk / Stopwatch.GetElapsedTime(start).TotalSeconds;
                    output.WriteLine(string.Create(
                        CultureInfo.InvariantCulture,
                        $"{row.Row.Name}: chunk {first + (ulong)count} of {row.Chunks}, {rate:F0} comparisons/s; {compared / 1e6:F2} million in all"));
                }
            }
        }
        finally
        {
            foreach (EngineRunners one in engines)
                one.Dispose();
        }

        Assert.True(compared >= Total);
    }

    private static string? Compare(LongRow row, ulong chunk, EngineRunners engines)
    {
        DifferentialRun run = new(GuestProgram.Load(row.Row.Program), new QemuRunner());
        return run.Compare(row.Row.Parameters(FirstSeed + chunk, 0, row.ChunkCases), engines.OfLongChunk(chunk));
    }

    private static Dictionary<string, ulong> ReadProgress()
    {
        if (!File.Exists(ProgressFile)) return new Dictionary<string, ulong>(StringComparer.Ordinal);
        return File.ReadLines(ProgressFile).Select(line => line.Split(' ', 2)).ToDictionary(
            words => words[1],
            words => ulong.Parse(words[0], CultureInfo.InvariantCulture),
            StringComparer.Ordinal);
    }

    private static void WriteProgress(Dictionary<string, ulong> next)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(ProgressFile)!);
        File.WriteAllLines(ProgressFile + ".new", next.Select(row => string.Create(CultureInfo.InvariantCulture, $"{row.Value} {row.Key}")));
        File.Move(ProgressFile + ".new", ProgressFile, overwrite: true);
    }

    /// <summary>A row's part of the long run.</summary>
    private sealed record LongRow(DifferentialRow Row, ulong Chunks)
    {
        // A case of "programs" is as much work as ten of the others: it gets a tenth of what its share of ./test would be.
        private const ulong ProgramWeight = 10;
        private const ulong ShortCaseChunk = 20_000;

        public ulong ChunkCases => IsPrograms(Row) ? ShortCaseChunk / ProgramWeight : ShortCaseChunk;

        public ulong ComparisonsPerChunk => ChunkCases * (ulong)EngineRunners.EnginesOfLongChunk;

        /// <summary>Enough chunks of every row that there are as many comparisons as <paramref name="total"/>.</summary>
        public static LongRow[] Plan(ulong total)
        {
            // The 16-bit words are all in ./test.
            DifferentialRow[] rows = [.. DifferentialPlan.Rows.Where(row => row.Name != "all 16-bit words")];
            double weights = rows.Sum(Weight);
            return [.. rows.Select(row => new LongRow(row, 0)).Select(row =>
                row with { Chunks = (ulong)Math.Ceiling(Weight(row.Row) / weights * total / row.ComparisonsPerChunk) })];
        }

        private static bool IsPrograms(DifferentialRow row) => row.Program == "programs";

        private static double Weight(DifferentialRow row) => IsPrograms(row) ? row.Cases / (double)ProgramWeight : row.Cases;
    }
}
