namespace Strata.Devices.Htif;

public sealed partial class Htif
{
    /// <summary>Bytes of address space that the part occupies: the page in which the program has put its cells.</summary>
    public const int SizeBytes = 4096;

    private const int CellSizeBytes = 8;

    // A value of tohost: device in bits 63–56, command in bits 55–48, payload below.
    private const int DeviceShift = 56;
    private const int CommandShift = 48;
    private const ulong PayloadMask = (1UL << CommandShift) - 1;

    private const byte SystemDevice = 0;  // command 0: bit 0 set: exit(payload >> 1); clear: the payload is the address of a request
    private const byte ConsoleDevice = 1; // command 1: put character

    private const byte SystemCallCommand = 0;
    private const byte PutCharacterCommand = 1;

    // A request in memory: number and three arguments, eight bytes each; the result replaces the number.
    private const int RequestSizeBytes = 32;
    private const ulong WriteCall = 64;
    private const ulong ExitCall = 93;
}
