namespace Strata.Debugging;

/// <summary>What was asked about a machine cannot be answered.</summary>
/// <param name="code">A stable code such as <c>E-CODE-NONE</c>.</param>
/// <param name="why">Why.</param>
/// <param name="hint">What to do about it; null when there is nothing to say.</param>
public sealed class DebuggingException(string code, string why, string? hint = null) : Exception(why)
{
    /// <summary>The code.</summary>
    public string Code { get; } = code;

    /// <summary>What to do about it.</summary>
    public string? Hint { get; } = hint;
}
