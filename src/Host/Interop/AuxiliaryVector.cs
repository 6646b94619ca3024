using System.Runtime.InteropServices;

namespace Strata.Host.Interop;

/// <summary>getauxval(3).</summary>
internal static partial class AuxiliaryVector
{
    internal const uint HardwareCapabilities2 = 26;

    [LibraryImport("libc", EntryPoint = "getauxval")]
    internal static partial nuint Get(nuint type);
}
