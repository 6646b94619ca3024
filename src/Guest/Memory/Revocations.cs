using Strata.Guest.Processors;

namespace Strata.Guest.Memory;

/// <summary>
/// Takes cached translations back from all carriers of a machine, and knows when that has landed.
/// </summary>
/// <remarks>
/// A revocation names a guest page (or all pages, or none: a bare fence). A carrier that is not in guest code catches up before it enters it the next time. One
/// that is may hold a loaded translation, so its hart is kicked and the revocation lands when the last such carrier has left guest code once: that is the grace
/// period. Nobody blocks: whoever needs the landing gets a <see cref="MemoryWait"/>.
/// <para>Lock order: the memory's lock, then this one. Landings run without either.</para>
/// </remarks>
public sealed class Revocations
{
    /// <summary>Names every page.</summary>
    public const ulong AllPages = ulong.MaxValue;

    /// <summary>Names no page: only the grace period is wanted.</summary>
    public const ulong NoPage = ulong.MaxValue - 1;

    private const int LogLength = 64;

    private readonly Lock _lock = new();

    // All guarded by _lock.
    private readonly List<CarrierSlot> _slots = [];
    private readonly ulong[] _log = new ulong[LogLength];
    private readonly List<GracePeriod> _gracePeriods = [];
    private long _begun;

    private sealed class GracePeriod(List<CarrierSlot> outstanding, Action? whenLanded)
    {
        public List<CarrierSlot> Outstanding { get; } = outstanding;

        public Action? WhenLanded { get; } = whenLanded;

        public MemoryWait Wait { get; } = new();
    }

    /// <summary>Registers a carrier's fills for this machine.</summary>
    public CarrierSlot Register(ICarrierFills fills)
    {
        lock (_lock)
        {
            CarrierSlot slot = new(fills) { Seen = _begun };
            _slots.Add(slot);
            return slot;
        }
    }

    /// <summary>Forgets a carrier that will not run this machine any more; what still waits for it goes on.</summary>
    public void Unregister(CarrierSlot slot)
    {
        Leave(slot);
        lock (_lock)
            _slots.Remove(slot);
    }

    /// <summary>The carrier is about to run <paramref name="hart"/>: catches up with what was revoked meanwhile.</summary>
    public void Enter(CarrierSlot slot, IProcessor hart)
    {
        lock (_lock)
        {
            CatchUp(slot);
            slot.Running = hart;
        }
    }

    /// <summary>The carrier has left guest code: grace periods that waited for it go on.</summary>
    public void Leave(CarrierSlot slot)
    {
        List<GracePeriod>? landed = null;
        lock (_lock)
        {
            slot.Running = null;
            CatchUp(slot);
            for (int i = _gracePeriods.Count - 1; i >= 0; i--)
            {
                GracePeriod period = _gracePeriods[i];
                if (period.Outstanding.Remove(slot) && period.Outstanding.Count == 0)
                {
                    _gracePeriods.RemoveAt(i);
                    (landed ??= []).Add(period);
                }
            }
        }

        if (landed is null)
            return;
        for (int i = landed.Count - 1; i >= 0; i--)
        {
            landed[i].WhenLanded?.Invoke();
            landed[i].Wait.Complete();
        }
    }

    /// <summary>Begins to take back every translation of <paramref name="pageAddress"/>.</summary>
    /// <param name="pageAddress">A page address, <see cref="AllPages"/> or <see cref="NoPage"/>.</param>
    /// <param name="own">The calling carrier's fills, which are dropped at once; null if the caller is not a carrier in guest code.</param>
    /// <param name="whenLanded">Runs once when the revocation has landed, before the wait completes, if it has not landed already.</param>
    /// <returns>Null: it has landed already and <paramref name="whenLanded"/> is not run. Otherwise what to wait for.</returns>
    public MemoryWait? Begin(ulong pageAddress, ICarrierFills? own, Action? whenLanded = null)
    {
        lock (_lock)
        {
            if (pageAddress != NoPage)
                _log[_begun++ % LogLength] = pageAddress;
            List<CarrierSlot>? outstanding = null;
            foreach (CarrierSlot slot in _slots)
            {
                if (ReferenceEquals(slot.Fills, own))
                {
                    CatchUp(slot);
                }
                else if (slot.Running is not null)
                {
                    (outstanding ??= []).Add(slot);
                    slot.Running.Kick();
                }
            }

            if (outstanding is null)
                return null;
            GracePeriod period = new(outstanding, whenLanded);
            _gracePeriods.Add(period);
            return period.Wait;
        }
    }

    /// <summary>Has every hart that is in guest code, but that of the calling carrier, look at its exit word: nothing is taken back, and nobody waits.</summary>
    /// <param name="own">The calling carrier's fills, or null if the caller is not a carrier in guest code.</param>
    public void KickOthers(ICarrierFills? own)
    {
        lock (_lock)
        {
            foreach (CarrierSlot slot in _slots)
            {
                if (!ReferenceEquals(slot.Fills, own))
                    slot.Running?.Kick();
            }
        }
    }

    private void CatchUp(CarrierSlot slot)
    {
        if (_begun - slot.Seen > LogLength)
        {
            slot.Fills.DropAll();
        }
        else
        {
            for (long i = slot.Seen; i < _begun; i++)
            {
                ulong page = _log[i % LogLength];
                if (page == AllPages)
                    slot.Fills.DropAll();
                else
                    slot.Fills.DropPage(page);
            }
        }

        slot.Seen = _begun;
    }
}

/// <summary>One carrier as <see cref="Revocations"/> sees it.</summary>
public sealed class CarrierSlot
{
    internal CarrierSlot(ICarrierFills fills) => Fills = fills;

    /// <summary>The carrier's cached translations.</summary>
    public ICarrierFills Fills { get; }

    // Both guarded by the lock of Revocations.
    internal long Seen { get; set; }

    internal IProcessor? Running { get; set; }
}
