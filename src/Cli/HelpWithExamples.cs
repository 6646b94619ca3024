using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using Strata.Cli.Output;

namespace Strata.Cli;

/// <summary>The parser's help, with the examples of the verb below it.</summary>
internal sealed class HelpWithExamples : SynchronousCommandLineAction
{
    private static readonly Dictionary<string, string> Examples = new(StringComparer.Ordinal)
    {
        [""] = """
            Examples:
              strata run                                  a shell in a new machine, made of the image tiny
              strata run tiny -- uname -a                 one command in a new machine
              strata ps                                   the machines that run
              strata run --help                           more about run

            Exit codes:
              0 success · 2 usage · 124 time-out · 125 strata failed · 130 Ctrl-C · 137 the machine was killed
              141 nobody reads the output any more
              run: the guest's own exit code, or its command's (126 not executable, 127 not found)

            Environment:
              STRATA_HOME moves everything that strata keeps; else XDG_CACHE_HOME, XDG_RUNTIME_DIR
              STRATA_AGENT_TIMEOUT is how many seconds run waits for the guest's agent (180)

            """,
        ["run"] = """
            Examples:
              strata run                                  a shell; poweroff ends it, Ctrl-] opens strata's own menu
              strata run tiny -- sh -c 'cat; exit 7' < f  a command: its input, outputs and exit code are ours
              strata run --memory 1G --disk data.img      with a disk, which the guest sees as /dev/vda
              strata run --disk base.img,ro,serial=base   read-only, with a serial number
              strata run --kernel Image --initrd root.cpio --append 'console=hvc0'
              strata run --firmware fw_jump.bin --kernel u-boot.bin
              strata run --firmware                       OpenSBI and U-Boot, pulled when they are missing
              strata run --firmware --kernel Image        OpenSBI starts that kernel

            Exit codes:
              the guest's own (its low 8 bits; a non-zero code never becomes 0), or its command's;
              2 usage · 124 the guest's agent did not answer · 125 strata failed, or the machine ended before the command
              130 Ctrl-C · 137 the machine was killed · 141 nobody reads the output any more

            """,
        ["pull"] = """
            Examples:
              strata pull                                 get or renew the image tiny
              strata pull tiny --progress plain           one line for each step
              strata pull firmware                        get or renew OpenSBI and U-Boot

            """,
        ["images"] = """
            Examples:
              strata images                               what is in the cache
              strata images --json | jq -r '.[].name'

            """,
        ["ps"] = """
            Examples:
              strata ps                                   the machines of this user that run
              strata ps --json | jq -r '.[].id'

            """,
        ["profile"] = """
            Examples:
              strata profile                              five seconds of the only machine that runs
              strata profile --symbols vmlinux --seconds 20 --top 10
              strata profile --json | jq '.regions[:5]'
              strata profile --perf-map /tmp/perf-$(strata ps --json | jq '.[0].monitorPid').map

            A sample is the exact instruction that the host would have executed next. TRANSLATED: in the region's own code; MONITOR: page walks,
            interpreted instructions and devices on its behalf, by the guest's last known place.

            """,
        ["debug"] = """
            Examples:
              strata debug code                           the five hottest blocks
              strata debug code --symbol do_idle          the code of a function of the guest's kernel

            """,
        ["code"] = """
            Examples:
              strata debug code --hot 3                   the blocks that the machine is in most often
              strata debug code --symbol memcpy           a function of the guest's kernel, and what it was translated to
              strata debug code --address 0x80200040      the blocks that hold an instruction
              strata debug code --address 0x80200040 --page --json | jq '.blocks | length'

            Each guest instruction stands beside its code; before it the bytes of that. Cold code is executed when a guard fails.

            """,
        ["doctor"] = """
            Examples:
              strata doctor                               can machines run here, and how fast?
              strata doctor --json | jq '.[] | select(.result != "ok")'

            Exit codes:
              0 machines can run · 1 they cannot

            """,
        ["version"] = """
            Examples:
              strata version
              strata version --json

            """,
    };

    /// <inheritdoc/>
    public override int Invoke(ParseResult parseResult)
    {
        using StringWriter text = new();
        _ = new HelpAction().Invoke(WithOutput(parseResult, text));
        string verb = parseResult.CommandResult.Command is RootCommand ? "" : parseResult.CommandResult.Command.Name;
        string help = text.ToString().TrimEnd() + "\n\n" + Examples[verb];
        if (verb == "run")
            help = help.Replace("strata run [<IMAGE>] [options]", "strata run [IMAGE] [options] [-- COMMAND ARGUMENT...]", StringComparison.Ordinal);
        StandardStreams.WriteResult(help);
        return ExitCode.Success;
    }

    private static ParseResult WithOutput(ParseResult parseResult, StringWriter text)
    {
        parseResult.InvocationConfiguration.Output = text;
        return parseResult;
    }
}
