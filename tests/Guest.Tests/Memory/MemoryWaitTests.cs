using Strata.Guest.Memory;

namespace Strata.Guest.Tests.Memory;

/// <summary>A wait completes once, and nobody who registers is forgotten.</summary>
public sealed class MemoryWaitTests
{
    [Fact]
    public void ContinuationsRunOnceEach()
    {
        MemoryWait wait = new();
        int runs = 0;
        wait.OnCompleted(() => runs++);
        wait.OnCompleted(() => wait.OnCompleted(() => runs += 10));
        Assert.False(wait.IsCompleted);
        wait.Complete();
        wait.Complete();
        Assert.True(wait.IsCompleted);
        Assert.Equal(11, runs);
        wait.OnCompleted(() => runs += 100);
        Assert.Equal(111, runs);
    }

    [Fact]
    public void NoRegistrationIsLostAgainstACompletion()
    {
        for (int round = 0; round < 2000; round++)
        {
            MemoryWait wait = new();
            int runs = 0;
            using Barrier start = new(2);
            Thread other = new(() =>
            {
                start.SignalAndWait();
                wait.OnCompleted(() => Interlocked.Increment(ref runs));
            });
            other.Start();
            start.SignalAndWait();
            wait.Complete();
            other.Join();
            Assert.Equal(1, runs);
        }
    }

    [Fact]
    public void ABlockedThreadCanBeCalledOffAndTheWaitCompletesLater()
    {
        MemoryWait wait = new();
        using CancellationTokenSource source = new();
        source.CancelAfter(20);
        Assert.Throws<OperationCanceledException>(() => wait.Block(source.Token));
        wait.Complete();
        wait.Block(source.Token.IsCancellationRequested ? CancellationToken.None : source.Token);
    }
}
