namespace Strata.Cli.Output;

/// <summary>The exit codes of the command line. A command in a guest, or the guest itself, gives its own.</summary>
internal static class ExitCode
{
    /// <summary>It worked.</summary>
    internal const int Success = 0;

    /// <summary>A check of <c>doctor</c> failed.</summary>
    internal const int CheckFailed = 1;

    /// <summary>The command line was not understood.</summary>
    internal const int Usage = 2;

    /// <summary>Something was awaited for too long.</summary>
    internal const int TimeOut = 124;

    /// <summary>Strata failed, not the guest.</summary>
    internal const int Failure = 125;

    /// <summary>Ended by Ctrl-C.</summary>
    internal const int Interrupted = 130;

    /// <summary>The machine was killed.</summary>
    internal const int Killed = 137;

    /// <summary>Nobody reads standard output any more.</summary>
    internal const int BrokenPipe = 141;
}
