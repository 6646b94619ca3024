using System.Text.Json;
using Microsoft.Win32.SafeHandles;
using Strata.Api.Control;
using Strata.Debugging;
using Strata.Debugging.Code;
using Strata.Debugging.Profiles;
using Strata.Debugging.Symbols;

namespace Strata.Monitor.Inspection;

/// <summary>Answers requests that look inside a machine: the answer goes into the file that came with the request.</summary>
internal static class InspectionAnswers
{
    /// <summary>How many files a request brings.</summary>
    internal static int FilesOf(Request request) => request switch
    {
        CodeRequest code => code.HasSymbols ? 2 : 1,
        ProfileRequest profile => 1 + (profile.HasSymbols ? 1 : 0) + (profile.HasPerfMap ? 1 : 0),
        _ => 0,
    };

    /// <summary>Answers; the files are closed afterwards.</summary>
    /// <exception cref="MonitorException">There is no answer.</exception>
    internal static async Task<Reply> AnswerAsync(MachineDebugger debugger, Request request, IReadOnlyList<SafeFileHandle> files, CancellationToken cancellation)
    {
        const string What = "cannot look inside the machine";
        try
        {
            await Task.Yield();
            await using FileStream answer = new(files[0], FileAccess.Write);
            bool hasSymbols = request is CodeRequest { HasSymbols: true } or ProfileRequest { HasSymbols: true };
            SymbolTable symbols = hasSymbols ? SymbolFile.Read(files[1]) : SymbolTable.Empty;
            switch (request)
            {
                case CodeRequest code:
                    CodeReport report = debugger.ReadCode(new CodeQuery { Address = code.Address, Symbol = code.Symbol, WholePage = code.WholePage }, symbols);
                    await JsonSerializer.SerializeAsync(answer, CodeRecords.From(report), ControlJson.Default.CodeRecord, cancellation);
                    break;
                case ProfileRequest asked:
                    Profile profile = await debugger.ProfileAsync(TimeSpan.FromMilliseconds(asked.Milliseconds), asked.PerSecond, asked.HotBlocks, symbols, cancellation);
                    await JsonSerializer.SerializeAsync(answer, ProfileRecords.From(profile, debugger.Registers), ControlJson.Default.ProfileRecord, cancellation);
                    if (asked.HasPerfMap)
                        await WritePerfMapAsync(debugger, files[^1], symbols);
                    break;
            }

            return new DoneReply();
        }
        catch (DebuggingException failure)
        {
            throw new MonitorException(new(failure.Code, What, failure.Message, failure.Hint));
        }
        catch (SymbolException failure)
        {
            throw new MonitorException(new("E-SYMBOLS", "cannot read the symbols", failure.Message, "symbols come from an ELF file, a System.map or a copy of the guest's /proc/kallsyms"));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new MonitorException(new("E-HOST", What, failure.Message));
        }
        finally
        {
            foreach (SafeFileHandle file in files)
                file.Dispose();
        }
    }

    private static async Task WritePerfMapAsync(MachineDebugger debugger, SafeFileHandle file, SymbolTable symbols)
    {
        await using FileStream stream = new(file, FileAccess.Write);
        await using StreamWriter writer = new(stream);
        debugger.WritePerfMap(writer, symbols);
    }
}
