using Microsoft.Win32.SafeHandles;
using Strata.Host.Terminals;

namespace Strata.Cli.Output;

/// <summary>The three standard streams as plain descriptors: System.Console changes a terminal's mode behind one's back.</summary>
internal static class StandardStreams
{
    /// <summary>Descriptor 0.</summary>
    internal static SafeFileHandle Input { get; } = new(0, ownsHandle: false);

    /// <summary>Descriptor 1.</summary>
    internal static SafeFileHandle Output { get; } = new(1, ownsHandle: false);

    /// <summary>Descriptor 2.</summary>
    internal static SafeFileHandle Error { get; } = new(2, ownsHandle: false);

    /// <summary>Writes a result.</summary>
    /// <exception cref="CommandException">Nobody reads, or the disk is full.</exception>
    internal static void WriteResult(string text)
    {
        try
        {
            if (!new DescriptorStream(Output).Write(System.Text.Encoding.UTF8.GetBytes(text)))
                throw new CommandException("E-OUTPUT", "cannot write the result", "nobody reads standard output", exitCode: ExitCode.BrokenPipe);
        }
        catch (IOException failure)
        {
            throw new CommandException("E-OUTPUT", "cannot write the result", failure.Message);
        }
    }

    /// <summary>Writes a message; when that fails there is nobody to tell.</summary>
    internal static void WriteMessage(string text)
    {
        try
        {
            _ = new DescriptorStream(Error).Write(System.Text.Encoding.UTF8.GetBytes(text));
        }
        catch (IOException)
        {
            // Nobody to tell.
        }
    }
}
