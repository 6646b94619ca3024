namespace Strata.Conformance.Differential;

/// <summary>
/// The rows of programs must find what they are for. The guest program itself plays the faulty machine: told to, it leaves out a fence, a store to code or a change
/// of state, which is what a machine does that does not notice them.
/// </summary>
[Collection("differential")]
public sealed class ProgramFaultTests(ITestOutputHelper output)
{
    private const ulong Cases = 250;

    // What code holds is seen by executing it alone: a fault must show in what the code does.
    private const ulong CodeUnseen = 1UL << 41;

    // The faults of tests/guest/programs/program.h.
    public enum Fault : ulong
    {
        NoFence = 1,
        NoFenceByAddress,
        NoFenceByAsid,
        NoPatch,
        NoPmp,
        NoStatus,
        NoSwitch,
        WrongTurn,
        EarlyWrite,
        LostFlags,
    }

    [Theory]
    [InlineData("programs: jumps, machine", Fault.WrongTurn)]
    [InlineData("programs: jumps, user Sv39", Fault.WrongTurn)]
    [InlineData("programs: changed code, machine", Fault.NoPatch)]
    [InlineData("programs: changed code, user Sv48", Fault.NoPatch)]
    [InlineData("programs: changed code, supervisor Sv39", Fault.NoPatch)]
    [InlineData("programs: faults, machine", Fault.EarlyWrite)]
    [InlineData("programs: faults, supervisor Sv39", Fault.EarlyWrite)]
    [InlineData("programs: faults, user Sv39", Fault.EarlyWrite)]
    [InlineData("programs: page tables, supervisor Sv39", Fault.NoFence)]
    [InlineData("programs: page tables, supervisor Sv39", Fault.NoFenceByAddress)]
    [InlineData("programs: page tables, supervisor Sv39", Fault.NoFenceByAsid)]
    [InlineData("programs: page tables, supervisor Sv39", Fault.NoSwitch)]
    [InlineData("programs: page tables, user Sv48", Fault.NoFence)]
    [InlineData("programs: page tables, user Sv48", Fault.NoFenceByAsid)]
    [InlineData("programs: PMP and MPRV", Fault.NoPmp)]
    [InlineData("programs: PMP and MPRV", Fault.NoStatus)]
    [InlineData("programs: PMP, user Sv39", Fault.NoPmp)]
    [InlineData("programs: atomics amid floats, interrupted", Fault.LostFlags)]
    [InlineData("programs: atomics amid floats, interrupted", Fault.NoStatus)]
    [InlineData("programs: everything, machine, interrupted", Fault.NoPatch)]
    [InlineData("programs: everything, MPRV, interrupted", Fault.NoFence)]
    [InlineData("programs: everything, user Sv39, interrupted", Fault.NoFenceByAddress)]
    [InlineData("programs: everything, supervisor Sv57, interrupted", Fault.NoFenceByAsid)]
    public void A_faulty_machine_is_found_by_its_row(string name, Fault fault)
    {
        DifferentialRow row = DifferentialPlan.Row(name);
        GuestProgram program = GuestProgram.Load(row.Program);
        Parameters parameters = row.Parameters(DifferentialPlan.Seed, 0, Cases) with { Verbosity = Verbosity.Cases, Pools = row.Pools | CodeUnseen };
        using StrataRunner sound = new();
        using StrataRunner faulty = new(EngineVariant.Translator(0));
        TimeSpan budget = TimeSpan.FromMinutes(1);
        ProgramOutput expected = sound.Run(program.With(parameters), budget);
        ulong? found = HashStream.FirstDifference("case", expected, faulty.Run(program.With(parameters with { Fault = (ulong)fault }), budget), 0);
        output.WriteLine($"{name}: {fault} found by case {found}");
        Assert.NotNull(found);
        Assert.Null(HashStream.FirstDifference("case", expected, faulty.Run(program.With(parameters), budget), 0));
    }
}
