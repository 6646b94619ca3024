using System.Globalization;
using Strata.Bench.Measures;
using Strata.Bench.Peers;

namespace Strata.Bench.Classes;

/// <summary>The driver <c>bench/guest/programs/driver.c</c>, in some emulator or on the host itself.</summary>
internal sealed class ProgramDriver : IDisposable
{
    private readonly Peer _peer;
    private readonly bool _native;

    /// <summary>Takes over what was started with the driver.</summary>
    /// <param name="peer">An emulator whose guest's first process is the driver, or the driver.</param>
    /// <param name="native">True for the driver itself.</param>
    public ProgramDriver(Peer peer, bool native)
    {
        _peer = peer;
        _native = native;
    }

    /// <summary>What the host has spent on it so far.</summary>
    public TimeSpan CpuTime => _peer.CpuTime;

    /// <summary>Waits until it listens.</summary>
    public void Await() => _ = _peer.Console.WaitFor("ready", BenchRun.Patience);

    /// <summary>Runs a program.</summary>
    /// <exception cref="BenchException">It failed, or did not end.</exception>
    public ProgramRun Run(MeasuredProgram program, bool alone)
    {
        TimeSpan before = _peer.CpuTime;
        _peer.Send(string.Create(CultureInfo.InvariantCulture, $"{(alone ? "alone" : "beside")} {program.Name} {program.Rounds}\n"));
        string printed = _peer.Console.WaitFor($"end {program.Name} ", BenchRun.Patience);
        string[] words = _peer.Console.WaitFor("\n", BenchRun.Patience).Trim().Split(' ');
        TimeSpan used = _peer.CpuTime - before;         // the guest sleeps again
        if (words[0] != "0")
            throw new BenchException($"{program.Name} ended with status {words[0]}: {printed.Trim()}");

        // The host's accounting of a process that has ended is exact only where its parent asks.
        return new(words[1], _native ? TimeSpan.FromMicroseconds(long.Parse(words[2], CultureInfo.InvariantCulture)) : used);
    }

    /// <inheritdoc/>
    public void Dispose() => _peer.Dispose();
}

/// <summary>One run of a program.</summary>
/// <param name="Checksum">That of all that it printed.</param>
/// <param name="CpuTime">What the host spent.</param>
internal sealed record ProgramRun(string Checksum, TimeSpan CpuTime);
