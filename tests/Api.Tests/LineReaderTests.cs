using System.Text;
using Strata.Api.Control;

namespace Strata.Api.Tests;

public sealed class LineReaderTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Lines_come_apart_however_the_bytes_arrive()
    {
        Random random = new(Seed.Take());
        for (int round = 0; round < 200; round++)
        {
            string[] lines = [.. Enumerable.Range(0, random.Next(8)).Select(_ => new string((char)random.Next('a', 'z'), random.Next(300)))];
            LineReader reader = Reader(string.Concat(lines.Select(line => line + "\n")) + "rest", random, 300 + 1);
            foreach (string line in lines)
                Assert.Equal(line, await NextAsync(reader));
            string rest = Encoding.ASCII.GetString(reader.TakeRest().Span);
            Assert.StartsWith(rest, "rest", StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_line_may_be_as_long_as_the_limit_and_no_longer()
    {
        Assert.Equal(new string('x', 99), await NextAsync(Reader(new string('x', 99) + "\n", new(1), 100)));
        await Assert.ThrowsAsync<ControlProtocolException>(() => NextAsync(Reader(new string('x', 100) + "\n", new(1), 100)));
    }

    [Fact]
    public async Task The_end_inside_a_line_is_an_error_and_between_lines_is_not()
    {
        Assert.Null(await NextAsync(Reader("", new(1), 100)));
        await Assert.ThrowsAsync<ControlProtocolException>(() => NextAsync(Reader("half", new(1), 100)));
    }

    private static LineReader Reader(string text, Random random, int limit)
    {
        byte[] bytes = Encoding.ASCII.GetBytes(text);
        int at = 0;
        return new(
            (memory, _) =>
            {
                int count = Math.Min(Math.Min(memory.Length, bytes.Length - at), random.Next(1, 40));
                bytes.AsMemory(at, count).CopyTo(memory);
                at += count;
                return new(count);
            },
            limit);
    }

    private static async Task<string?> NextAsync(LineReader reader) =>
        await reader.ReadAsync(Token) is { } line ? Encoding.ASCII.GetString(line.Span) : null;
}
