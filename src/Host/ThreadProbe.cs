// System V ABI, AMD64 supplement 1.0, section 3.2; struct ucontext and siginfo_t of Linux on x86-64 (signal(7), sigaction(2)).
using System.Runtime.InteropServices;
using Strata.Host.Interop;

namespace Strata.Host;

/// <summary>Where a thread was when it was asked.</summary>
/// <param name="ProgramCounter">The address of the instruction that it would have executed next.</param>
/// <param name="Word">If that lies in the probe's range: the doubleword at the thread's rbp plus the probe's displacement; otherwise 0.</param>
public readonly record struct ThreadPlace(nint ProgramCounter, ulong Word);

/// <summary>
/// Asks a thread of this process where it is, exactly, and wherever it is: a signal interrupts it, and a handler of machine code writes the place down. Costs the
/// thread about two microseconds, and nothing while nobody asks.
/// </summary>
/// <remarks>One question at a time; one thread at a time uses a probe. The signal is SIGURG; its handler is installed when the first question is asked, and stays.</remarks>
public sealed unsafe class ThreadProbe : IDisposable
{
    private const int Unasked = 0;
    private const int Asked = 1;
    private const int Answered = 2;

    // For the whole process, as what a signal does is. The handler holds nothing: what it writes to comes with the signal.
    private static readonly Lazy<ExecutableMemory> s_handler = new(Install);

    private Slot* _slot;

    /// <param name="rangeStart">Where code begins whose rbp is known to point to readable memory.</param>
    /// <param name="rangeBytes">Its size.</param>
    /// <param name="displacement">From rbp, of the doubleword that is read there.</param>
    public ThreadProbe(nint rangeStart, nint rangeBytes, int displacement)
    {
        // SAFETY: zeroed, of the structure's size; freed by Dispose, but not while a question is on its way.
        _slot = (Slot*)NativeMemory.AllocZeroed((nuint)sizeof(Slot));
        _slot->RangeStart = rangeStart;
        _slot->RangeBytes = rangeBytes;
        _slot->Displacement = displacement;
    }

    /// <summary>The number of the thread that calls, by which it can be asked.</summary>
    public static int CurrentThread => Signals.ThreadId();

    /// <summary>A question was asked and not answered yet.</summary>
    public bool IsWaiting => Volatile.Read(ref _slot->State) == Asked;

    /// <summary>Asks.</summary>
    /// <returns>False: the last question is not answered yet, or there is no such thread.</returns>
    public bool Ask(int thread)
    {
        if (IsWaiting)
            return false;
        _ = s_handler.Value;
        Volatile.Write(ref _slot->State, Asked);
        Signals.SignalInformation information = new() { Signal = Signals.Urgent, Code = Signals.Queued, ProcessId = Environment.ProcessId, Value = (nint)_slot };

        // SAFETY: the kernel copies a local. The slot stays until the answer has come.
        if (Signals.QueueSignal(Signals.SysQueueSignal, Environment.ProcessId, thread, Signals.Urgent, &information) == 0)
            return true;
        Volatile.Write(ref _slot->State, Unasked);
        return false;
    }

    /// <summary>Takes the answer, if it has come.</summary>
    public bool TryTake(out ThreadPlace place)
    {
        bool there = Volatile.Read(ref _slot->State) == Answered;
        place = there ? new ThreadPlace(_slot->ProgramCounter, _slot->Word) : default;
        if (there)
            Volatile.Write(ref _slot->State, Unasked);
        return there;
    }

    /// <summary>Frees the probe; the 48 bytes of one that still waits are left, for the answer.</summary>
    public void Dispose()
    {
        if (_slot is not null && !IsWaiting)
            NativeMemory.Free(_slot);
        _slot = null;
    }

    private static ExecutableMemory Install()
    {
        int process = Environment.ProcessId;

        // rdi: the signal; rsi: siginfo_t; rdx: ucontext, in which rbp is at 120 and rip at 168. Only signals of this process's own queue carry a slot.
        ReadOnlySpan<byte> code =
        [
            0x83, 0x7e, 0x08, 0xff,                                                                         //  0  cmp dword [rsi+8], -1     si_code: SI_QUEUE
            0x75, 0x39,                                                                                     //  4  jne done
            0x81, 0x7e, 0x10, (byte)process, (byte)(process >> 8), (byte)(process >> 16), (byte)(process >> 24), //  6  cmp dword [rsi+16], PID   si_pid
            0x75, 0x30,                                                                                     // 13  jne done
            0x48, 0x8b, 0x46, 0x18,                                                                         // 15  mov rax, [rsi+24]         si_value: the slot
            0x48, 0x8b, 0x8a, 0xa8, 0x00, 0x00, 0x00,                                                       // 19  mov rcx, [rdx+168]
            0x48, 0x89, 0x48, 0x20,                                                                         // 26  mov [rax+32], rcx         ProgramCounter
            0x48, 0x8b, 0x52, 0x78,                                                                         // 30  mov rdx, [rdx+120]
            0x48, 0x2b, 0x08,                                                                               // 34  sub rcx, [rax]            RangeStart
            0x31, 0xff,                                                                                     // 37  xor edi, edi
            0x48, 0x3b, 0x48, 0x08,                                                                         // 39  cmp rcx, [rax+8]          RangeBytes
            0x73, 0x07,                                                                                     // 43  jae outside
            0x48, 0x03, 0x50, 0x10,                                                                         // 45  add rdx, [rax+16]         Displacement
            0x48, 0x8b, 0x3a,                                                                               // 49  mov rdi, [rdx]
            0x48, 0x89, 0x78, 0x28,                                                                         // 52  outside: mov [rax+40], rdi  Word
            0xc7, 0x40, 0x18, Answered, 0x00, 0x00, 0x00,                                                   // 56  mov dword [rax+24], 2     State
            0xc3,                                                                                           // 63  done: ret
        ];
        ExecutableMemory memory = new(code.Length);

        // SAFETY: the memory has room for the code; the action is a local that the kernel copies.
        code.CopyTo(new Span<byte>((void*)memory.WritableAddress, code.Length));
        Signals.SignalAction action = new() { Handler = memory.ExecutableAddress, Flags = Signals.TakesInformation | Signals.RestartsCalls };
        if (Signals.SetAction(Signals.Urgent, &action, null) != 0)
            throw HostCall.Failure("cannot ask threads where they are");
        return memory;
    }

    // Written by the handler from ProgramCounter on, and State last.
    [StructLayout(LayoutKind.Sequential)]
    private struct Slot
    {
        public nint RangeStart;
        public nint RangeBytes;
        public long Displacement;
        public int State;
        public nint ProgramCounter;
        public ulong Word;
    }
}
