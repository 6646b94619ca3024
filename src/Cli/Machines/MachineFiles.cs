using System.Runtime.InteropServices;
using Strata.Api.Machines;
using Strata.Cli.Output;
using Strata.Host.Files;

namespace Strata.Cli.Machines;

/// <summary>The files of a machine, opened here and handed to its monitor, and the record that names them.</summary>
internal sealed class MachineFiles : IDisposable
{
    private readonly List<SafeHandle> _files = [];

    private MachineFiles()
    {
    }

    /// <summary>The open files, in the order of the record's numbers.</summary>
    internal IReadOnlyList<SafeHandle> Files => _files;

    /// <summary>What to make of them.</summary>
    internal MachineRecord Machine { get; private set; } = new() { Boot = new(), MemoryBytes = 0 };

    /// <summary>Opens everything that the plan names; an image that is missing is pulled first.</summary>
    /// <exception cref="CommandException">Something cannot be had.</exception>
    internal static async Task<MachineFiles> OpenAsync(RunPlan plan, ProgressDisplay progress, CancellationToken cancellation)
    {
        MachineFiles files = new();
        try
        {
            BootRecord boot = plan.UsesFirmware ? await files.FirmwareAsync(plan, progress, cancellation) : await files.KernelAsync(plan, progress, cancellation);
            files.Machine = new()
            {
                Image = plan.UsesImage ? plan.Image ?? Verbs.RunVerb.DefaultImage : null,
                Command = plan.Command is { } command ? string.Join(' ', command) : null,
                Boot = boot,
                MemoryBytes = plan.MemoryBytes,
                Disks = [.. plan.Disks.Select(files.Disk)],
                Deterministic = plan.Deterministic,
                Engine = plan.Engine,
            };
            return files;
        }
        catch
        {
            files.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (SafeHandle file in _files)
            file.Dispose();
    }

    private async Task<BootRecord> FirmwareAsync(RunPlan plan, ProgressDisplay progress, CancellationToken cancellation)
    {
        string? firmware = plan.Firmware, payload = plan.Kernel;
        if (firmware is null)
        {
            Images.FirmwareFiles image = (await ImageSource.GetAsync(RunPlan.FirmwareImage, progress, cancellation)).Firmware!;
            firmware = image.Firmware;
            payload ??= image.Payload;
        }

        return new()
        {
            Firmware = Open(firmware, "firmware"),
            Payload = payload is { } next ? Open(next, "kernel") : null,
            Initrd = plan.Initrd is { } initrd ? Open(initrd, "initial RAM file system") : null,
            Append = plan.Append ?? "",
        };
    }

    private async Task<BootRecord> KernelAsync(RunPlan plan, ProgressDisplay progress, CancellationToken cancellation)
    {
        if (plan.Kernel is { } kernel)
        {
            return new()
            {
                Kernel = Open(kernel, "kernel"),
                Initrd = plan.Initrd is { } initrd ? Open(initrd, "initial RAM file system") : null,
                Append = plan.Append ?? "console=hvc0",
            };
        }

        Images.KernelFiles image = (await ImageSource.GetAsync(plan.Image ?? Verbs.RunVerb.DefaultImage, progress, cancellation)).Kernel!;
        return new()
        {
            Kernel = Open(image.Kernel, "image's kernel"),
            Initrd = Open(image.Initrd, "image's initial RAM file system"),
            Append = ImageAppend(plan),
        };
    }

    /// <summary>The image's words on the kernel's command line: where its console is, which terminal that is, whether it is for commands only.</summary>
    private static string ImageAppend(RunPlan plan)
    {
        List<string> words = plan.Command is null ? ["console=hvc0", "quiet"] : ["console=hvc0", "quiet", "strata.exec"];
        string? terminal = Environment.GetEnvironmentVariable("TERM");
        if (plan.Command is null && terminal is { Length: > 0 and <= 64 } && terminal.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.' or '+' or '_'))
            words.Add($"strata.term={terminal}");
        if (plan.Append is { Length: > 0 } more)
            words.Add(more);
        return string.Join(' ', words);
    }

    private DiskRecord Disk(DiskArgument disk)
    {
        FileRecord file = Open(disk.File, "disk", disk.ReadOnly ? FileAccess.Read : FileAccess.ReadWrite);
        return new() { File = file, ReadOnly = disk.ReadOnly, Serial = disk.Serial };
    }

    private FileRecord Open(string path, string what, FileAccess access = FileAccess.Read)
    {
        try
        {
            // ReadWrite sharing: .NET then takes no lock of its own, which would end the disk's when this process closes its copy.
            _files.Add(File.OpenHandle(path, FileMode.Open, access, FileShare.ReadWrite | FileShare.Delete));
            return new(_files.Count - 1, Path.GetFileName(path));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            string? hint = failure is not UnauthorizedAccessException || Directory.Exists(path) ? null
                : access != FileAccess.Read ? $"become its owner, or have its owner permit it (chmod); a disk that may only be read is given as --disk {path},ro"
                : "become its owner, or have its owner permit it (chmod)";
            throw new CommandException("E-FILE", $"cannot open the {what}", Reason(path, failure), hint);
        }
    }

    private static string Reason(string path, Exception failure) => failure switch
    {
        FileNotFoundException or DirectoryNotFoundException => $"there is no file {path}",
        UnauthorizedAccessException when Directory.Exists(path) => $"{path} is a folder",
        UnauthorizedAccessException => $"permission to open {path} is denied: {FileOwner.Describe(path) ?? "a folder on the way to it may not be entered"}",
        _ => failure.Message,
    };
}
