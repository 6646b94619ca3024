using Strata.Cli.Output;
using Strata.Images;

namespace Strata.Cli.Machines;

/// <summary>Gets images, and shows how that goes.</summary>
internal static class ImageSource
{
    /// <summary>The image, pulled if it is not in the cache.</summary>
    /// <exception cref="CommandException">It cannot be had.</exception>
    internal static async Task<Image> GetAsync(string name, ProgressDisplay progress, CancellationToken cancellation) =>
        ImageStore.OfUser().TryGet(name) ?? (await PullAsync(name, progress, cancellation)).Image;

    /// <summary>Pulls the image, also when an older one is in the cache.</summary>
    /// <exception cref="CommandException">It cannot be had.</exception>
    internal static async Task<PullResult> PullAsync(string name, ProgressDisplay progress, CancellationToken cancellation)
    {
        if (!ImagePuller.Names.Contains(name, StringComparer.Ordinal))
        {
            string? near = ImagePuller.Names.Where(known => Spelling.IsNear(name, known)).MinBy(known => Spelling.Distance(name, known));
            throw new CommandException(
                "E-IMG-UNKNOWN", $"cannot get the image {name}", "there is no image of that name",
                near is null ? $"images that can be had: {string.Join(", ", ImagePuller.Names)}" : $"did you mean {near}?");
        }

        try
        {
            return await new ImagePuller(ImageStore.OfUser()).PullAsync(name, options: null, new Shown(progress), cancellation);
        }
        catch (ImageException failure)
        {
            throw new CommandException(failure.Code, $"cannot get the image {name}", failure.Message, failure.Hint);
        }
        finally
        {
            progress.Finish();
        }
    }

    private sealed class Shown(ProgressDisplay progress) : IProgress<PullProgress>
    {
        public void Report(PullProgress value) => progress.Await(value.Step, value.Awaited, value.BytesDone, value.BytesTotal);
    }
}
