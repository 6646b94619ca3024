using System.Text;
using Strata.Cpu.Translations;
using Strata.Devices.Consoles;
using Strata.Machines;
using Strata.Machines.Boot;

namespace Strata.Conformance.Differential;

/// <summary>The machine under test: ours, in this process, started as firmware of 128 MiB as the oracle is.</summary>
/// <param name="variant">What executes its instructions; null: the interpreter.</param>
public sealed class StrataRunner(EngineVariant? variant = null) : IProgramRunner, IDisposable
{
    private static readonly TimeSpan s_killPatience = TimeSpan.FromSeconds(60);
    private readonly EngineVariant _variant = variant ?? EngineVariant.Interpreter;
    private readonly HostResources _host = new(carrierCount: 1);

    /// <inheritdoc/>
    public string Name => _variant.Name;

    /// <inheritdoc/>
    public ProgramOutput Run(byte[] elf, TimeSpan budget)
    {
        MachineConfiguration configuration = new()
        {
            Boot = new FirmwareBoot(new BootFile(elf, "guest program")),
            MemoryBytes = 128UL << 20,
            Engine = _variant.Translation is null ? ExecutionEngine.Interpreter : ExecutionEngine.Translator,
            Translation = _variant.Translation ?? new TranslationOptions(),
        };
        using Machine machine = MachineBuilder.Build(_host, configuration);
        SerialText text = new(machine.Serial);
        using ManualResetEventSlim off = new();
        MachineExit? exit = null;
        machine.OnExit(how =>
        {
            exit = how;
            off.Set();
        });
        using Disturber disturber = new(machine, _host, _variant.Disturbance);
        machine.Start();
        bool hung = !off.Wait(budget);
        if (hung)
        {
            machine.Kill();

            // Disposing would wait as well: a machine that cannot be killed ends the run, with the stack of every thread that it holds up.
            if (!off.Wait(s_killPatience))
                Environment.FailFast($"a machine did not end within {s_killPatience} of being killed; {machine.InstructionsRetired} instructions, it said: {text}");
        }

        if (exit!.Reason == MachineExitReason.Failed) throw new InvalidOperationException($"The machine failed: {exit.Message}");
        return new ProgramOutput(text.ToString(), (int)exit.Code, hung);
    }

    /// <inheritdoc/>
    public void Dispose() => _host.Dispose();

    /// <summary>Collects all that a guest prints, as it prints it: the port keeps only so much.</summary>
    private sealed class SerialText
    {
        private readonly ConsolePort _port;
        private readonly StringBuilder _text = new();
        private readonly byte[] _buffer = new byte[ConsolePort.BufferSizeBytes];

        public SerialText(ConsolePort port)
        {
            _port = port;
            port.Changed = Take;
        }

        public override string ToString()
        {
            Take();
            lock (_text) return _text.ToString();
        }

        private void Take()
        {
            lock (_text)
            {
                int count = _port.Receive(_buffer);
                _text.Append(Encoding.Latin1.GetString(_buffer, 0, count));
            }
        }
    }
}
