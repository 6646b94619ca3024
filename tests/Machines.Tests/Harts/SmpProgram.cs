using System.Buffers.Binary;
using Strata.Guest.Memory;
using Strata.Machines.Boot;

namespace Strata.Machines.Tests.Harts;

/// <summary>What the programs of tests/guest/smp are told to do.</summary>
internal enum SmpTest : ulong
{
    StartsAndStops = 1,
    Interrupts = 2,
    RemoteFences = 3,
    LocalFences = 4,
    Messages = 5,
    Contention = 6,
    WritesCode = 7,
    Endless = 8,
}

/// <summary>How a program of several harts is run.</summary>
internal sealed record SmpRun(SmpTest Test, ulong Count, int Harts = 2, bool Paging = false, bool MachineMode = false, bool Deterministic = false, string Engine = "interpreter")
{
    public const ulong MemoryBytes = 64 << 20;

    /// <summary>Pages that the program uses: its image, the pages beyond it, the fresh ones.</summary>
    public static IReadOnlyList<ulong> Pages { get; } =
    [
        .. Enumerable.Range(0, 0x36).Select(page => 0x8000_0000UL + ((ulong)page * GuestMemory.PageSize)),
        .. Enumerable.Repeat(Enumerable.Range(0, 3), 8).SelectMany(pages => pages).Select(page => 0x8100_0000UL + ((ulong)page * GuestMemory.PageSize)),
        .. Enumerable.Range(0, 256).Select(page => 0x8101_0000UL + ((ulong)page * GuestMemory.PageSize)),
    ];

    public MachineConfiguration Configuration
    {
        get
        {
            BootFile file = new(Image(), "smp");
            return new MachineConfiguration
            {
                Boot = MachineMode ? new FirmwareBoot(file) : new DirectBoot(file, null, ""),
                MemoryBytes = MemoryBytes,
                HartCount = Harts,
                Deterministic = Deterministic,
                Seed = 1,
            }.On(Engine);
        }
    }

    private byte[] Image()
    {
        const int ParametersOffset = 64;
        SourceTree.Run("bash", Path.Combine(SourceTree.Root, "tests/guest/build"));
        byte[] image = File.ReadAllBytes(Path.Combine(SourceTree.Root, ".artifacts/guest", MachineMode ? "smp-machine.bin" : "smp.bin"));
        ReadOnlySpan<ulong> parameters = [(ulong)Test, Count, (ulong)Harts, Paging ? 1UL : 0];
        for (int i = 0; i < parameters.Length; i++)
            BinaryPrimitives.WriteUInt64LittleEndian(image.AsSpan(ParametersOffset + (i * sizeof(ulong))), parameters[i]);
        return image;
    }
}
