using Strata.Cpu.RiscV;

namespace Strata.Cpu.Interpreter;

/// <summary>Integer operations that are more than one of C#'s.</summary>
internal static class Arithmetic
{
    public static ulong MultiplyHigh(long a, long b) => (ulong)Math.BigMul(a, b, out _);

    /// <summary>Signed times unsigned.</summary>
    public static ulong MultiplyHigh(long a, ulong b) => Math.BigMul((ulong)a, b, out _) - (a < 0 ? b : 0);

    // Unprivileged specification, table 11: division by zero and overflow do not trap.
    public static ulong Divide(long a, long b) => b == 0 ? ulong.MaxValue : b == -1 ? (ulong)-a : (ulong)(a / b);

    public static ulong Divide(ulong a, ulong b) => b == 0 ? ulong.MaxValue : a / b;

    public static ulong Remainder(long a, long b) => b == 0 ? (ulong)a : b == -1 ? 0 : (ulong)(a % b);

    public static ulong Remainder(ulong a, ulong b) => b == 0 ? a : a % b;

    public static ulong Divide(int a, int b) => (ulong)(b == 0 ? -1 : b == -1 ? -a : a / b);

    public static ulong Divide(uint a, uint b) => (ulong)(int)(b == 0 ? uint.MaxValue : a / b);

    public static ulong Remainder(int a, int b) => (ulong)(b == 0 ? a : b == -1 ? 0 : a % b);

    public static ulong Remainder(uint a, uint b) => (ulong)(int)(b == 0 ? a : a % b);

    /// <summary>orc.b: every byte that is not 0 becomes 0xff.</summary>
    public static ulong OrCombine(ulong value)
    {
        const ulong Low = 0x7f7f_7f7f_7f7f_7f7f;
        ulong high = (((value & Low) + Low) | value) & ~Low;
        return (high >> 7) * 0xff;
    }

    /// <summary>The condition of a branch.</summary>
    public static bool IsTaken(Operation branch, ulong a, ulong b) => branch switch
    {
        Operation.Beq => a == b,
        Operation.Bne => a != b,
        Operation.Blt => (long)a < (long)b,
        Operation.Bge => (long)a >= (long)b,
        Operation.Bltu => a < b,
        _ => a >= b,
    };
}
