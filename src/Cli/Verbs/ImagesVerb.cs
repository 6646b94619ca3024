using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Strata.Cli.Output;
using Strata.Images;

namespace Strata.Cli.Verbs;

/// <summary><c>strata images</c>: what is in the cache.</summary>
internal static class ImagesVerb
{
    internal static Command Build(GlobalOptions options)
    {
        Command verb = new("images", "list the images in the cache");
        verb.SetAction(parsed =>
        {
            IReadOnlyList<Image> images = ImageStore.OfUser().List();
            if (parsed.GetValue(options.Json))
                StandardStreams.WriteResult(JsonSerializer.Serialize([.. images.Select(ToRecord)], CliJson.Default.IReadOnlyListImageRecord) + "\n");
            else
                Report.Table(["NAME", "VERSION", "SIZE", "MADE"], [.. images.Select(Row)]);
            return ExitCode.Success;
        });
        return verb;
    }

    /// <summary>What is said of an image with <c>--json</c>.</summary>
    internal static ImageRecord ToRecord(Image image) =>
        new(
            image.Name, image.Version, image.SizeBytes, image.Created, image.Kernel?.Version, image.Kernel?.Kernel, image.Kernel?.Initrd,
            image.Firmware?.Firmware, image.Firmware?.Payload);

    private static IReadOnlyList<string> Row(Image image) =>
    [
        image.Name,
        image.Version,
        Amount.Bytes(image.SizeBytes),
        image.Created.ToLocalTime().ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture),
    ];
}
