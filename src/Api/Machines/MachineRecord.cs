namespace Strata.Api.Machines;

/// <summary>A machine as it is asked for.</summary>
/// <remarks>Properties with a default are settable: generated JSON code sets every init-only property, to null where the line says nothing.</remarks>
public sealed record MachineRecord
{
    /// <summary>The name of the image it was made from, for people; null when its files were given one by one.</summary>
    public string? Image { get; init; }

    /// <summary>The command that is to run in it, for people; null for a console.</summary>
    public string? Command { get; init; }

    /// <summary>How it starts.</summary>
    public required BootRecord Boot { get; init; }

    /// <summary>The size of its RAM.</summary>
    public required long MemoryBytes { get; init; }

    /// <summary>Its disks, in the order of their slots.</summary>
    public IReadOnlyList<DiskRecord> Disks { get; set; } = [];

    /// <summary>Whether it computes the same every time.</summary>
    public bool Deterministic { get; init; }

    /// <summary>What executes its instructions: one of <see cref="MachineEngine"/>; null for the best there is.</summary>
    public string? Engine { get; init; }
}

/// <summary>What can execute a machine's instructions, as it is written.</summary>
public static class MachineEngine
{
    /// <summary>They are translated to machine code of the host.</summary>
    public const string Translator = "translator";

    /// <summary>They are executed one by one, with the same results.</summary>
    public const string Interpreter = "interpreter";
}

/// <summary>How a machine starts: a kernel by the monitor's own firmware interface, or a firmware of the user's.</summary>
public sealed record BootRecord
{
    /// <summary>A kernel's Image, started in S-mode; excludes <see cref="Firmware"/>.</summary>
    public FileRecord? Kernel { get; init; }

    /// <summary>Its initial RAM file system.</summary>
    public FileRecord? Initrd { get; init; }

    /// <summary>Its command line.</summary>
    public string Append { get; set; } = "";

    /// <summary>What starts in M-mode: an ELF file or a raw image.</summary>
    public FileRecord? Firmware { get; init; }

    /// <summary>What the firmware starts next (OpenSBI's fw_dynamic and fw_jump): an ELF file or a raw image.</summary>
    public FileRecord? Payload { get; init; }
}

/// <summary>A disk of a machine.</summary>
public sealed record DiskRecord
{
    /// <summary>Its raw image.</summary>
    public required FileRecord File { get; init; }

    /// <summary>Whether the guest may only read it.</summary>
    public bool ReadOnly { get; init; }

    /// <summary>The serial number that the guest sees, at most 20 bytes.</summary>
    public string? Serial { get; init; }
}

/// <summary>An open file that came with the line.</summary>
/// <param name="Index">Its place among the line's files, from 0.</param>
/// <param name="Name">Its name, for messages only.</param>
public sealed record FileRecord(int Index, string Name);
