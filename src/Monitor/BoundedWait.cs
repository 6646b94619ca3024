namespace Strata.Monitor;

/// <summary>Waits that end.</summary>
internal static class BoundedWait
{
    /// <summary>Waits for the end of a task, whatever it ends with, but no longer than <paramref name="patience"/>; answers whether it has ended.</summary>
    internal static async Task<bool> EndsWithinAsync(this Task task, TimeSpan patience)
    {
        await task.WaitAsync(patience).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return task.IsCompleted;
    }
}
