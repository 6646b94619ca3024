using System.Diagnostics;

namespace Strata.Conformance.Differential;

/// <summary>One of the bare-metal programs of <c>tests/guest</c>, built when its sources are newer.</summary>
public sealed class GuestProgram
{
    private readonly byte[] _image;
    private readonly int _block;

    private GuestProgram(string name, byte[] image)
    {
        Name = name;
        _image = image;
        _block = Parameters.Find(image);
        if (_block < 0) throw new InvalidDataException($"{name}.elf has no parameter block: runtime.c and Parameters.cs disagree");
    }

    /// <summary>The folder of <c>tests/guest</c> it is made from.</summary>
    public string Name { get; }

    /// <summary>Builds and loads a program.</summary>
    /// <exception cref="InvalidOperationException">It does not build, or the cross compiler is missing.</exception>
    public static GuestProgram Load(string name)
    {
        string output = Path.Combine(SourceTree.Root, ".artifacts", "guest");
        ProcessStartInfo start = new(Path.Combine(SourceTree.Root, "tests", "guest", "build"), [output]) { UseShellExecute = false, RedirectStandardError = true };
        using Process build = Process.Start(start)!;
        string errors = build.StandardError.ReadToEnd();
        build.WaitForExit();
        if (build.ExitCode != 0) throw new InvalidOperationException($"The guest programs do not build: {errors}");
        return new GuestProgram(name, File.ReadAllBytes(Path.Combine(output, $"{name}.elf")));
    }

    /// <summary>The ELF image with these parameters in it.</summary>
    public byte[] With(Parameters parameters)
    {
        byte[] image = [.. _image];
        parameters.WriteTo(image.AsSpan(_block, Parameters.SizeBytes));
        return image;
    }
}

/// <summary>Where the sources lie.</summary>
public static class SourceTree
{
    /// <summary>The folder of <c>Strata.slnx</c>, above the running test program.</summary>
    public static string Root { get; } = FindRoot();

    private static string FindRoot()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Strata.slnx"))) folder = folder.Parent;
        return folder?.FullName ?? throw new InvalidOperationException("The tests run inside the source tree: Strata.slnx was not found");
    }
}
