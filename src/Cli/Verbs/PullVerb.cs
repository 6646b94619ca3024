using System.CommandLine;
using System.Text.Json;
using Strata.Cli.Machines;
using Strata.Cli.Output;
using Strata.Images;

namespace Strata.Cli.Verbs;

/// <summary><c>strata pull</c>: gets an image, or renews it.</summary>
internal static class PullVerb
{
    internal static Command Build(GlobalOptions options)
    {
        Argument<string> name = new("IMAGE") { Description = "the image to get (default: tiny)", DefaultValueFactory = _ => RunVerb.DefaultImage };
        Command verb = new("pull", "get an image from Debian's archive, or renew it") { name };
        verb.SetAction(async (parsed, cancellation) =>
        {
            Report report = new(parsed.GetValue(options.Json));
            using ProgressDisplay progress = ProgressDisplay.For(parsed.GetValue(options.Progress));
            PullResult result = await ImageSource.PullAsync(parsed.GetValue(name)!, progress, cancellation);
            StandardStreams.WriteResult(report.Json
                ? JsonSerializer.Serialize(
                    new(ImagesVerb.ToRecord(result.Image), result.Changed, result.BytesDownloaded, Math.Round(result.Elapsed.TotalSeconds, 2)),
                    CliJson.Default.PullRecord) + "\n"
                : $"{result.Image.Name} {result.Image.Version}: {Told(result)}\n");
            return ExitCode.Success;
        });
        return verb;
    }

    private static string Told(PullResult result)
    {
        string downloaded = result.BytesDownloaded == 0 ? "nothing downloaded" : $"{Amount.Bytes(result.BytesDownloaded)} downloaded";
        return (result.Changed ? $"ready, {Amount.Bytes(result.Image.SizeBytes)}" : "is the newest already") + $" ({downloaded}, {Amount.Duration(result.Elapsed)})";
    }
}
