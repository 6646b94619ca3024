using System.Globalization;
using Iced.Intel;
using Strata.Cpu.RiscV;
using Strata.Cpu.Tests.Interpreter;
using Strata.Cpu.Translations;
using Strata.Cpu.X64;
using HostAssembler = Strata.Cpu.X64.Assembler;
using HostLabel = Strata.Cpu.X64.Label;
using HostMemory = Strata.Cpu.X64.Memory;

namespace Strata.Cpu.Tests.Translations.Audit;

/// <summary>Every block that the translator writes is checked, access by access; and the check is checked by taking guards away.</summary>
public sealed class AuditTests(ITestOutputHelper output)
{
    private const int PageBytes = 4096;
    private const int QuickBlocks = 12_000;
    private const int LongBlocks = 1_000_000;
    private const int LongPart = 20_000;

    [Theory]
    [InlineData(64, false)]
    [InlineData(8, false)]
    [InlineData(64, true)]
    public void BlocksOfRandomCodeAccessOnlyWhatTheyMay(int blockInstructions, bool counts) =>
        output.WriteLine(AuditRandomPages(Seed.Take(output), QuickBlocks / 3, blockInstructions, counts));

    /// <summary>In parts that say what they found as they end: all processors work, and a part can be repeated by its seed.</summary>
    [Fact(Explicit = true)]
    public void AMillionBlocksOfRandomCodeAccessOnlyWhatTheyMay()
    {
        int seed = Seed.Take(output);
        ParallelOptions processors = new() { MaxDegreeOfParallelism = Environment.ProcessorCount, CancellationToken = TestContext.Current.CancellationToken };
        Parallel.For(0, LongBlocks / LongPart, processors, part =>
        {
            string found = AuditRandomPages(unchecked(seed + part), LongPart, 64, counts: false);
            lock (output)
                output.WriteLine($"part {part}: {found}");
        });
    }

    [Theory]
    [InlineData("sd a0, 8(a1)")]
    [InlineData("ld a0, 8(a1)")]
    [InlineData("lb t3, -1(t4)")]
    [InlineData("amoadd.w a0, a2, (a1)")]
    [InlineData("amomax.d a0, a2, (a1)")]
    [InlineData("amoand.w a0, a2, (a1)")]
    [InlineData("lr.d a0, (a1)")]
    [InlineData("sc.d a0, a2, (a1)")]
    [InlineData("jalr zero, 0(a1)")]
    [InlineData("ld a0, 8(a1)\nadd a2, a2, a0\nlw a3, 28(a1)")]
    [InlineData("lbu a0, -1(t4)\nld t3, 40(t4)")]
    [InlineData("sd a0, 8(a1)\nsb a2, 0(a1)")]
    [InlineData("sd a0, 8(t4)\nsh a2, 510(t4)")]
    [InlineData("ld a0, 8(t4)\nsd a2, 16(t4)")]
    [InlineData("ld a0, 8(a1)\nlw t3, 4(a2)\nsd a0, 16(a1)")]
    [InlineData("fld fa0, 8(a1)\nfsw ft11, -4(t4)\nfadd.d fa0, fa0, fa1\nfsd fa0, 16(a1)")]
    [InlineData("ld a0, 0(a1)\nld a2, 0(a3)\nsd a0, 8(a3)\nsd a2, 8(a1)\nsd a2, 16(a3)")]
    [InlineData("addi t3, a1, 8\naddi a1, a1, 16\nld a0, 0(a1)\nsd a0, 0(t3)")]
    [InlineData("addi a0, t3, 8\nld a4, 0(t3)\nld a5, 0(a0)")]
    [InlineData("addi t3, a1, 8\naddi t4, t3, 8\nld a0, 0(a1)\nld a2, 0(t4)")]
    [InlineData("addi t3, a1, 0\nld a0, 0(a1)\naddi t3, t3, 16\nld a4, 0(t3)")]
    [InlineData("addi t3, a1, 8\nld a0, 0(a1)\naddi a1, t3, -8\nld a2, 8(a1)")]
    [InlineData("auipc t3, 0x100\nld t3, 8(t3)\nauipc t4, 0x100\nsd t3, 16(t4)")]
    public void ABlockWithoutItsGuardIsFound(string instruction)
    {
        using TestMachine machine = new(translation: new TranslationOptions());
        machine.Load(instruction + "\nwfi");
        BlockContent content = Translate(machine, 0);
        TakeGuardsAway(machine.Family.Code!, content, guards: 4);
    }

    private static void TakeGuardsAway(TranslatedCode code, BlockContent content, int guards)
    {
        BlockAudit audit = new(code, _ => false);
        Assert.Empty(audit.Check(content));
        int doctored = 0;
        foreach (Iced.Intel.Instruction i in Decode(content))
        {
            int offset = (int)((long)i.IP - content.Block.HostAddress);
            bool isGuard = i.Mnemonic == Mnemonic.Ja || (i.Mnemonic == Mnemonic.Cmp && i.Op0Kind == OpKind.Register && i.Op1Kind == OpKind.Immediate32to64)
                || (i.Mnemonic == Mnemonic.Sub && i.MemoryBase == Register.R15) || i.Mnemonic == Mnemonic.Bextr
                || (i.Mnemonic == Mnemonic.Je && offset >= content.ColdOffset) || (i.Mnemonic == Mnemonic.Mov && i.Op0Kind == OpKind.Memory && i.MemoryBase == Register.RSP);
            if (!isGuard)
                continue;
            byte[] host = [.. content.Host];
            host.AsSpan(offset, i.Length).Fill(0x90);
            Assert.True(audit.Check(content with { Host = host }).Count > 0, $"without {i} at +{offset} the audit finds nothing");
            doctored++;
        }

        Assert.InRange(doctored, guards, 40);
    }

    /// <summary>The code of an instruction that lies in two pages looks into the second through the table of fetches.</summary>
    [Fact]
    public unsafe void ABlockThatLooksIntoTheNextPageIsGuarded()
    {
        using TestMachine machine = new(translation: new TranslationOptions());
        machine.Load("sd a0, 8(a1)\nwfi", TestMachine.Ram + PageBytes - 2);
        CodePage page = machine.Family.Blocks!.Find(TestMachine.Ram, machine.Fills[0], out _)!;
        byte[] bytes = new byte[PageBytes + 2];
        Assert.True(machine.Memory.Read(TestMachine.Ram, bytes).IsDone);

        // SAFETY: a page of bytes and two more, pinned for the call.
        fixed (byte* source = bytes)
            _ = machine.Family.Blocks.CodeFor(page, PageBytes - 2, source, (ushort*)(source + PageBytes), machine.Fills[0], out _);
        TakeGuardsAway(machine.Family.Code!, machine.Family.Code!.Read(machine.Family.Code.List(TestMachine.Ram).Single())!, guards: 8);
    }

    /// <summary>An address that is read a second time, behind its guard, is the same only where nobody else writes: other threads raise interrupts in the hart's state.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public unsafe void WhatOtherThreadsWriteIsNotTakenToStay(bool isInterrupts)
    {
        using TestMachine machine = new(translation: new TranslationOptions());
        machine.Load("lui a0, 0x12345\nwfi");
        BlockContent content = Translate(machine, 0);
        HartState s = default;
        HostMemory place = RegisterMap.Field((int)(isInterrupts ? (byte*)&s.InterruptInputs - (byte*)&s : 29 * sizeof(ulong)));
        (int distance, int entries, _) = machine.Family.Code!.TlbLayout;
        byte[] host = new byte[256];

        // SAFETY: pinned while the assembler writes.
        fixed (byte* start = host)
        {
            HostAssembler assembler = new();
            assembler.Reset(start, host.Length);
            assembler.Mov(OperandSize.Qword, Register64.Rax, place);
            assembler.Bextr(OperandSize.Qword, Register64.Rcx, Register64.Rax, Register64.R15);
            assembler.Sub(OperandSize.Qword, Register64.Rax, HostMemory.At(Register64.R15, Register64.Rcx, 8, distance));
            assembler.Cmp(OperandSize.Qword, Register64.Rax, PageBytes - 8);
            HostLabel end = assembler.NewLabel();
            assembler.Jcc(Condition.Above, end);
            assembler.Mov(OperandSize.Qword, Register64.Rcx, HostMemory.At(Register64.R15, Register64.Rcx, 8, distance + (entries * 8)));
            assembler.Add(OperandSize.Qword, Register64.Rcx, place);
            assembler.Mov(OperandSize.Qword, Register64.Rax, HostMemory.At(Register64.Rcx));
            assembler.Bind(end);
            HostLabel always = assembler.Here();
            assembler.Jmp(always);
            Array.Resize(ref host, assembler.Offset);
        }

        IReadOnlyList<string> faults = new BlockAudit(machine.Family.Code!, _ => false).Check(content with { Host = host, Entries = [0], ColdOffset = host.Length });
        output.WriteLine(string.Join('\n', faults));
        Assert.Equal(isInterrupts, faults.Count > 0);
    }

    [Theory]
    [InlineData(new byte[] { 0x0f, 0x05 }, "syscall")]
    [InlineData(new byte[] { 0xcc }, "int3")]
    [InlineData(new byte[] { 0xc3 }, "ret")]
    [InlineData(new byte[] { 0x55 }, "push rbp")]
    [InlineData(new byte[] { 0x48, 0x89, 0xc5 }, "mov rbp, rax")]
    [InlineData(new byte[] { 0x4c, 0x8b, 0x7d, 0x00 }, "mov r15, [rbp]")]
    [InlineData(new byte[] { 0x48, 0x8b, 0x85, 0x00, 0x00, 0x01, 0x00 }, "mov rax, [rbp+0x10000]")]
    [InlineData(new byte[] { 0x48, 0x8b, 0x04, 0x0c }, "mov rax, [rsp+rcx]")]
    [InlineData(new byte[] { 0x48, 0x8b, 0x44, 0x0d, 0x00 }, "mov rax, [rbp+rcx]")]
    [InlineData(new byte[] { 0x49, 0x89, 0x07 }, "mov [r15], rax")]
    [InlineData(new byte[] { 0x48, 0x8b, 0x03 }, "mov rax, [rbx]")]
    [InlineData(new byte[] { 0xa4 }, "movsb")]
    [InlineData(new byte[] { 0xff, 0xe0 }, "jmp rax")]
    [InlineData(new byte[] { 0xff, 0xd0 }, "call rax")]
    [InlineData(new byte[] { 0xe9, 0x01, 0x00, 0x00, 0x00 }, "jmp into an instruction")]
    [InlineData(new byte[] { 0xe8, 0x00, 0x00, 0x10, 0x00 }, "call nowhere")]
    [InlineData(new byte[] { 0x65, 0x48, 0x8b, 0x03 }, "mov rax, gs:[rbx]")]
    public void WhatNoBlockMayDoIsFound(byte[] bytes, string what)
    {
        using TestMachine machine = new(translation: new TranslationOptions());
        machine.Load("lui a0, 0x12345\nlui a1, 0x12345\nlui a2, 0x12345\nwfi");
        BlockContent content = Translate(machine, 0);
        BlockAudit audit = new(machine.Family.Code!, _ => false);
        Assert.Empty(audit.Check(content));
        byte[] host = [.. content.Host];
        bytes.CopyTo(host, 0);
        int filled = bytes.Length;
        while (!Decode(content).Any(i => (int)((long)i.IP - content.Block.HostAddress) == filled))
            host[filled++] = 0x90;
        output.WriteLine(string.Join('\n', audit.Check(content with { Host = host, Entries = [0] })));
        Assert.True(audit.Check(content with { Host = host, Entries = [0] }).Count > 0, what);
    }

    private static IEnumerable<Iced.Intel.Instruction> Decode(BlockContent content)
    {
        ByteArrayCodeReader reader = new(content.Host);
        Iced.Intel.Decoder decoder = Iced.Intel.Decoder.Create(64, reader, (ulong)content.Block.HostAddress);
        while (reader.CanReadByte)
            yield return decoder.Decode();
    }

    private static BlockContent Translate(TestMachine machine, int offset)
    {
        BlockCache blocks = machine.Family.Blocks!;
        CodePage page = blocks.Find(TestMachine.Ram, machine.Fills[0], out _)!;
        nint code = CodeFor(machine, page, offset);
        TranslatedCode translated = machine.Family.Code!;
        return translated.Read(translated.List(TestMachine.Ram).Single(block => block.HostAddress == code))!;
    }

    private static unsafe nint CodeFor(TestMachine machine, CodePage page, int offset)
    {
        byte[] bytes = new byte[PageBytes];
        Assert.True(machine.Memory.Read(page.PhysicalPage, bytes).IsDone);

        // SAFETY: a page of bytes, pinned for the call.
        fixed (byte* source = bytes)
            return machine.Family.Blocks!.CodeFor(page, offset, source, null, machine.Fills[0], out _);
    }

    private static string AuditRandomPages(int seed, int wanted, int blockInstructions, bool counts)
    {
        Random random = new(seed);
        int audited = 0;
        long accesses = 0;
        while (audited < wanted)
        {
            using TestMachine machine = new(translation: new TranslationOptions { BlockInstructions = blockInstructions, CountsInstructions = counts });
            TranslatedCode code = machine.Family.Code!;
            for (int number = 0; number < 64 && audited < wanted; number++)
            {
                ulong address = TestMachine.Ram + ((ulong)number * PageBytes);
                machine.Load(address, RandomPage(random));
                TranslateAll(machine, address);
                IReadOnlyList<TranslatedBlock> blocks = code.List(address);
                BlockContent[] contents = [.. blocks.Select(block => code.Read(in block)!)];
                HashSet<nint> entries = [.. contents.SelectMany(content => content.Entries.Select(entry => content.Block.HostAddress + entry))];
                BlockAudit audit = new(code, entries.Contains);
                foreach (BlockContent content in contents)
                {
                    Assert.True(content.Marks.Count > 0, "a block was written otherwise the second time");
                    IReadOnlyList<string> faults = audit.Check(content);
                    if (faults.Count > 0)
                        Assert.Fail($"seed {seed}, block {Convert.ToHexString(content.Guest)}:\n{string.Join('\n', faults)}\n{string.Join('\n', Decode(content))}");
                    audited++;
                    accesses += content.Host.Length;
                }
            }
        }

        return string.Create(CultureInfo.InvariantCulture, $"seed {seed}, {audited} blocks, {accesses} bytes");
    }

    // From the start, and from wherever a block ends.
    private static void TranslateAll(TestMachine machine, ulong address)
    {
        BlockCache blocks = machine.Family.Blocks!;
        CodePage page = blocks.Find(address, machine.Fills[0], out _)!;
        for (int offset = 0; offset < PageBytes;)
        {
            nint code = CodeFor(machine, page, offset);
            TranslatedBlock block = machine.Family.Code!.List(address).FirstOrDefault(block => block.HostAddress == code);
            offset = block.HostBytes == 0 ? offset + 2 : Math.Max(offset + 2, block.End);
        }
    }

    // Instructions of the table at random: any row, any operands; compressed ones between them, and loads and stores from one base register, which become runs.
    private static byte[] RandomPage(Random random)
    {
        byte[] page = new byte[PageBytes];
        int run = 0;
        uint register = 0;
        for (int at = 0; at < PageBytes;)
        {
            if (run == 0 && random.Next(8) == 0)
                (run, register) = (random.Next(2, 8), (uint)random.Next(1, 32));
            uint bits = run > 0 && run-- > 0 && random.Next(4) != 0 ? RandomAccess(random, register) : RandomInstruction(random);
            int length = Math.Min((bits & 3) == 3 ? 4 : 2, PageBytes - at);
            for (int i = 0; i < length; i++)
                page[at + i] = (byte)(bits >> (8 * i));
            at += length;
        }

        return page;
    }

    // Loads and stores of integers and of floating-point numbers.
    private static uint RandomAccess(Random random, uint register)
    {
        uint near = (uint)random.Next(-300, 300) & 0xfff;
        uint value = (uint)random.Next(32);
        bool isFloat = random.Next(3) == 0;
        uint width = (uint)(isFloat ? random.Next(2, 4) : random.Next(4));
        uint opcode = isFloat ? 4u : 0;
        return random.Next(2) == 0
            ? (near << 20) | (register << 15) | (width << 12) | (value << 7) | 0x03 | opcode
            : ((near >> 5) << 25) | (value << 20) | (register << 15) | (width << 12) | ((near & 31) << 7) | 0x23 | opcode;
    }

    private static uint RandomInstruction(Random random)
    {
        while (true)
        {
            InstructionRow row = InstructionTable.Rows[random.Next(InstructionTable.Rows.Length)];
            uint bits = (uint)random.NextInt64(1L << 32);
            bits = (bits & ~row.Mask) | row.Match;
            if (Strata.Cpu.RiscV.Decoder.Decode(bits).Operation == Operation.Illegal)
                continue;

            // What ends blocks comes seldom, so that blocks grow.
            if (row.Operands.Contains("target", StringComparison.Ordinal) && random.Next(3) != 0)
                continue;
            return bits;
        }
    }
}
