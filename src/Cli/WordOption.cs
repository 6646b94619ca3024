using System.CommandLine.Parsing;
using Strata.Cli.Output;

namespace Strata.Cli;

/// <summary>Options that take one of a few words.</summary>
internal static class WordOption
{
    /// <summary>What the word means that was given.</summary>
    /// <exception cref="CommandException">It is none of <paramref name="words"/>.</exception>
    internal static T Read<T>(ArgumentResult given, IReadOnlyDictionary<string, T> words)
    {
        string word = given.Tokens.Count > 0 ? given.Tokens[0].Value : "";
        if (words.TryGetValue(word, out T? meant))
            return meant;
        string option = given.Parent is OptionResult { Option.Name: { } name } ? name : given.Argument.Name;
        string? near = words.Keys.Where(known => Spelling.IsNear(word, known)).MinBy(known => Spelling.Distance(word, known));
        throw new CommandException(
            "E-USAGE", "cannot understand the command line", $"{option} does not take {word}",
            near is null ? $"it takes {string.Join(" or ", words.Keys)}" : $"did you mean {near}?", ExitCode.Usage);
    }
}
