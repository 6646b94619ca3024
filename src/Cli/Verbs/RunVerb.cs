using System.CommandLine;
using Strata.Api.Machines;
using Strata.Cli.Machines;
using Strata.Cli.Output;
using Strata.Host.Terminals;

namespace Strata.Cli.Verbs;

/// <summary><c>strata run</c>: a new machine, with its console or one command in the foreground.</summary>
internal static class RunVerb
{
    internal const string Name = "run";
    internal const string DefaultImage = "tiny";
    private const long DefaultMemoryBytes = 512L << 20;

    private static readonly Dictionary<string, string> Engines = new[] { MachineEngine.Translator, MachineEngine.Interpreter }.ToDictionary(name => name, StringComparer.Ordinal);

    internal static Command Build(GlobalOptions options, string[]? guestCommand)
    {
        Argument<string?> image = new("IMAGE") { Description = "the image to run, pulled when it is missing (default: tiny)", Arity = ArgumentArity.ZeroOrOne };
        Option<string?> kernel = new("--kernel") { Description = "a kernel's Image instead of an image; with --firmware what the firmware starts", HelpName = "FILE" };
        Option<string?> initrd = new("--initrd") { Description = "the kernel's initial RAM file system", HelpName = "FILE" };
        Option<string?> append = new("--append") { Description = "more of the kernel's command line", HelpName = "STRING" };
        Option<string?> firmware = new("--firmware")
        {
            Description = "start a firmware in machine mode (default: OpenSBI and U-Boot, the image firmware, pulled when it is missing)",
            HelpName = "FILE",
            Arity = ArgumentArity.ZeroOrOne,
        };
        Option<string[]> disks = new("--disk") { Description = "a raw disk image; may be given several times", HelpName = "FILE[,ro][,serial=S]", Arity = ArgumentArity.OneOrMore };
        Option<string?> memory = new("--memory", "-m") { Description = "the size of its RAM (default: 512M)", HelpName = "SIZE" };
        Option<bool> deterministic = new("--deterministic") { Description = "compute the same every time: time is counted in instructions" };
        Option<string?> engine = new("--engine")
        {
            Description = "what executes the guest's instructions (default: the translator, where the processor allows it)",
            HelpName = "translator|interpreter",
            CustomParser = given => WordOption.Read(given, Engines),
        };
        Command verb = new(Name, "run a new machine, with a shell or one command in it") { image, kernel, initrd, append, firmware, disks, memory, deterministic, engine };
        verb.SetAction((parsed, cancellation) =>
        {
            RunPlan plan = new()
            {
                Image = parsed.GetValue(image),
                Kernel = parsed.GetValue(kernel),
                Initrd = parsed.GetValue(initrd),
                Append = parsed.GetValue(append),
                UsesFirmware = parsed.GetResult(firmware) is not null,
                Firmware = parsed.GetValue(firmware),
                Disks = [.. (parsed.GetValue(disks) ?? []).Select(DiskArgument.Parse)],
                MemoryBytes = MemoryBytes(parsed.GetValue(memory)),
                Deterministic = parsed.GetValue(deterministic),
                Engine = parsed.GetValue(engine),
                Command = guestCommand,
            };
            return RunAsync(plan, new Report(parsed.GetValue(options.Json)), parsed.GetValue(options.Progress), cancellation);
        });
        return verb;
    }

    private static async Task<int> RunAsync(RunPlan plan, Report report, ProgressStyle style, CancellationToken cancellation)
    {
        plan.Check();
        using MachineFolder machines = MachineFolder.Open();
        if (report.Json && style == ProgressStyle.Auto)
            style = ProgressStyle.None;
        using ProgressDisplay pulling = ProgressDisplay.For(style);
        using MachineFiles files = await MachineFiles.OpenAsync(plan, pulling, cancellation);

        // Standard error is the command's from here on: what is no terminal, and so cannot be wiped clean again, gets nothing of ours that was not asked for.
        using ProgressDisplay starting = ProgressDisplay.For(style == ProgressStyle.Auto && !Terminal.Is(StandardStreams.Error) ? ProgressStyle.None : style);
        return await ForegroundMachine.RunAsync(machines, files, plan, report, starting, cancellation);
    }

    private static long MemoryBytes(string? text)
    {
        const string What = "cannot understand the command line";
        if (text is null)
            return DefaultMemoryBytes;
        long bytes = Amount.ParseBytes(text)
            ?? throw new CommandException("E-USAGE", What, $"{text} is no size", "write a size as 512M or 1G", ExitCode.Usage);
        return bytes >= 1 << 20
            ? bytes
            : throw new CommandException("E-USAGE", What, $"{text} is {bytes} bytes, too little for a machine", $"did you mean {text}M?", ExitCode.Usage);
    }
}
