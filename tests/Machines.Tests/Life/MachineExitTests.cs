namespace Strata.Machines.Tests.Life;

/// <summary>The guest's exit code as a process's.</summary>
public sealed class MachineExitTests
{
    [Theory]
    [InlineData(0, 0)]
    [InlineData(7, 7)]
    [InlineData(255, 255)]
    [InlineData(0x107, 7)]
    [InlineData(0x100, 1)]
    [InlineData(0xffff_0000_0000_0000, 1)]
    public void TheLowEightBitsButAFailureStaysOne(ulong code, int expected) =>
        Assert.Equal(expected, new MachineExit(MachineExitReason.PoweredOff, code).ProcessExitCode);
}
