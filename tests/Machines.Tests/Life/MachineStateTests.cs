using Strata.Guest.State;
using Strata.Guest.Time;
using Strata.Machines.Tests.Harts;

namespace Strata.Machines.Tests.Life;

/// <summary>The state that is hashed is complete: two machines that differ in one thing alone have different hashes.</summary>
public sealed class MachineStateTests : IDisposable
{
    private readonly HostResources _host = new(1);

    public void Dispose() => _host.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void MachinesOfOneConfigurationAreEqual(bool machineMode)
    {
        using Machine one = Build(machineMode);
        using Machine other = Build(machineMode);
        Assert.Equal(one.State.HashByPart(), other.State.HashByPart());
        Assert.Equal(one.State.Hash(), other.State.Hash());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void EveryPartIsInTheHash(bool machineMode)
    {
        using Machine machine = Build(machineMode);
        string before = machine.State.Hash();
        string[] expected = machineMode ? ["hart0", "hart1", "plic", "clint", "rtc", "uart", "pci", "turns", "clock"] : ["hart0", "hart1", "sbi", "plic", "rtc", "uart", "pci", "turns", "clock"];
        Assert.Superset(expected.ToHashSet(StringComparer.Ordinal), machine.State.Parts.Select(part => part.Name).ToHashSet(StringComparer.Ordinal));
        foreach ((string name, IStateful part) in machine.State.Parts.Where(part => expected.Contains(part.Name, StringComparer.Ordinal)))
        {
            byte[] saved = Saved(part);
            int changes = 0;
            for (int i = 0; i < saved.Length && changes < 10; i++)
            {
                if (!TryRestore(part, [.. saved[..i], (byte)(saved[i] ^ 1), .. saved[(i + 1)..]]))
                    continue;
                changes++;
                Assert.NotEqual(before, machine.State.Hash());
            }

            Assert.True(changes > 0, $"nothing in {name} can be changed");
            Assert.True(TryRestore(part, saved));
        }

        // The clock comes last and has taken back what the others' restoring did to their events.
        Assert.Equal(before, machine.State.Hash());
    }

    [Fact]
    public void AStartThatHasNotReachedItsHartIsState()
    {
        string[] hashes =
        [
            Hash(_ => { }),
            Hash(sbi => sbi.StartHart(1, 0x8000_0000, 0)),
            Hash(sbi => sbi.StartHart(1, 0x8000_0000, 1)),
            Hash(sbi => sbi.StartHart(1, 0x8000_0004, 0)),
            Hash(sbi =>
            {
                sbi.StartHart(1, 0x8000_0000, 0);
                sbi.SendIpi(1);
            }),
            Hash(sbi => sbi.StopHart(1)),
        ];
        Assert.Equal(hashes.Length, hashes.Distinct(StringComparer.Ordinal).Count());

        string Hash(Action<SbiPlatform> act)
        {
            using Machine machine = Build(machineMode: false);
            SbiPlatform sbi = (SbiPlatform)machine.State.Parts.Single(part => part.Name == "sbi").Part;
            act(sbi);
            string hash = machine.State.Hash();
            byte[] saved = Saved(sbi);
            using Machine other = Build(machineMode: false);
            IStateful restored = other.State.Parts.Single(part => part.Name == "sbi").Part;
            Assert.True(TryRestore(restored, saved));
            Assert.Equal(hash, other.State.Hash());
            return hash;
        }
    }

    [Fact]
    public void AnEventThatIsScheduledIsState()
    {
        using Machine machine = Build(machineMode: true);
        string before = machine.State.Hash();
        ClockEvent made = machine.Clock.CreateEvent("test", () => null);
        Assert.Equal(before, machine.State.Hash());
        made.Set(1000);
        string scheduled = machine.State.Hash();
        made.Set(1001);
        Assert.Equal(3, new[] { before, scheduled, machine.State.Hash() }.Distinct(StringComparer.Ordinal).Count());
        made.Cancel();
        Assert.Equal(before, machine.State.Hash());
    }

    private static byte[] Saved(IStateful part)
    {
        StateWriter writer = new();
        part.Save(writer);
        return writer.Written.ToArray();
    }

    // True if the part took the state and has it now.
    private static bool TryRestore(IStateful part, byte[] state)
    {
        try
        {
            StateReader reader = new(state);
            part.Restore(ref reader);
            return Saved(part).AsSpan().SequenceEqual(state);
        }
        catch (InvalidStateException)
        {
            return false;
        }
    }

    private Machine Build(bool machineMode) =>
        MachineBuilder.Build(_host, new SmpRun(SmpTest.Messages, 1, 2, MachineMode: machineMode, Deterministic: true).Configuration);
}
