using System.Text.Json;

namespace Strata.Cli.Tests;

/// <summary>What the command line says and ends with.</summary>
public sealed class MessageTests
{
    [Theory]
    [InlineData(2, "there is no verb rnu", "did you mean run?", "rnu")]
    [InlineData(2, "there is no option --dsk", "did you mean --disk?", "run", "--dsk", "x")]
    [InlineData(2, "there is no option --nope", "--help", "--nope")]
    [InlineData(2, "12 is 12 bytes, too little for a machine", "did you mean 12M?", "run", "--memory", "12")]
    [InlineData(2, "--engine does not take foo", "it takes translator or interpreter", "run", "--engine", "foo")]
    [InlineData(2, "--engine does not take Translator", "did you mean translator?", "run", "--engine", "Translator")]
    [InlineData(2, "--progress does not take bars", "it takes auto or plain or json or none", "--progress", "bars", "ps")]
    [InlineData(2, "--progress does not take plan", "did you mean plain?", "pull", "--progress", "plan")]
    [InlineData(2, "lots is no size", "512M or 1G", "run", "--memory", "lots")]
    [InlineData(2, "an image brings its own kernel", "--help", "run", "tiny", "--kernel", "x")]
    [InlineData(2, "there is no command after --", "--help", "run", "tiny", "--")]
    [InlineData(2, "only run takes a command", "--help", "ps", "--", "ls")]
    [InlineData(2, "--initrd needs --kernel", "--help", "run", "--initrd", "x")]
    [InlineData(125, "there is no file /nowhere", "", "run", "--kernel", "/nowhere")]
    [InlineData(125, "/tmp is a folder", "", "run", "--kernel", "/tmp")]
    [InlineData(125, "there is no image of that name", "did you mean tiny?", "run", "tny")]
    [InlineData(125, "there is no image of that name", "images that can be had: tiny", "pull", "windows")]
    public void A_failure_says_what_failed_why_and_what_to_do(int code, string why, string hint, params string[] arguments)
    {
        using Sandbox sandbox = new();
        (int exitCode, string output, string error) = sandbox.Run("", arguments);
        Assert.Equal(code, exitCode);
        Assert.Empty(output);
        Assert.StartsWith("error: ", error, StringComparison.Ordinal);
        Assert.Contains(why, error, StringComparison.Ordinal);
        Assert.Contains(hint, error, StringComparison.Ordinal);
        Assert.InRange(error.Count(c => c == '\n'), 1, 2);

        (int sameCode, string nothing, string json) = sandbox.Run("", ["--json", .. arguments]);
        Assert.Equal(code, sameCode);
        Assert.Empty(nothing);
        JsonElement record = JsonDocument.Parse(json).RootElement;
        Assert.StartsWith("E-", record.GetProperty("code").GetString(), StringComparison.Ordinal);
        Assert.Contains(why, record.GetProperty("why").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_kernel_that_is_none_is_refused_with_its_name()
    {
        using Sandbox sandbox = new();
        (int exitCode, string output, string error) = sandbox.Run("", "run", "--kernel", sandbox.Firmware);
        Assert.Equal((125, ""), (exitCode, output));
        Assert.StartsWith("error: cannot make the machine: ", error, StringComparison.Ordinal);
        Sandbox.Await(() => sandbox.Monitors().Count == 0, "did the monitor end");
    }

    [Theory]
    [InlineData("version")]
    [InlineData("ps")]
    [InlineData("images")]
    [InlineData("doctor")]
    public void Results_as_JSON_are_one_document_and_nothing_else(string verb)
    {
        using Sandbox sandbox = new();
        (int exitCode, string output, string error) = sandbox.Run("", verb, "--json");
        Assert.Equal((0, ""), (exitCode, error));
        using JsonDocument document = JsonDocument.Parse(output);
        if (verb is "ps" or "images")
            Assert.Equal(0, document.RootElement.GetArrayLength());
    }

    [Theory]
    [InlineData("--help")]
    [InlineData("run", "--help")]
    [InlineData("pull", "--help")]
    [InlineData("images", "--help")]
    [InlineData("ps", "--help")]
    [InlineData("doctor", "--help")]
    [InlineData("version", "--help")]
    public void Every_verb_has_help_with_examples(params string[] arguments)
    {
        using Sandbox sandbox = new();
        (int exitCode, string output, string error) = sandbox.Run("", arguments);
        Assert.Equal((0, ""), (exitCode, error));
        Assert.Contains("Usage:", output, StringComparison.Ordinal);
        Assert.Contains("Examples:\n", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_arguments_the_help_is_shown()
    {
        using Sandbox sandbox = new();
        Assert.Equal(sandbox.Run("", "--help").Output, sandbox.Run("").Output);
    }

    [Fact]
    public void A_runtime_folder_that_others_can_enter_is_refused()
    {
        using Sandbox sandbox = new();
        _ = Directory.CreateDirectory(sandbox.Registry, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.OtherExecute);
        (int exitCode, _, string error) = sandbox.Run("", "ps");
        Assert.Equal(125, exitCode);
        Assert.Contains("others may use it", error, StringComparison.Ordinal);
    }
}
