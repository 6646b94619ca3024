using System.Runtime.InteropServices;
using Strata.Cpu.X64;

namespace Strata.Cpu.Translations;

/// <summary>What emitted code calls. No exception leaves these: it would have to cross code that the runtime does not know.</summary>
internal static unsafe class RuntimeEntries
{
    /// <summary>Their addresses.</summary>
    public static RuntimeCalls Calls => new(
        (nint)(delegate* unmanaged<HartState*, nint>)&Continue,
        (nint)(delegate* unmanaged<HartState*, uint, nint>)&Link,
        (nint)(delegate* unmanaged<HartState*, ulong, uint, nint>)&Load,
        (nint)(delegate* unmanaged<HartState*, ulong, uint, nint>)&Store,
        (nint)(delegate* unmanaged<HartState*, ulong, uint, nint>)&Interpret,
        (nint)(delegate* unmanaged<HartState*, nint>)&Exhausted,
        (nint)(delegate* unmanaged<HartState*, nint>)&Alone);

    [UnmanagedCallersOnly]
    private static nint Continue(HartState* state)
    {
        TranslatedLoop loop = TranslatedLoop.Of(state);
        try
        {
            return loop.Continue();
        }
        catch (Exception exception)
        {
            return loop.Fail(exception);
        }
    }

    [UnmanagedCallersOnly]
    private static nint Link(HartState* state, uint site)
    {
        TranslatedLoop loop = TranslatedLoop.Of(state);
        try
        {
            return loop.Link(new JumpNumber((int)site));
        }
        catch (Exception exception)
        {
            return loop.Fail(exception);
        }
    }

    [UnmanagedCallersOnly]
    private static nint Load(HartState* state, ulong address, uint descriptor)
    {
        TranslatedLoop loop = TranslatedLoop.Of(state);
        try
        {
            return loop.Load(address, new AccessDescriptor(descriptor));
        }
        catch (Exception exception)
        {
            return loop.Fail(exception);
        }
    }

    [UnmanagedCallersOnly]
    private static nint Store(HartState* state, ulong address, uint descriptor)
    {
        TranslatedLoop loop = TranslatedLoop.Of(state);
        try
        {
            return loop.Store(address, new AccessDescriptor(descriptor));
        }
        catch (Exception exception)
        {
            return loop.Fail(exception);
        }
    }

    [UnmanagedCallersOnly]
    private static nint Interpret(HartState* state, ulong bits, uint descriptor)
    {
        TranslatedLoop loop = TranslatedLoop.Of(state);
        try
        {
            return loop.Interpret((uint)bits, new AccessDescriptor(descriptor));
        }
        catch (Exception exception)
        {
            return loop.Fail(exception);
        }
    }

    [UnmanagedCallersOnly]
    private static nint Exhausted(HartState* state)
    {
        TranslatedLoop loop = TranslatedLoop.Of(state);
        try
        {
            return loop.SpendRest();
        }
        catch (Exception exception)
        {
            return loop.Fail(exception);
        }
    }

    [UnmanagedCallersOnly]
    private static nint Alone(HartState* state)
    {
        TranslatedLoop loop = TranslatedLoop.Of(state);
        try
        {
            return loop.InterpretAlone();
        }
        catch (Exception exception)
        {
            return loop.Fail(exception);
        }
    }
}
