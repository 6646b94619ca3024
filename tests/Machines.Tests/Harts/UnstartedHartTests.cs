using Strata.Machines.Boot;

namespace Strata.Machines.Tests.Harts;

/// <summary>SBI 2.0, chapter 9: only one hart boots; the others are stopped until they are started, and what is stopped executes nothing.</summary>
public sealed class UnstartedHartTests
{
    /// <summary>A kernel that counts to a thousand and powers off, whoever enters it.</summary>
    private static readonly uint[] s_kernel =
    [
        0x0400006f, //    j    1f               a kernel's Image: its header follows
        0, 0, 0, 4096, 0, 0, 0, 2, 0, 0, 0, 0x43534952, 0x56, 0x05435352, 0,
        0x3e800293, // 1: li   t0, 1000
        0xfff28293, // 2: addi t0, t0, -1
        0xfe029ee3, //    bnez t0, 2b
        0x535258b7, //    lui  a7, 0x53525
        0x35488893, //    addi a7, a7, 0x354    SRST
        0x00000813, //    li   a6, 0
        0x00000513, //    li   a0, 0            shutdown
        0x00000593, //    li   a1, 0
        0x00000073, //    ecall
        0x0000006f, //    j    .
    ];

    [Theory]
    [InlineData("interpreter")]
    [InlineData("translator")]
    [InlineData("translator, blocks of 1")]
    public void A_hart_that_nobody_started_executes_nothing(string engine)
    {
        ulong alone = Run(1, engine);
        Assert.InRange(alone, 2000UL, 2100UL);
        Assert.Equal(alone, Run(2, engine));
        Assert.Equal(alone, Run(4, engine));
    }

    /// <returns>The instructions that all harts have retired.</returns>
    private static ulong Run(int harts, string engine)
    {
        byte[] image = new byte[s_kernel.Length * sizeof(uint)];
        Buffer.BlockCopy(s_kernel, 0, image, 0, image.Length);
        using HostResources host = new(carrierCount: 2);
        using Machine machine = MachineBuilder.Build(host, new MachineConfiguration
        {
            Boot = new DirectBoot(new BootFile(image, "counting"), null, ""),
            MemoryBytes = 64UL << 20,
            HartCount = harts,
            Deterministic = true,
        }.On(engine));
        using ManualResetEventSlim off = new();
        machine.OnExit(_ => off.Set());
        machine.Start();
        Assert.True(off.Wait(TimeSpan.FromSeconds(60)), "the machine did not end");
        Assert.True(machine.Exit is { Reason: MachineExitReason.PoweredOff, Code: 0 }, machine.Exit!.ToString());
        return machine.InstructionsRetired;
    }
}
