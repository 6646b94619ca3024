namespace Strata.Cli.Output;

/// <summary>How waiting is shown on standard error.</summary>
internal enum ProgressStyle
{
    /// <summary>Bars on a terminal, else lines.</summary>
    Auto,

    /// <summary>One line for each step.</summary>
    Plain,

    /// <summary>One JSON object for each step.</summary>
    Json,

    /// <summary>Not at all.</summary>
    None,
}
