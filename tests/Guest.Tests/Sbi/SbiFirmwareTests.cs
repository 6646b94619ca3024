using System.Text;
using Strata.Guest.Memory;
using Strata.Guest.Sbi;
using Strata.Guest.Tests.Memory;

namespace Strata.Guest.Tests.Sbi;

/// <summary>RISC-V SBI specification 2.0, chapter by chapter, with hostile arguments.</summary>
public sealed class SbiFirmwareTests : IDisposable
{
    private const ulong Base = 0x10;
    private const ulong Timer = 0x54494d45;
    private const ulong Ipi = 0x735049;
    private const ulong Fence = 0x52464e43;
    private const ulong Hsm = 0x48534d;
    private const ulong Srst = 0x53525354;
    private const ulong Dbcn = 0x4442434e;
    private const ulong Ram = TestMemory.HighBase;
    private const ulong RamEnd = TestMemory.HighBase + TestMemory.HighSize;

    private readonly TestMemory _memory = new();
    private readonly TestPlatform _platform = new(4);
    private readonly SbiFirmware _firmware;

    public SbiFirmwareTests() => _firmware = new SbiFirmware(_memory.Memory, _platform);

    public void Dispose() => _memory.Dispose();

    [Fact]
    public void Chapter3_UnknownExtensionsAndFunctionsAreNotSupported()
    {
        foreach (ulong extension in (ReadOnlySpan<ulong>)[0, 1, 2, 8, 0x0f, 0x504d55, 0x53555350, 0x4e41434c, 0x535441, ulong.MaxValue, (1UL << 32) | Base])
            Assert.Equal(new SbiResult(SbiError.NotSupported), Call(extension, 0));
        foreach ((ulong extension, ulong function) in (ReadOnlySpan<(ulong, ulong)>)[(Base, 7), (Timer, 1), (Ipi, 1), (Fence, 7), (Hsm, 4), (Srst, 1), (Dbcn, 3), (Base, ulong.MaxValue), (Dbcn, 1UL << 32)])
            Assert.Equal(new SbiResult(SbiError.NotSupported), Call(extension, function, 0, 0));
        Assert.Empty(_platform.Calls);
    }

    [Fact]
    public void Chapter4_BaseTellsVersionAndExtensions()
    {
        Assert.Equal(new SbiResult(SbiError.Success, 0x0200_0000), Call(Base, 0));
        Assert.Equal(SbiError.Success, Call(Base, 1).Error);
        Assert.Equal(SbiError.Success, Call(Base, 2).Error);
        foreach (ulong extension in (ReadOnlySpan<ulong>)[Base, Timer, Ipi, Fence, Hsm, Srst, Dbcn])
            Assert.NotEqual(0UL, Call(Base, 3, extension).Value);
        foreach (ulong extension in (ReadOnlySpan<ulong>)[0, 1, 5, 0x504d55, ulong.MaxValue])
            Assert.Equal(new SbiResult(SbiError.Success, 0), Call(Base, 3, extension));
        for (ulong function = 4; function <= 6; function++)
            Assert.Equal(SbiError.Success, Call(Base, function).Error);
    }

    [Theory]
    [InlineData(0UL)]
    [InlineData(12345UL)]
    [InlineData(ulong.MaxValue)]
    public void Chapter6_TimerOfTheCallingHart(ulong deadline)
    {
        Assert.Equal(new SbiResult(SbiError.Success), Call(Timer, 0, deadline));
        Assert.Equal([$"timer 1 {deadline:x}"], _platform.Calls);
    }

    /// <summary>Section 3.1: masks. Harts are 0 to 3.</summary>
    public static TheoryData<ulong, ulong, ulong?> Masks => new()
    {
        { 0b1, 0, 0b1 }, { 0b1111, 0, 0b1111 }, { 0b11, 2, 0b1100 }, { 0b1, 3, 0b1000 },
        { 0, ulong.MaxValue, 0b1111 }, { 0b10, ulong.MaxValue, 0b1111 }, { 1UL << 63, ulong.MaxValue, 0b1111 },
        { 0b10000, 0, null }, { 0b11, 3, null }, { 0b1, 4, null }, { 1UL << 63, 0, null }, { 1UL << 63, 1, null }, { ulong.MaxValue, 0, null },
        { 0b1, 64, null }, { 0b1, 1UL << 32, null }, { 0b1, ulong.MaxValue - 1, null }, { (1UL << 62) | 1, 2, null }, { 0, 0, 0 },
    };

    [Theory]
    [MemberData(nameof(Masks))]
    public void Chapter7_IpiGoesToTheHartsOfTheMask(ulong mask, ulong maskBase, ulong? expected)
    {
        Assert.Equal(new SbiResult(expected is null ? SbiError.InvalidParameter : SbiError.Success), Call(Ipi, 0, mask, maskBase));
        Assert.Equal(Enumerable.Range(0, 4).Where(hart => ((expected ?? 0) >> hart & 1) != 0).Select(hart => $"ipi {hart}"), _platform.Calls);
    }

    [Theory]
    [MemberData(nameof(Masks))]
    public void Chapter8_FencesGoToTheHartsOfTheMaskAndTheCallerWaitsForThem(ulong mask, ulong maskBase, ulong? expected)
    {
        _platform.FenceWait = new MemoryWait();
        for (ulong function = 0; function <= 2; function++)
        {
            _platform.Calls.Clear();
            SbiResult result = Call(Fence, function, mask, maskBase, 0, ulong.MaxValue);
            Assert.Equal(expected is null ? SbiError.InvalidParameter : SbiError.Success, result.Error);
            Assert.False(result.Again);
            Assert.Same(expected is null ? null : _platform.FenceWait, result.Wait);
            Assert.Equal(expected is null ? [] : [$"fence {expected:x} by 1"], _platform.Calls);
        }

        for (ulong function = 3; function <= 6; function++)
            Assert.Equal(SbiError.NotSupported, Call(Fence, function, 1, 0).Error);
    }

    [Fact]
    public void Chapter3_AMachineOf64HartsUsesTheWholeMask()
    {
        TestPlatform platform = new(64);
        SbiFirmware firmware = new(_memory.Memory, platform);
        Assert.Equal(SbiError.Success, firmware.Call(0, new SbiCall(Ipi, 0, 1UL << 63, 0, 0, 0, 0, 0)).Error);
        Assert.Equal(["ipi 63"], platform.Calls);
        Assert.Equal(SbiError.Success, firmware.Call(0, new SbiCall(Ipi, 0, 1, 63, 0, 0, 0, 0)).Error);
        Assert.Equal(SbiError.InvalidParameter, firmware.Call(0, new SbiCall(Ipi, 0, 3, 63, 0, 0, 0, 0)).Error);
        Assert.Equal(SbiError.Success, firmware.Call(0, new SbiCall(Ipi, 0, 0, ulong.MaxValue, 0, 0, 0, 0)).Error);
        Assert.Equal(2 + 64, platform.Calls.Count);
    }

    [Fact]
    public void Chapter9_HartsStartStopAndTellTheirState()
    {
        Assert.Equal(new SbiResult(SbiError.Success), Call(Hsm, 0, 2, Ram + 0x1000, 0xabc));
        Assert.Equal(new SbiResult(SbiError.AlreadyAvailable), Call(Hsm, 0, 2, Ram + 0x1000, 0xabc));
        Assert.Equal(["start 2 at 80001000 with abc", "start 2 at 80001000 with abc"], _platform.Calls);
        Assert.Equal(new SbiResult(SbiError.Success, 0), Call(Hsm, 2, 2));
        Assert.Equal(new SbiResult(SbiError.Success, 1), Call(Hsm, 2, 3));
        Assert.True(Call(Hsm, 1).StopsHart);
        Assert.Equal("stop 1", _platform.Calls[^1]);
    }

    [Theory]
    [InlineData(4UL)]
    [InlineData(64UL)]
    [InlineData(1UL << 32)]
    [InlineData(ulong.MaxValue)]
    public void Chapter9_AHartThatIsNotThereIsAnInvalidParameter(ulong hart)
    {
        Assert.Equal(new SbiResult(SbiError.InvalidParameter), Call(Hsm, 0, hart, Ram, 0));
        Assert.Equal(new SbiResult(SbiError.InvalidParameter), Call(Hsm, 2, hart));
        Assert.Empty(_platform.Calls);
    }

    [Theory]
    [InlineData(0UL)]
    [InlineData(Ram - 2)]
    [InlineData(RamEnd)]
    [InlineData(0x1000_0000UL)]
    [InlineData(ulong.MaxValue)]
    [InlineData(ulong.MaxValue - 1)]
    public void Chapter9_AStartOutsideRamIsAnInvalidAddress(ulong address)
    {
        Assert.Equal(new SbiResult(SbiError.InvalidAddress), Call(Hsm, 0, 2, address, 0));
        Assert.Empty(_platform.Calls);
    }

    [Theory]
    [InlineData(0UL, 0UL, "reset False False")]
    [InlineData(0UL, 1UL, "reset False True")]
    [InlineData(1UL, 0UL, "reset True False")]
    [InlineData(2UL, 1UL, "reset True True")]
    [InlineData(3UL, 0UL, null)]
    [InlineData(0xf000_0000UL, 0UL, null)]
    [InlineData(0UL, 2UL, null)]
    [InlineData(0UL, 0xe000_0000UL, null)]
    [InlineData(ulong.MaxValue, ulong.MaxValue, null)]
    public void Chapter10_ResetTakesTheTypesAndReasonsOfTheSpecification(ulong type, ulong reason, string? expected)
    {
        SbiResult result = Call(Srst, 0, type, reason);
        Assert.Equal(expected is not null, result.StopsHart);
        if (expected is null)
            Assert.Equal(new SbiResult(SbiError.InvalidParameter), result);
        Assert.Equal(expected is null ? [] : [expected], _platform.Calls);
    }

    [Fact]
    public void Chapter12_WritesTextOverAPageEnd()
    {
        byte[] text = Encoding.ASCII.GetBytes("hello from the guest");
        Assert.True(_memory.Memory.Write(Ram + 0xff8, text).IsDone);
        Assert.Equal(new SbiResult(SbiError.Success, (ulong)text.Length), Call(Dbcn, 0, (ulong)text.Length, Ram + 0xff8, 0));
        Assert.Equal(text, _platform.Console);
        Assert.Equal(new SbiResult(SbiError.Success), Call(Dbcn, 2, 0xffffff41));
        Assert.Equal((byte)'A', _platform.Console[^1]);
    }

    [Fact]
    public void Chapter12_TellsHowMuchWasTakenAndGiven()
    {
        _platform.ConsoleLimit = 3;
        Assert.Equal(new SbiResult(SbiError.Success, 3), Call(Dbcn, 0, 10, Ram, 0));
        _platform.ConsoleLimit = 100;
        foreach (byte value in "0123456789"u8)
            _platform.Input.Enqueue(value);
        Assert.Equal(new SbiResult(SbiError.Success, 4), Call(Dbcn, 1, 4, Ram + 0xffe, 0));
        Assert.Equal(new SbiResult(SbiError.Success, 6), Call(Dbcn, 1, 4096, Ram + 0x2000, 0));
        Assert.Equal(new SbiResult(SbiError.Success, 0), Call(Dbcn, 1, 4096, Ram + 0x2000, 0));
        byte[] read = new byte[6];
        Assert.True(_memory.Memory.Read(Ram + 0xffe, read).IsDone);
        Assert.Equal("0123\0\0"u8, read);
        Assert.True(_memory.Memory.Read(Ram + 0x2000, read).IsDone);
        Assert.Equal("456789"u8, read);
        Assert.False(_memory.Memory.IsLeased);
    }

    [Theory]
    [InlineData(1UL, RamEnd, 0UL)]
    [InlineData(2UL, RamEnd - 1, 0UL)]
    [InlineData(1UL, 0UL, 0UL)]
    [InlineData(16UL, ulong.MaxValue - 7, 0UL)]
    [InlineData(ulong.MaxValue, Ram - 1, 0UL)]
    [InlineData(8UL, Ram, 1UL)]
    [InlineData(8UL, Ram, ulong.MaxValue)]
    [InlineData(ulong.MaxValue, Ram, 0UL)]
    [InlineData(TestMemory.HighSize + 1, Ram, 0UL)]
    public void Chapter12_MemoryThatIsNotRamIsAnInvalidParameter(ulong length, ulong low, ulong high)
    {
        _platform.Input.Enqueue(1);
        Assert.Equal(new SbiResult(SbiError.InvalidParameter), Call(Dbcn, 0, length, low, high));
        Assert.Equal(new SbiResult(SbiError.InvalidParameter), Call(Dbcn, 1, length, low, high));
        Assert.Empty(_platform.Console);
        Assert.Single(_platform.Input);
        Assert.False(_memory.Memory.IsLeased);
    }

    [Theory]
    [InlineData(0UL)]
    [InlineData(1UL)]
    public void Chapter12_AnAbsentPageIsWaitedForAndNothingIsTakenBefore(ulong function)
    {
        MemoryWait here = new();
        _memory.Memory.Absence = (page, _) => page == Ram + 0x1000 && !here.IsCompleted ? here : null;
        Assert.True(_memory.Memory.Write(Ram + 0xffe, "ab"u8).IsDone);
        foreach (byte value in "wxyz"u8)
            _platform.Input.Enqueue(value);
        SbiResult first = Call(Dbcn, function, 4, Ram + 0xffe, 0);
        Assert.True(first.Again);
        Assert.Same(here, first.Wait);
        Assert.Empty(_platform.Console);
        Assert.Equal(4, _platform.Input.Count);
        Assert.False(_memory.Memory.IsLeased);
        here.Complete();
        Assert.Equal(new SbiResult(SbiError.Success, 4), Call(Dbcn, function, 4, Ram + 0xffe, 0));
    }

    [Fact]
    public void RandomCallsNeverThrow()
    {
        Random random = new(20260101);
        ulong[] extensions = [Base, Timer, Ipi, Fence, Hsm, Srst, Dbcn];
        for (int i = 0; i < 200_000; i++)
        {
            _platform.Calls.Clear();
            _platform.Console.Clear();
            SbiResult result = Call(extensions[random.Next(extensions.Length)], (ulong)random.Next(8), Word(), Word(), Word(), Word());
            Assert.InRange((long)result.Error, -9, 0);
        }

        Assert.False(_memory.Memory.IsLeased);

        ulong Word() => random.Next(5) switch
        {
            0 => (ulong)random.Next(8),
            1 => Ram + (ulong)random.Next((int)TestMemory.HighSize),
            2 => RamEnd - (ulong)random.Next(16),
            3 => ulong.MaxValue - (ulong)random.Next(16),
            _ => (ulong)random.NextInt64(long.MinValue, long.MaxValue),
        };
    }

    private SbiResult Call(ulong extension, ulong function, ulong a0 = 0, ulong a1 = 0, ulong a2 = 0, ulong a3 = 0) =>
        _firmware.Call(1, new SbiCall(extension, function, a0, a1, a2, a3, 0, 0));
}
