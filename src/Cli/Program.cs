using Strata.Cli;
using Strata.Cli.Output;

// The way to "strata version" is short on purpose: no parser, no JSON, nothing that has to be compiled first.
if (args is ["version"] or ["--version"])
{
    StandardStreams.WriteResult(Strata.Cli.Verbs.VersionVerb.Text);
    return ExitCode.Success;
}

return await CommandLine.RunAsync(args);
