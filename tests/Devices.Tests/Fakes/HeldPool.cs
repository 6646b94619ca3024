namespace Strata.Devices.Tests.Fakes;

/// <summary>A worker pool that works when the test says so, in any order.</summary>
internal sealed class HeldPool
{
    private readonly List<Action> _held = [];

    /// <summary>Work is done at once.</summary>
    public bool IsOpen { get; set; } = true;

    public int Count => _held.Count;

    public void Queue(Action work)
    {
        if (IsOpen)
            work();
        else
            _held.Add(work);
    }

    /// <summary>Does one piece of the held work.</summary>
    public void Do(int index = 0)
    {
        Action work = _held[index];
        _held.RemoveAt(index);
        work();
    }

    public void DoAll()
    {
        while (_held.Count > 0)
            Do();
    }
}
