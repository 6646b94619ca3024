using System.Security.Cryptography;
using System.Text;
using Strata.Devices.Consoles;
using Strata.Machines.Boot;

namespace Strata.Machines.Tests.Harts;

/// <summary>
/// A deterministic machine whose driver is hostile (tests/guest/disk: it looks at buffers, and changes them, while they are the device's) computes the same
/// states however long the host takes for its disk, and wherever pages are meanwhile.
/// </summary>
public sealed class DiskDeterminismTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    [Fact]
    public void WhenTheHostReadsAndWritesIsNotSeen()
    {
        int seed = Seed.Take(output);
        List<string> once = Run(seed, 0, rounds: 40);
        Assert.True(once.Count > 100, $"only {once.Count} hashes");
        Assert.Equal(once, Run(seed + 2, 0.1, rounds: 40));
        Assert.Equal(once, Run(seed + 1, 0, rounds: 40, "translator"));
        Assert.Equal(once, Run(seed + 3, 0.1, rounds: 40, "translator, small cache"));
    }

    private List<string> Run(int seed, double absenceRate, ulong rounds, string engine = "interpreter")
    {
        using HostResources host = new(1);
        using SlowDisk disk = new(seed, 4096 * 512);
        using Machine machine = MachineBuilder.Build(host, new MachineConfiguration
        {
            Boot = new FirmwareBoot(new BootFile(GuestElf.Load("disk", rounds, seed: 20261121), "disk")),
            MemoryBytes = 16 << 20,
            Deterministic = true,
            Disks = [new DiskConfiguration(disk)],
        }.On(engine));
        RandomAbsence absence = new(seed, absenceRate, host);
        if (absenceRate > 0)
            machine.Memory.Absence = (_, _) => absence.Ask();
        List<string> hashes = [];
        machine.OnCheckpoint(count => hashes.Add($"{count} {machine.State.Hash()} {string.Join(' ', machine.State.HashByPart())}"), every: 10_000);
        using ManualResetEventSlim off = new();
        machine.OnExit(_ => off.Set());
        machine.Start();
        if (!off.Wait(Patience))
            machine.Kill();
        Assert.True(off.Wait(Patience));
        Assert.True(machine.Exit is { Reason: MachineExitReason.PoweredOff, Code: 0 }, $"{machine.Exit} {machine.Exit!.Message}");
        byte[] text = new byte[ConsolePort.BufferSizeBytes];
        hashes.Add(Encoding.ASCII.GetString(text, 0, machine.Serial.Receive(text)));
        hashes.Add(Convert.ToHexStringLower(SHA256.HashData(disk.Content)));
        output.WriteLine($"{machine.InstructionsRetired} instructions, {disk.RequestCount} requests, {absence.Count} absences, {hashes.Count} hashes; {hashes[^2]}");
        return hashes;
    }
}
