using System.Globalization;
using Strata.Bench;
using Strata.Bench.Classes;
using Strata.Bench.Measures;
using Strata.Bench.Peers;
using Strata.Bench.Reports;
using Strata.Conformance.Differential;

// strata-bench [NAME...] [--json FILE] [--repetitions N] [--class NAME]... [--program NAME]... [--list]: started by bench/run.
IBenchmark[] all =
[
    new EngineBenchmark(), new BootBenchmark(), new TrapBenchmark(), new TranslationBenchmark(), new WalkBenchmark(), new IdleBenchmark(), new VersionBenchmark(), new GeneratorBenchmark(), new PullBenchmark(),
    new ClassBenchmark(), new FullCacheBenchmark(),
];
List<string> names = [], classes = [], programs = [];
string? json = null;
int repetitions = 5;
for (int i = 0; i < args.Length; i++)
{
    switch (args[i])
    {
        case "--json" when i + 1 < args.Length:
            json = args[++i];
            break;
        case "--repetitions" when i + 1 < args.Length && int.TryParse(args[i + 1], CultureInfo.InvariantCulture, out int wanted) && wanted > 0:
            repetitions = wanted;
            i++;
            break;
        case "--class" when i + 1 < args.Length && ProgramClasses.All.Any(known => known.Name == args[i + 1]):
            classes.Add(args[++i]);
            break;
        case "--program" when i + 1 < args.Length && ProgramClasses.All.Any(known => known.Programs.Any(program => program.Name == args[i + 1])):
            programs.Add(args[++i]);
            break;
        case "--list":
            foreach (IBenchmark benchmark in all)
                Console.WriteLine($"{benchmark.Name,-14}{benchmark.Title}");
            foreach (ProgramClass known in ProgramClasses.All)
                Console.WriteLine($"  --class {known.Name}: --program {string.Join(' ', known.Programs.Select(program => program.Name))}");
            return 0;
        case var name when all.Any(benchmark => benchmark.Name == name):
            names.Add(name);
            break;
        default:
            Console.Error.WriteLine($"error: cannot understand {args[i]}\nusage: bench/run [NAME...] [--json FILE] [--repetitions N] [--class NAME] [--program NAME]; names: {string.Join(' ', all.Select(benchmark => benchmark.Name))}");
            return 2;
    }
}

Emulators emulators = new(SourceTree.Root);
List<BenchResult> results = [];
int failures = 0;
foreach (IBenchmark benchmark in all.Where(benchmark => names.Count == 0 || names.Contains(benchmark.Name)))
{
    BenchResult result = new(benchmark.Name, benchmark.Title);
    result.Load[0] = JsonReport.Load;
    try
    {
        benchmark.Run(new(SourceTree.Root, emulators, repetitions, result) { Classes = classes, Programs = programs });
    }
    catch (BenchException failure)
    {
        Console.Error.WriteLine($"error: {benchmark.Name}: {failure.Message}");
        failures++;
    }

    foreach (string fault in result.Faults)
        Console.Error.WriteLine($"error: {fault}");
    failures += result.Faults.Count;
    result.Load[1] = JsonReport.Load;
    results.Add(result);
    if (result.Figures.Count > 0)
        Console.WriteLine(result.Layout(result));
}

if (json is not null)
    File.WriteAllText(json, JsonReport.Of(results, emulators));
return failures == 0 ? 0 : 1;
