// The host-target interface of the RISC-V front-end server, as Spike's fesvr (htif, syscall proxy, bcd console) and test suites use it.
using System.Buffers.Binary;
using Strata.Devices.Consoles;
using Strata.Devices.Power;
using Strata.Guest.Memory;
using Strata.Guest.State;
using Strata.Guest.Time;

namespace Strata.Devices.Htif;

/// <summary>
/// The <c>tohost</c> and <c>fromhost</c> cells of a test program: exit codes, characters and the <c>write</c> and <c>exit</c> calls.
/// </summary>
/// <remarks>It takes the place of the 4 KiB page of RAM in which the program has the cells; the rest of the page stays plain memory (without instruction
/// fetch). Console input is not offered.</remarks>
public sealed partial class Htif : IMmioDevice, IStateful
{
    private const int ChunkSizeBytes = 512;

    // Configuration.
    private readonly ulong _toHost;
    private readonly ulong _fromHost;

    // Wiring.
    private readonly GuestClock _clock;
    private readonly GuestMemory _memory;
    private readonly ConsolePort _console;
    private readonly Action<PowerRequest> _requested;
    private readonly ClockEvent _serve;

    // State, under the device lock.
    private HtifState _state;

    /// <summary>Makes the part.</summary>
    /// <param name="content">The page as the program was loaded: at most 4 KiB.</param>
    /// <param name="toHost">Offset of <c>tohost</c> in the page, a multiple of 8.</param>
    /// <param name="fromHost">Offset of <c>fromhost</c> in the page, a multiple of 8, or null if it is not there.</param>
    /// <param name="clock">Guest time.</param>
    /// <param name="memory">Where requests lie.</param>
    /// <param name="console">Gets characters and what is written to any file descriptor.</param>
    /// <param name="requested">Called under the device lock when the program exits.</param>
    public Htif(ReadOnlySpan<byte> content, ulong toHost, ulong? fromHost, GuestClock clock, GuestMemory memory, ConsolePort console, Action<PowerRequest> requested)
    {
        _toHost = toHost;
        _fromHost = fromHost ?? ulong.MaxValue;
        _clock = clock;
        _memory = memory;
        _console = console;
        _requested = requested;
        _serve = clock.CreateEvent("htif", Serve);
        byte[] page = new byte[SizeBytes];
        content.CopyTo(page);
        _state = new HtifState(page, Request: 0, Written: 0);
    }

    private ulong ToHost
    {
        get => BinaryPrimitives.ReadUInt64LittleEndian(_state.Page.AsSpan((int)_toHost));
        set => BinaryPrimitives.WriteUInt64LittleEndian(_state.Page.AsSpan((int)_toHost), value);
    }

    /// <inheritdoc/>
    public bool Read(ulong offset, int size, out ulong value)
    {
        Span<byte> bytes = stackalloc byte[8];
        bytes.Clear();
        _state.Page.AsSpan((int)offset, size).CopyTo(bytes);
        value = BinaryPrimitives.ReadUInt64LittleEndian(bytes);
        return true;
    }

    /// <inheritdoc/>
    public bool Write(ulong offset, int size, ulong value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        bytes[..size].CopyTo(_state.Page.AsSpan((int)offset));
        if (offset - _toHost >= CellSizeBytes)
            return true;

        // A program may write the cell in two halves, the low one first; an exit is complete with its low half already.
        bool isComplete = size == CellSizeBytes || offset - _toHost == CellSizeBytes / 2;
        if (isComplete || (ToHost & 1) != 0)
            Accept(ToHost);
        return true;
    }

    /// <inheritdoc/>
    public void Save(StateWriter writer) => _state.Write(writer);

    /// <inheritdoc/>
    public void Restore(ref StateReader reader) => _state = HtifState.Read(ref reader, SizeBytes);

    private void Accept(ulong command)
    {
        ulong payload = command & PayloadMask;
        switch ((Device: (byte)(command >> DeviceShift), Command: (byte)(command >> CommandShift)))
        {
            case (SystemDevice, SystemCallCommand) when (payload & 1) != 0:
                ToHost = 0;
                _requested(new PowerRequest(PowerRequestKind.PowerOff, payload >> 1));
                break;
            case (SystemDevice, SystemCallCommand) when payload != 0:
                _state.Request = payload;
                _state.Written = 0;
                _serve.Set(_clock.Now);
                break;
            case (ConsoleDevice, PutCharacterCommand):
                _console.PutOutput([(byte)payload]);
                Answer(command & ~PayloadMask);
                break;
        }
    }

    private void Answer(ulong value)
    {
        ToHost = 0;
        if (_fromHost != ulong.MaxValue)
            BinaryPrimitives.WriteUInt64LittleEndian(_state.Page.AsSpan((int)_fromHost), value);
    }

    private MemoryWait? Serve()
    {
        if (_state.Request == 0)
            return null;
        Span<byte> request = stackalloc byte[RequestSizeBytes];
        MemoryResult result = _memory.Read(_state.Request, request);
        if (result.Status == MemoryStatus.NotPresent)
            return result.Wait;
        ulong number = BinaryPrimitives.ReadUInt64LittleEndian(request);
        ulong argument = BinaryPrimitives.ReadUInt64LittleEndian(request[8..]);
        if (!result.IsDone)
        {
            Finish();
            return null;
        }

        switch (number)
        {
            case ExitCall:
                Finish();
                _requested(new PowerRequest(PowerRequestKind.PowerOff, argument));
                return null;
            case WriteCall:
                return Copy(BinaryPrimitives.ReadUInt64LittleEndian(request[16..]), BinaryPrimitives.ReadUInt64LittleEndian(request[24..]));
            default:
                return Return(ulong.MaxValue);
        }
    }

    // One chunk per event, so that a program that writes gigabytes does not keep the device thread.
    private MemoryWait? Copy(ulong address, ulong length)
    {
        if (_state.Written < length)
        {
            Span<byte> chunk = stackalloc byte[ChunkSizeBytes];
            chunk = chunk[..(int)Math.Min(ChunkSizeBytes, length - _state.Written)];
            MemoryResult result = _memory.Read(address + _state.Written, chunk);
            if (result.Status == MemoryStatus.NotPresent)
                return result.Wait;
            if (!result.IsDone)
                return Return(ulong.MaxValue);
            _console.PutOutput(chunk);
            _state.Written += (ulong)chunk.Length;
        }

        if (_state.Written >= length)
            return Return(length);
        _serve.Set(_clock.Now);
        return null;
    }

    private MemoryWait? Return(ulong value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        MemoryResult result = _memory.Write(_state.Request, bytes);
        if (result.Status == MemoryStatus.NotPresent)
            return result.Wait;
        Finish();
        return null;
    }

    private void Finish()
    {
        _state.Request = 0;
        Answer(1);
    }
}
