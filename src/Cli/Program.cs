using Strata.Cli;
using Strata.Cli.Output;

// The way to "strata version" is short on purpose: no parser, no JSON, nothing that has to be compiled first.
if (args is ["version"] or ["--version"])
{
    try
    {
        StandardStreams.WriteResult(Strata.Cli.Verbs.VersionVerb.Text);
        return ExitCode.Success;
    }
    catch (CommandException failure)
    {
        new Report(json: false).Error(failure.Error);
        return failure.ExitCode;
    }
}

return await CommandLine.RunAsync(args);
