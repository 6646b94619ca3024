namespace Strata.Host;

/// <summary>The kernel's random bytes, fit for keys.</summary>
/// <remarks>Not RandomNumberGenerator: that loads OpenSSL, four megabytes in a process which needs nothing else of it.</remarks>
public static class HostRandomness
{
    // What one call brings without being interrupted by a signal (getrandom(2)).
    private const int WholeCallBytes = 256;

    /// <summary>Fills <paramref name="bytes"/>.</summary>
    /// <exception cref="System.ComponentModel.Win32Exception">The system refused.</exception>
    public static unsafe void Fill(Span<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            int count = Math.Min(bytes.Length, WholeCallBytes);

            // SAFETY: the kernel writes at most count bytes, which the span has.
            fixed (byte* start = bytes)
            {
                if (Interop.Randomness.GetRandom(start, (nuint)count, 0) != count)
                    throw HostCall.Failure("cannot get random bytes");
            }

            bytes = bytes[count..];
        }
    }
}
