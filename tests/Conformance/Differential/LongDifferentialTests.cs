using System.Diagnostics;
using System.Globalization;

namespace Strata.Conformance.Differential;

/// <summary>Fifty million cases over many seeds and all engines, for <c>./test --long</c>. Interrupted, it goes on where it was.</summary>
/// <remarks>
/// Progress is a line per row in <c>.cache/differential/progress</c>: "NEXT ROW", the number of the chunk to run next. Chunk n of a row runs
/// so many cases (<see cref="ChunkOf"/>) with seed n + 1000, so no case of ./test is repeated. Remove the file to begin again.
/// </remarks>
[Collection("differential")]
public sealed class LongDifferentialTests(ITestOutputHelper output)
{
    private const ulong ShortCaseChunk = 100_000;
    private const ulong LongCaseChunk = 10_000;
    private const ulong Total = 50_000_000;
    private const ulong FirstSeed = 1000;

    private static string ProgressFile => Path.Combine(SourceTree.Root, ".cache", "differential", "progress");

    [Fact(Explicit = true)]
    public void Fifty_million_cases_equal_the_oracle()
    {
        Dictionary<string, ulong> next = ReadProgress();
        using EngineRunners engines = new();
        DifferentialRow[] rows = [.. DifferentialPlan.Rows.Where(row => row.Name != "all 16-bit words")];
        Dictionary<string, DifferentialRun> runs = rows.ToDictionary(
            row => row.Name,
            row => new DifferentialRun(GuestProgram.Load(row.Program), new QemuRunner()),
            StringComparer.Ordinal);
        ulong planned = (ulong)rows.Sum(row => (long)row.Cases);
        long start = Stopwatch.GetTimestamp();
        ulong compared = 0;
        bool more = true;
        while (more)
        {
            more = false;
            foreach (DifferentialRow row in rows)
            {
                ulong size = ChunkOf(row);
                ulong chunks = ((row.Cases * Total / planned) + size - 1) / size;
                ulong chunk = next.GetValueOrDefault(row.Name);
                if (chunk >= chunks) continue;
                more = true;
                string? report = runs[row.Name].Compare(row.Parameters(FirstSeed + chunk, 0, size), engines.OfLongChunk(chunk));
                Assert.True(report is null, report);
                next[row.Name] = chunk + 1;
                WriteProgress(next);
                compared += size;
                double rate = compared / Stopwatch.GetElapsedTime(start).TotalSeconds;
                output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{row.Name}: chunk {chunk + 1} of {chunks}, {rate:F0} cases/s"));
            }
        }
    }

    private static ulong ChunkOf(DifferentialRow row) => row.Program == "programs" ? LongCaseChunk : ShortCaseChunk;

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
}
