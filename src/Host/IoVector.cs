using System.Runtime.InteropServices;

namespace Strata.Host;

/// <summary>A piece of memory for vectored I/O: struct iovec.</summary>
/// <param name="Address">Host address of the first byte.</param>
/// <param name="Length">Bytes.</param>
[StructLayout(LayoutKind.Sequential)]
public readonly record struct IoVector(nint Address, nint Length);
