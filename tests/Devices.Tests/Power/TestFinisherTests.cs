using Strata.Devices.Power;
using Strata.Devices.Tests.Fakes;

namespace Strata.Devices.Tests.Power;

/// <summary>QEMU's sifive_test.</summary>
public sealed class TestFinisherTests
{
    [Theory]
    [InlineData(0x5555, PowerRequestKind.PowerOff, 0)]
    [InlineData(0x7_3333, PowerRequestKind.PowerOff, 7)]
    [InlineData(0xffff_3333, PowerRequestKind.PowerOff, 0xffff)]
    [InlineData(0x7777, PowerRequestKind.Reset, 0)]
    public void A_magic_word_asks_for_power(uint written, PowerRequestKind kind, ulong code)
    {
        List<PowerRequest> requests = [];
        TestFinisher finisher = new(requests.Add);
        finisher.Store(0, written);
        Assert.Equal([new PowerRequest(kind, code)], requests);
        Assert.Equal(0u, finisher.Load(0));
    }

    [Fact]
    public void Other_words_places_and_widths_do_nothing()
    {
        List<PowerRequest> requests = [];
        TestFinisher finisher = new(requests.Add);
        finisher.Store(0, 0x1234);
        finisher.Store(4, 0x5555);
        Assert.False(finisher.Write(0, 8, 0x5555));
        Assert.False(finisher.Write(0, 1, 0x55));
        Assert.Empty(requests);
    }
}
