using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;
using Strata.Cpu;
using Strata.Host.Files;
using Strata.Machines;
using Strata.Machines.Boot;

namespace Strata.Debugging.Tests;

/// <summary>A machine whose firmware counts in a loop for ever.</summary>
internal sealed class LoopingMachine : IDisposable
{
    /// <summary>The first instruction; its block is the whole program, which is entered again at the second.</summary>
    public const ulong Start = 0x8000_0000;

    /// <summary>Its instructions with what binutils calls them.</summary>
    public static readonly (uint Bits, int Length, string Text)[] Instructions =
    [
        (0x0001_0417, 4, "auipc\ts0,0x10"),
        (0x0015_0513, 4, "addi\ta0,a0,1"),
        (0x0585, 2, "c.addi\ta1,1"),
        (0x0001, 2, "c.addi\tzero,0"),
        (0x00a4_3023, 4, "sd\ta0,0(s0)"),
        (0x0004_3603, 4, "ld\ta2,0(s0)"),
        (0xff1f_f06f, 4, "jal\tzero,0x80000004"),
    ];

    private readonly HostResources _host = new(1);

    public LoopingMachine(ExecutionEngine engine = ExecutionEngine.Translator)
    {
        byte[] program = new byte[64];
        int at = 0;
        foreach ((uint bits, int length, _) in Instructions)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(program.AsSpan(at), bits);
            at += length;
        }

        SafeFileHandle file = UnnamedFile.Create("loop");
        RandomAccess.Write(file, program, 0);
        Machine = MachineBuilder.Build(_host, new MachineConfiguration { Boot = new FirmwareBoot(new BootFile(file, "loop")), MemoryBytes = 16 << 20, Engine = engine });
        Machine.Start();
        if (engine == ExecutionEngine.Translator)
            Assert.True(SpinWait.SpinUntil(() => Code.List(Start).Count > 0, TimeSpan.FromSeconds(30)));
    }

    public Machine Machine { get; }

    public MachineDebugger Debugger => new(Machine);

    private TranslatedCode Code => ((HartFamily)Machine.Processors).Code!;

    public void Dispose()
    {
        Machine.Dispose();
        _host.Dispose();
    }
}
