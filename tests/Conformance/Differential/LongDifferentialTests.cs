using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;

namespace Strata.Conformance.Differential;

/// <summary>Fifty million comparisons over many seeds and all engines, for <c>./test --long</c>. Interrupted, it goes on where it was.</summary>
/// <remarks>
/// A case counts once for each engine that has run it and said what the oracle said; the oracle runs a case once for the engines of its chunk
/// (<see cref="EngineVariant.InLongTurn"/>). Progress is a line per row in <c>.cache/differential/comparisons</c>: "NEXT ROW", the number of the first chunk not
/// yet run. Chunk n of a row has seed n + 100,000, so no case of ./test is repeated. Remove the file to begin again.
/// </remarks>
[Collection("differential")]
public sealed class LongDifferentialTests(ITestOutputHelper output)
{
    private const ulong Total = 50_000_000;
    private const ulong FirstSeed = 100_000;

    private readonly Lock _lock = new();
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly Dictionary<string, ulong> _next = ReadProgress();
    private readonly HashSet<Chunk> _ahead = [];
    private ulong _before;
    private ulong _compared;
    private string? _difference;

    private static string ProgressFile => Path.Combine(SourceTree.Root, ".cache", "differential", "comparisons");

    [Fact(Explicit = true)]
    public void Fifty_million_comparisons_equal_the_oracle()
    {
        LongRow[] rows = LongRow.Plan(Total);
        _before = _compared = rows.Aggregate(0UL, (sum, row) => sum + row.ComparisonsBefore(Math.Min(NextOf(row), row.Chunks)));
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{_before} comparisons were made before"));

        // Machines of its own for each processor, and no waiting for one another: some chunks take ten times as long as others.
        ParallelOptions options = new() { MaxDegreeOfParallelism = Environment.ProcessorCount };
        ConcurrentBag<EngineRunners> idle = [];
        try
        {
            Parallel.ForEach(Partitioner.Create(Left(rows), EnumerablePartitionerOptions.NoBuffering), options, (chunk, loop) =>
            {
                EngineRunners engines = idle.TryTake(out EngineRunners? used) ? used : new EngineRunners();
                string? report = Compare(chunk, engines);
                idle.Add(engines);
                if (!Record(chunk, report)) loop.Stop();
            });
        }
        finally
        {
            foreach (EngineRunners engines in idle)
                engines.Dispose();
        }

        Assert.True(_difference is null, _difference);
        Assert.True(_compared >= Total);
    }

    // A chunk of every row, then the next of every row.
    private List<Chunk> Left(LongRow[] rows) =>
    [
        .. from number in Enumerable.Range(0, (int)rows.Max(row => row.Chunks))
           from row in rows
           where (ulong)number >= NextOf(row) && (ulong)number < row.Chunks
           select new Chunk(row, (ulong)number),
    ];

    private ulong NextOf(LongRow row) => _next.GetValueOrDefault(row.Row.Name);

    private bool Record(Chunk chunk, string? report)
    {
        lock (_lock)
        {
            _difference ??= report;
            if (report is not null) return false;
            _ahead.Add(chunk);
            while (_ahead.Remove(new Chunk(chunk.Row, NextOf(chunk.Row))))
                _next[chunk.Row.Row.Name] = NextOf(chunk.Row) + 1;
            WriteProgress(_next);
            _compared += chunk.Row.ComparisonsIn(chunk.Number);
            double rate = (_compared - _before) / _clock.Elapsed.TotalSeconds;
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{chunk.Row.Row.Name}: chunk {chunk.Number + 1} of {chunk.Row.Chunks}; {_compared / 1e6:F2} million in all, {rate:F0}/s"));
            return true;
        }
    }

    private static string? Compare(Chunk chunk, EngineRunners engines)
    {
        DifferentialRow row = chunk.Row.Row;
        DifferentialRun run = new(GuestProgram.Load(row.Program), new QemuRunner());
        return run.Compare(row.Parameters(FirstSeed + chunk.Number, 0, chunk.Row.ChunkCases), engines.OfLongTurn(chunk.Row.Turn(chunk.Number)));
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

    private readonly record struct Chunk(LongRow Row, ulong Number);

    /// <summary>A row's part of the long run.</summary>
    private sealed record LongRow(DifferentialRow Row, ulong Chunks)
    {
        // A case of "programs" is as much work as ten of the others: it gets a tenth of what its share of ./test would be.
        private const ulong ProgramWeight = 10;
        private const ulong ShortCaseChunk = 20_000;

        public ulong ChunkCases => IsPrograms(Row) ? ShortCaseChunk / ProgramWeight : ShortCaseChunk;

        // Rows begin at different turns, so that each slow engine is reached although most rows have few chunks.
        private ulong FirstTurn { get; init; }

        public ulong Turn(ulong chunk) => FirstTurn + chunk;

        public ulong ComparisonsIn(ulong chunk) => ChunkCases * (ulong)EngineVariant.CountInLongTurn(Turn(chunk));

        public ulong ComparisonsBefore(ulong chunk)
        {
            ulong sum = 0;
            for (ulong n = 0; n < chunk; n++)
                sum += ComparisonsIn(n);
            return sum;
        }

        /// <summary>Enough chunks of every row that there are as many comparisons as <paramref name="total"/>.</summary>
        public static LongRow[] Plan(ulong total)
        {
            // The 16-bit words are all in ./test.
            DifferentialRow[] rows = [.. DifferentialPlan.Rows.Where(row => row.Name != "all 16-bit words")];
            double weights = rows.Sum(Weight);
            return [.. rows.Select((row, n) => new LongRow(row, 0) { FirstTurn = (ulong)n }.For(Weight(row) / weights * total))];
        }

        private LongRow For(double comparisons)
        {
            ulong chunks = 0;
            for (double sum = 0; sum < comparisons; chunks++)
                sum += ComparisonsIn(chunks);
            return this with { Chunks = chunks };
        }

        private static bool IsPrograms(DifferentialRow row) => row.Program == "programs";

        private static double Weight(DifferentialRow row) => IsPrograms(row) ? row.Cases / (double)ProgramWeight : row.Cases;
    }
}
