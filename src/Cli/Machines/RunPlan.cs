using Strata.Cli.Output;

namespace Strata.Cli.Machines;

/// <summary>What <c>run</c> was asked for.</summary>
internal sealed record RunPlan
{
    /// <summary>The image of OpenSBI and U-Boot.</summary>
    internal const string FirmwareImage = "firmware";

    /// <summary>The image; null for the default one, or none.</summary>
    internal string? Image { get; init; }

    /// <summary>A kernel of the user's.</summary>
    internal string? Kernel { get; init; }

    /// <summary>Its initial RAM file system.</summary>
    internal string? Initrd { get; init; }

    /// <summary>More of its command line.</summary>
    internal string? Append { get; init; }

    /// <summary>Whether a firmware starts in machine mode.</summary>
    internal bool UsesFirmware { get; init; }

    /// <summary>The firmware; null for the image of OpenSBI and U-Boot.</summary>
    internal string? Firmware { get; init; }

    /// <summary>The disks.</summary>
    internal IReadOnlyList<DiskArgument> Disks { get; init; } = [];

    /// <summary>The size of RAM.</summary>
    internal long MemoryBytes { get; init; }

    /// <summary>Whether it computes the same every time.</summary>
    internal bool Deterministic { get; init; }

    /// <summary>What executes its instructions; null for the best there is.</summary>
    internal string? Engine { get; init; }

    /// <summary>The command to run in it; null for the console.</summary>
    internal IReadOnlyList<string>? Command { get; init; }

    /// <summary>Whether an image is to be run.</summary>
    internal bool UsesImage => Kernel is null && !UsesFirmware;

    /// <summary>Refuses what contradicts itself.</summary>
    /// <exception cref="CommandException">It does.</exception>
    internal void Check()
    {
        string? why = this switch
        {
            { Image: not null, UsesImage: false } => "an image brings its own kernel: leave either the image or --kernel and --firmware out",
            { Image: FirmwareImage } => "the image firmware has no kernel: start it with strata run --firmware",
            { Initrd: not null, UsesImage: true } => "--initrd needs --kernel",
            { Command: [] } => "there is no command after --",
            { Command: not null, UsesFirmware: true } => "a command needs an image with the agent, and --firmware runs none",
            _ => null,
        };
        if (why is not null)
            throw new CommandException("E-USAGE", "cannot understand the command line", why, "run: strata run --help", ExitCode.Usage);
    }
}

/// <summary>A disk as it is given: <c>FILE[,ro][,serial=S]</c>.</summary>
/// <param name="File">The raw image.</param>
/// <param name="ReadOnly">Whether the guest may only read it.</param>
/// <param name="Serial">The serial number the guest sees.</param>
internal sealed record DiskArgument(string File, bool ReadOnly, string? Serial)
{
    private const int MostSerialBytes = 20;

    /// <summary>Takes it apart, from its end: a comma in the file's name does no harm.</summary>
    /// <exception cref="CommandException">The serial number is too long.</exception>
    internal static DiskArgument Parse(string text)
    {
        bool readOnly = false;
        string? serial = null;
        string file = text;
        while (file.LastIndexOf(',') is > 0 and var comma)
        {
            string part = file[(comma + 1)..];
            if (part == "ro")
                readOnly = true;
            else if (part.StartsWith("serial=", StringComparison.Ordinal))
                serial = part["serial=".Length..];
            else
                break;
            file = file[..comma];
        }

        return serial is null || (serial.Length <= MostSerialBytes && serial.All(char.IsAscii))
            ? new(file, readOnly, serial)
            : throw new CommandException("E-USAGE", "cannot understand the command line", $"the serial number {serial} is not at most {MostSerialBytes} ASCII characters", exitCode: ExitCode.Usage);
    }
}
