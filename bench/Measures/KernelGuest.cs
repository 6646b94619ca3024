using System.Globalization;
using Strata.Bench.Peers;

namespace Strata.Bench.Measures;

/// <summary>The program <c>bench/guest/kernels</c> in some emulator: named loops, each run when it is asked for.</summary>
internal sealed class KernelGuest : IDisposable
{
    private readonly Peer _peer;

    /// <summary>Takes over an emulator that was started with the program.</summary>
    public KernelGuest(Peer peer)
    {
        _peer = peer;
        _ = peer.Console.WaitFor("ready\n", BenchRun.Patience);
    }

    /// <summary>Runs a loop.</summary>
    /// <param name="kernel">Its name.</param>
    /// <param name="rounds">How often it turns.</param>
    public KernelRun Run(string kernel, long rounds)
    {
        TimeSpan before = _peer.CpuTime;
        _peer.Send(string.Create(CultureInfo.InvariantCulture, $"{kernel} {rounds}\n"));
        _ = _peer.Console.WaitFor($"end {kernel} ", BenchRun.Patience);
        string[] words = _peer.Console.WaitFor("\n", BenchRun.Patience).Trim().Split(' ');
        TimeSpan used = _peer.CpuTime - before;         // the guest sleeps again
        return new(words[0], long.Parse(words[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture), used);
    }

    /// <inheritdoc/>
    public void Dispose() => _peer.Dispose();
}

/// <summary>One run of a loop.</summary>
/// <param name="Checksum">What it computed: the same on every machine.</param>
/// <param name="Instructions">Retired instructions, if the machine counts them (QEMU counts time).</param>
/// <param name="CpuTime">What the host spent.</param>
internal sealed record KernelRun(string Checksum, long Instructions, TimeSpan CpuTime);
