using Strata.Guest.Memory;
using Strata.Guest.Sbi;

namespace Strata.Guest.Tests.Sbi;

/// <summary>A machine that writes down what the SBI asks of it.</summary>
internal sealed class TestPlatform(int hartCount) : ISbiPlatform
{
    public List<string> Calls { get; } = [];

    public HartLifecycle[] Harts { get; } = [.. Enumerable.Repeat(HartLifecycle.Stopped, hartCount)];

    public MemoryWait? FenceWait { get; set; }

    public List<byte> Console { get; } = [];

    public Queue<byte> Input { get; } = new();

    /// <summary>How many bytes the console takes or gives at once.</summary>
    public int ConsoleLimit { get; set; } = int.MaxValue;

    public int HartCount => hartCount;

    public void SendIpi(int hartId) => Calls.Add($"ipi {hartId}");

    public MemoryWait? RemoteFence(ulong hartMask, int callingHart)
    {
        Calls.Add($"fence {hartMask:x} by {callingHart}");
        return FenceWait;
    }

    public HartLifecycle Lifecycle(int hartId) => Harts[hartId];

    public bool StartHart(int hartId, ulong address, ulong opaque)
    {
        Calls.Add($"start {hartId} at {address:x} with {opaque:x}");
        bool stopped = Harts[hartId] == HartLifecycle.Stopped;
        Harts[hartId] = HartLifecycle.Started;
        return stopped;
    }

    public void StopHart(int hartId) => Calls.Add($"stop {hartId}");

    public void SetTimer(int hartId, ulong deadlineTicks) => Calls.Add($"timer {hartId} {deadlineTicks:x}");

    public void Reset(bool reboot, bool failed) => Calls.Add($"reset {reboot} {failed}");

    public int WriteConsole(ReadOnlySpan<byte> bytes)
    {
        int taken = Math.Min(bytes.Length, ConsoleLimit);
        Console.AddRange(bytes[..taken]);
        return taken;
    }

    public int ReadConsole(Span<byte> bytes)
    {
        int count = Math.Min(Math.Min(bytes.Length, Input.Count), ConsoleLimit);
        for (int i = 0; i < count; i++)
            bytes[i] = Input.Dequeue();
        return count;
    }
}
