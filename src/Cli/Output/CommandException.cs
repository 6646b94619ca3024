using Strata.Api.Control;

namespace Strata.Cli.Output;

/// <summary>A verb cannot do what it should; says so to the user and ends with <see cref="ExitCode"/>.</summary>
internal sealed class CommandException(ErrorRecord error, int exitCode = Output.ExitCode.Failure) : Exception($"{error.What}: {error.Why}")
{
    internal CommandException(string code, string what, string why, string? hint = null, int exitCode = Output.ExitCode.Failure)
        : this(new ErrorRecord(code, what, why, hint), exitCode)
    {
    }

    /// <summary>What to say.</summary>
    internal ErrorRecord Error { get; } = error;

    /// <summary>What to end with.</summary>
    internal int ExitCode { get; } = exitCode;
}
