using Strata.Debugging.Code;
using Strata.Debugging.Symbols;
using Strata.Machines;

namespace Strata.Debugging.Tests.Code;

public sealed class CodeReportTests
{
    [Fact]
    public void EveryGuestInstructionStandsBesideItsCode()
    {
        using LoopingMachine looping = new();
        SymbolTable symbols = new([new Symbol(0x8000_0000, 4, "start"), new Symbol(LoopingMachine.Start + 4, 0, "loop")]);
        BlockListing block = Assert.Single(looping.Debugger.ReadCode(new CodeQuery { Address = LoopingMachine.Start + 12 }, symbols).Blocks);
        Assert.Equal((LoopingMachine.Start, "start"), (block.PhysicalAddress, block.Symbol));
        Assert.Equal(LoopingMachine.Instructions.Select(instruction => instruction.Text), block.Instructions.Select(instruction => instruction.Text));
        Assert.Equal(block.HotBytes, block.Instructions.Sum(instruction => instruction.HostBytes));
        Assert.All(block.Instructions, instruction => Assert.Equal(instruction.HostBytes, instruction.Host.Sum(host => host.Length)));
        Assert.Equal(block.ColdBytes, block.Cold.Sum(host => host.Length));

        // a0 lives in rdi; what c.nop does is nothing; a store compares with the TLB, which r15 holds.
        Assert.Contains("rdi", Assert.Single(block.Instructions[1].Host).Text, StringComparison.Ordinal);
        Assert.Empty(block.Instructions[3].Host);
        Assert.Contains(block.Instructions[4].Host, host => host.Text.Contains("[r15+", StringComparison.Ordinal));
        Assert.DoesNotContain(block.Instructions.SelectMany(instruction => instruction.Host).Concat(block.Cold), host => host.Text.Contains("(bad)", StringComparison.Ordinal));
    }

    [Fact]
    public void ASymbolBringsAllItsBlocks()
    {
        using LoopingMachine looping = new();
        SymbolTable symbols = new([new Symbol(0x8000_0000, 32, "all")]);
        CodeReport report = looping.Debugger.ReadCode(new CodeQuery { Symbol = "all" }, symbols);
        Assert.Contains(report.Blocks, block => block.PhysicalAddress == LoopingMachine.Start);
        Assert.Contains(("rdi", "a0"), report.Registers);
    }

    [Fact]
    public void WhatCannotBeShownIsAnError()
    {
        using LoopingMachine looping = new();
        SymbolTable symbols = new([new Symbol(0x8000_0000, 4, "start")]);
        Assert.Equal("E-CODE-NONE", Refused(looping, new CodeQuery { Address = 0x8000_0800 }, symbols));
        Assert.Equal("E-CODE-NONE", Refused(looping, new CodeQuery { Address = 3 }, symbols));
        Assert.Equal("E-CODE-NONE", Refused(looping, new CodeQuery { Address = ulong.MaxValue }, symbols));
        Assert.Equal("E-SYMBOL-NONE", Refused(looping, new CodeQuery { Symbol = "end" }, symbols));
        Assert.Equal("E-SYMBOL-NONE", Refused(looping, new CodeQuery { Symbol = "end" }, SymbolTable.Empty));
        using LoopingMachine interpreted = new(ExecutionEngine.Interpreter);
        Assert.Equal("E-ENGINE", Refused(interpreted, new CodeQuery { Address = LoopingMachine.Start }, symbols));
        looping.Machine.Dispose();
        Assert.Equal("E-MACHINE-PHASE", Refused(looping, new CodeQuery { Address = LoopingMachine.Start }, symbols));
    }

    private static string Refused(LoopingMachine looping, CodeQuery query, SymbolTable symbols) =>
        Assert.Throws<DebuggingException>(() => looping.Debugger.ReadCode(query, symbols)).Code;
}
