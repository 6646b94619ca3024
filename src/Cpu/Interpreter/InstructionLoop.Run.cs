using System.Buffers.Binary;
using System.Numerics;
using Strata.Cpu.FloatingPoint;
using Strata.Cpu.Paging;
using Strata.Cpu.RiscV;
using Strata.Cpu.RiscV.Csr;
using Strata.Guest.Processors;

namespace Strata.Cpu.Interpreter;

internal sealed unsafe partial class InstructionLoop
{
    /// <summary>The switch. Everything that is frequent and cannot trap is done here; the rest is <see cref="ExecuteSlow"/>'s.</summary>
    /// <remarks>
    /// What is hot lies in locals: the slot, the budget, the registers, the TLB's tables, the page. Program counter and count of instructions are
    /// derived from these and written to the state before anything is called that could look at them (label Slow).
    /// </remarks>
    private RunExitReason Loop(long budget)
    {
        // SAFETY: the state, the TLB's tables and the decoded pages are native memory that lives as long as the hart and the carrier's fills. A slot that
        // is executed lies in the current page or is one of the two behind it. Addresses that hit the TLB lie whole in a page that
        // stays where it is until this carrier's next poll.
        HartState* s = _state;
        ulong* x = (ulong*)s;
        ulong end = s->InstructionsRetired + (ulong)budget;
        TlbEntry* read;
        TlbEntry* write;
        TlbEntry* entry;
        uint indexMask = _fills.IndexMask;
        byte* slots;
        DecodedSlot* op;
        ulong pageAddress;
        ulong address;

    Reconsider:
        // A run ends cleanly between two instructions: what would happen before the next one is left to the next run.
        s->InstructionsRetired = end - (ulong)budget;
        if (budget <= 0)
            return RunExitReason.BudgetSpent;
        if (!Reconsider(out RunExitReason reason))
            return reason;
        address = s->Pc;

    Enter:
        pageAddress = 0;
        slots = _fetchesAlone ? null : EnterPage(address, out pageAddress);
        if (slots is null)
        {
            s->InstructionsRetired = end - (ulong)budget;
            if (budget <= 0)
                return RunExitReason.BudgetSpent;
            if (!EnterPageSlowly(out slots, out pageAddress, out reason))
                return reason;
            if (slots is null)
            {
                // A trap costs budget, so that a handler that traps at once does not run for ever, but does not retire.
                s->InstructionsTrapped++;
                end--;
                budget--;
                goto Reconsider;
            }
        }

        read = _fills.Read;
        write = _fills.Write;
        op = (DecodedSlot*)(slots + ((address - pageAddress) << 2));

        while (true)
        {
            if (--budget < 0)
            {
                s->Pc = pageAddress + (ulong)((byte*)op - slots >> 2);
                s->InstructionsRetired = end;
                return RunExitReason.BudgetSpent;
            }

            switch (op->Op)
            {
                case Operation.Add:
                    x[op->Rd] = x[op->Rs1] + x[op->Rs2];
                    break;
                case Operation.Sub:
                    x[op->Rd] = x[op->Rs1] - x[op->Rs2];
                    break;
                case Operation.Sll:
                    x[op->Rd] = x[op->Rs1] << (int)(x[op->Rs2] & 63);
                    break;
                case Operation.Srl:
                    x[op->Rd] = x[op->Rs1] >> (int)(x[op->Rs2] & 63);
                    break;
                case Operation.Sra:
                    x[op->Rd] = (ulong)((long)x[op->Rs1] >> (int)(x[op->Rs2] & 63));
                    break;
                case Operation.Slt:
                    x[op->Rd] = (long)x[op->Rs1] < (long)x[op->Rs2] ? 1UL : 0;
                    break;
                case Operation.Sltu:
                    x[op->Rd] = x[op->Rs1] < x[op->Rs2] ? 1UL : 0;
                    break;
                case Operation.Xor:
                    x[op->Rd] = x[op->Rs1] ^ x[op->Rs2];
                    break;
                case Operation.Or:
                    x[op->Rd] = x[op->Rs1] | x[op->Rs2];
                    break;
                case Operation.And:
                    x[op->Rd] = x[op->Rs1] & x[op->Rs2];
                    break;
                case Operation.Addi:
                    x[op->Rd] = x[op->Rs1] + (ulong)op->Immediate;
                    break;
                case Operation.Slti:
                    x[op->Rd] = (long)x[op->Rs1] < op->Immediate ? 1UL : 0;
                    break;
                case Operation.Sltiu:
                    x[op->Rd] = x[op->Rs1] < (ulong)op->Immediate ? 1UL : 0;
                    break;
                case Operation.Xori:
                    x[op->Rd] = x[op->Rs1] ^ (ulong)op->Immediate;
                    break;
                case Operation.Ori:
                    x[op->Rd] = x[op->Rs1] | (ulong)op->Immediate;
                    break;
                case Operation.Andi:
                    x[op->Rd] = x[op->Rs1] & (ulong)op->Immediate;
                    break;
                case Operation.Slli:
                    x[op->Rd] = x[op->Rs1] << op->Rs2;
                    break;
                case Operation.Srli:
                    x[op->Rd] = x[op->Rs1] >> op->Rs2;
                    break;
                case Operation.Srai:
                    x[op->Rd] = (ulong)((long)x[op->Rs1] >> op->Rs2);
                    break;
                case Operation.Addw:
                    x[op->Rd] = (ulong)((int)x[op->Rs1] + (int)x[op->Rs2]);
                    break;
                case Operation.Subw:
                    x[op->Rd] = (ulong)((int)x[op->Rs1] - (int)x[op->Rs2]);
                    break;
                case Operation.Sllw:
                    x[op->Rd] = (ulong)((int)x[op->Rs1] << (int)(x[op->Rs2] & 31));
                    break;
                case Operation.Srlw:
                    x[op->Rd] = (ulong)(int)((uint)x[op->Rs1] >> (int)(x[op->Rs2] & 31));
                    break;
                case Operation.Sraw:
                    x[op->Rd] = (ulong)((int)x[op->Rs1] >> (int)(x[op->Rs2] & 31));
                    break;
                case Operation.Addiw:
                    x[op->Rd] = (ulong)((int)x[op->Rs1] + (int)op->Immediate);
                    break;
                case Operation.Slliw:
                    x[op->Rd] = (ulong)((int)x[op->Rs1] << op->Rs2);
                    break;
                case Operation.Srliw:
                    x[op->Rd] = (ulong)(int)((uint)x[op->Rs1] >> op->Rs2);
                    break;
                case Operation.Sraiw:
                    x[op->Rd] = (ulong)((int)x[op->Rs1] >> op->Rs2);
                    break;
                case Operation.Lui:
                    x[op->Rd] = (ulong)(op->Immediate << 12);
                    break;
                case Operation.Auipc:
                    x[op->Rd] = pageAddress + (ulong)((byte*)op - slots >> 2) + (ulong)(op->Immediate << 12);
                    break;

                case Operation.Mul:
                    x[op->Rd] = x[op->Rs1] * x[op->Rs2];
                    break;
                case Operation.Mulh:
                    x[op->Rd] = Arithmetic.MultiplyHigh((long)x[op->Rs1], (long)x[op->Rs2]);
                    break;
                case Operation.Mulhsu:
                    x[op->Rd] = Arithmetic.MultiplyHigh((long)x[op->Rs1], x[op->Rs2]);
                    break;
                case Operation.Mulhu:
                    x[op->Rd] = Math.BigMul(x[op->Rs1], x[op->Rs2], out _);
                    break;
                case Operation.Div:
                    x[op->Rd] = Arithmetic.Divide((long)x[op->Rs1], (long)x[op->Rs2]);
                    break;
                case Operation.Divu:
                    x[op->Rd] = Arithmetic.Divide(x[op->Rs1], x[op->Rs2]);
                    break;
                case Operation.Rem:
                    x[op->Rd] = Arithmetic.Remainder((long)x[op->Rs1], (long)x[op->Rs2]);
                    break;
                case Operation.Remu:
                    x[op->Rd] = Arithmetic.Remainder(x[op->Rs1], x[op->Rs2]);
                    break;
                case Operation.Mulw:
                    x[op->Rd] = (ulong)((int)x[op->Rs1] * (int)x[op->Rs2]);
                    break;
                case Operation.Divw:
                    x[op->Rd] = Arithmetic.Divide((int)x[op->Rs1], (int)x[op->Rs2]);
                    break;
                case Operation.Divuw:
                    x[op->Rd] = Arithmetic.Divide((uint)x[op->Rs1], (uint)x[op->Rs2]);
                    break;
                case Operation.Remw:
                    x[op->Rd] = Arithmetic.Remainder((int)x[op->Rs1], (int)x[op->Rs2]);
                    break;
                case Operation.Remuw:
                    x[op->Rd] = Arithmetic.Remainder((uint)x[op->Rs1], (uint)x[op->Rs2]);
                    break;

                case Operation.AddUw:
                    x[op->Rd] = (uint)x[op->Rs1] + x[op->Rs2];
                    break;
                case Operation.Sh1add:
                    x[op->Rd] = (x[op->Rs1] << 1) + x[op->Rs2];
                    break;
                case Operation.Sh2add:
                    x[op->Rd] = (x[op->Rs1] << 2) + x[op->Rs2];
                    break;
                case Operation.Sh3add:
                    x[op->Rd] = (x[op->Rs1] << 3) + x[op->Rs2];
                    break;
                case Operation.Sh1addUw:
                    x[op->Rd] = ((ulong)(uint)x[op->Rs1] << 1) + x[op->Rs2];
                    break;
                case Operation.Sh2addUw:
                    x[op->Rd] = ((ulong)(uint)x[op->Rs1] << 2) + x[op->Rs2];
                    break;
                case Operation.Sh3addUw:
                    x[op->Rd] = ((ulong)(uint)x[op->Rs1] << 3) + x[op->Rs2];
                    break;
                case Operation.SlliUw:
                    x[op->Rd] = (ulong)(uint)x[op->Rs1] << op->Rs2;
                    break;
                case Operation.Andn:
                    x[op->Rd] = x[op->Rs1] & ~x[op->Rs2];
                    break;
                case Operation.Orn:
                    x[op->Rd] = x[op->Rs1] | ~x[op->Rs2];
                    break;
                case Operation.Xnor:
                    x[op->Rd] = ~(x[op->Rs1] ^ x[op->Rs2]);
                    break;
                case Operation.Clz:
                    x[op->Rd] = (ulong)BitOperations.LeadingZeroCount(x[op->Rs1]);
                    break;
                case Operation.Ctz:
                    x[op->Rd] = (ulong)BitOperations.TrailingZeroCount(x[op->Rs1]);
                    break;
                case Operation.Cpop:
                    x[op->Rd] = (ulong)BitOperations.PopCount(x[op->Rs1]);
                    break;
                case Operation.Clzw:
                    x[op->Rd] = (ulong)BitOperations.LeadingZeroCount((uint)x[op->Rs1]);
                    break;
                case Operation.Ctzw:
                    x[op->Rd] = (ulong)BitOperations.TrailingZeroCount((uint)x[op->Rs1]);
                    break;
                case Operation.Cpopw:
                    x[op->Rd] = (ulong)BitOperations.PopCount((uint)x[op->Rs1]);
                    break;
                case Operation.Min:
                    x[op->Rd] = (ulong)Math.Min((long)x[op->Rs1], (long)x[op->Rs2]);
                    break;
                case Operation.Minu:
                    x[op->Rd] = Math.Min(x[op->Rs1], x[op->Rs2]);
                    break;
                case Operation.Max:
                    x[op->Rd] = (ulong)Math.Max((long)x[op->Rs1], (long)x[op->Rs2]);
                    break;
                case Operation.Maxu:
                    x[op->Rd] = Math.Max(x[op->Rs1], x[op->Rs2]);
                    break;
                case Operation.SextB:
                    x[op->Rd] = (ulong)(sbyte)x[op->Rs1];
                    break;
                case Operation.SextH:
                    x[op->Rd] = (ulong)(short)x[op->Rs1];
                    break;
                case Operation.ZextH:
                    x[op->Rd] = (ushort)x[op->Rs1];
                    break;
                case Operation.Rol:
                    x[op->Rd] = BitOperations.RotateLeft(x[op->Rs1], (int)x[op->Rs2]);
                    break;
                case Operation.Ror:
                    x[op->Rd] = BitOperations.RotateRight(x[op->Rs1], (int)x[op->Rs2]);
                    break;
                case Operation.Rori:
                    x[op->Rd] = BitOperations.RotateRight(x[op->Rs1], op->Rs2);
                    break;
                case Operation.Rolw:
                    x[op->Rd] = (ulong)(int)BitOperations.RotateLeft((uint)x[op->Rs1], (int)x[op->Rs2]);
                    break;
                case Operation.Rorw:
                    x[op->Rd] = (ulong)(int)BitOperations.RotateRight((uint)x[op->Rs1], (int)x[op->Rs2]);
                    break;
                case Operation.Roriw:
                    x[op->Rd] = (ulong)(int)BitOperations.RotateRight((uint)x[op->Rs1], op->Rs2);
                    break;
                case Operation.OrcB:
                    x[op->Rd] = Arithmetic.OrCombine(x[op->Rs1]);
                    break;
                case Operation.Rev8:
                    x[op->Rd] = BinaryPrimitives.ReverseEndianness(x[op->Rs1]);
                    break;
                case Operation.Bclr:
                    x[op->Rd] = x[op->Rs1] & ~(1UL << (int)(x[op->Rs2] & 63));
                    break;
                case Operation.Bclri:
                    x[op->Rd] = x[op->Rs1] & ~(1UL << op->Rs2);
                    break;
                case Operation.Bext:
                    x[op->Rd] = (x[op->Rs1] >> (int)(x[op->Rs2] & 63)) & 1;
                    break;
                case Operation.Bexti:
                    x[op->Rd] = (x[op->Rs1] >> op->Rs2) & 1;
                    break;
                case Operation.Binv:
                    x[op->Rd] = x[op->Rs1] ^ (1UL << (int)(x[op->Rs2] & 63));
                    break;
                case Operation.Binvi:
                    x[op->Rd] = x[op->Rs1] ^ (1UL << op->Rs2);
                    break;
                case Operation.Bset:
                    x[op->Rd] = x[op->Rs1] | (1UL << (int)(x[op->Rs2] & 63));
                    break;
                case Operation.Bseti:
                    x[op->Rd] = x[op->Rs1] | (1UL << op->Rs2);
                    break;
                case Operation.CzeroEqz:
                    x[op->Rd] = x[op->Rs2] == 0 ? 0 : x[op->Rs1];
                    break;
                case Operation.CzeroNez:
                    x[op->Rd] = x[op->Rs2] != 0 ? 0 : x[op->Rs1];
                    break;

                case Operation.Lb:
                    address = x[op->Rs1] + (ulong)op->Immediate;
                    entry = SoftwareTlb.Find(read, address, indexMask);
                    if (!SoftwareTlb.Hits(entry, address, 1))
                        goto Slow;
                    x[op->Rd] = (ulong)*(sbyte*)(address + (ulong)entry->Addend);
                    break;
                case Operation.Lbu:
                    address = x[op->Rs1] + (ulong)op->Immediate;
                    entry = SoftwareTlb.Find(read, address, indexMask);
                    if (!SoftwareTlb.Hits(entry, address, 1))
                        goto Slow;
                    x[op->Rd] = *(byte*)(address + (ulong)entry->Addend);
                    break;
                case Operation.Lh:
                    address = x[op->Rs1] + (ulong)op->Immediate;
                    entry = SoftwareTlb.Find(read, address, indexMask);
                    if (!SoftwareTlb.Hits(entry, address, 2))
                        goto Slow;
                    x[op->Rd] = (ulong)*(short*)(address + (ulong)entry->Addend);
                    break;
                case Operation.Lhu:
                    address = x[op->Rs1] + (ulong)op->Immediate;
                    entry = SoftwareTlb.Find(read, address, indexMask);
                    if (!SoftwareTlb.Hits(entry, address, 2))
                        goto Slow;
                    x[op->Rd] = *(ushort*)(address + (ulong)entry->Addend);
                    break;
                case Operation.Lw:
                    address = x[op->Rs1] + (ulong)op->Immediate;
                    entry = SoftwareTlb.Find(read, address, indexMask);
                    if (!SoftwareTlb.Hits(entry, address, 4))
                        goto Slow;
                    x[op->Rd] = (ulong)*(int*)(address + (ulong)entry->Addend);
                    break;
                case Operation.Lwu:
                    address = x[op->Rs1] + (ulong)op->Immediate;
                    entry = SoftwareTlb.Find(read, address, indexMask);
                    if (!SoftwareTlb.Hits(entry, address, 4))
                        goto Slow;
                    x[op->Rd] = *(uint*)(address + (ulong)entry->Addend);
                    break;
                case Operation.Ld:
                    address = x[op->Rs1] + (ulong)op->Immediate;
                    entry = SoftwareTlb.Find(read, address, indexMask);
                    if (!SoftwareTlb.Hits(entry, address, 8))
                        goto Slow;
                    x[op->Rd] = *(ulong*)(address + (ulong)entry->Addend);
                    break;
                case Operation.Sb:
                    address = x[op->Rs1] + (ulong)op->Immediate;
                    entry = SoftwareTlb.Find(write, address, indexMask);
                    if (!SoftwareTlb.Hits(entry, address, 1))
                        goto Slow;
                    *(byte*)(address + (ulong)entry->Addend) = (byte)x[op->Source];
                    break;
                case Operation.Sh:
                    address = x[op->Rs1] + (ulong)op->Immediate;
                    entry = SoftwareTlb.Find(write, address, indexMask);
                    if (!SoftwareTlb.Hits(entry, address, 2))
                        goto Slow;
                    *(ushort*)(address + (ulong)entry->Addend) = (ushort)x[op->Source];
                    break;
                case Operation.Sw:
                    address = x[op->Rs1] + (ulong)op->Immediate;
                    entry = SoftwareTlb.Find(write, address, indexMask);
                    if (!SoftwareTlb.Hits(entry, address, 4))
                        goto Slow;
                    *(uint*)(address + (ulong)entry->Addend) = (uint)x[op->Source];
                    break;
                case Operation.Sd:
                    address = x[op->Rs1] + (ulong)op->Immediate;
                    entry = SoftwareTlb.Find(write, address, indexMask);
                    if (!SoftwareTlb.Hits(entry, address, 8))
                        goto Slow;
                    *(ulong*)(address + (ulong)entry->Addend) = x[op->Source];
                    break;
                case Operation.Flw:
                    address = x[op->Rs1] + (ulong)op->Immediate;
                    entry = SoftwareTlb.Find(read, address, indexMask);
                    if (!SoftwareTlb.Hits(entry, address, 4) || (s->MStatus & MStatusBits.Fs) == 0)
                        goto Slow;
                    s->MStatus |= MStatusBits.Fs;
                    x[op->Rd] = NanBoxing.Box32(*(uint*)(address + (ulong)entry->Addend));
                    break;
                case Operation.Fld:
                    address = x[op->Rs1] + (ulong)op->Immediate;
                    entry = SoftwareTlb.Find(read, address, indexMask);
                    if (!SoftwareTlb.Hits(entry, address, 8) || (s->MStatus & MStatusBits.Fs) == 0)
                        goto Slow;
                    s->MStatus |= MStatusBits.Fs;
                    x[op->Rd] = *(ulong*)(address + (ulong)entry->Addend);
                    break;
                case Operation.Fsw:
                    address = x[op->Rs1] + (ulong)op->Immediate;
                    entry = SoftwareTlb.Find(write, address, indexMask);
                    if (!SoftwareTlb.Hits(entry, address, 4) || (s->MStatus & MStatusBits.Fs) == 0)
                        goto Slow;
                    *(uint*)(address + (ulong)entry->Addend) = (uint)x[op->Source];
                    break;
                case Operation.Fsd:
                    address = x[op->Rs1] + (ulong)op->Immediate;
                    entry = SoftwareTlb.Find(write, address, indexMask);
                    if (!SoftwareTlb.Hits(entry, address, 8) || (s->MStatus & MStatusBits.Fs) == 0)
                        goto Slow;
                    *(ulong*)(address + (ulong)entry->Addend) = x[op->Source];
                    break;

                case Operation.Beq:
                    if (x[op->Rs1] == x[op->Source])
                        goto Taken;
                    break;
                case Operation.Bne:
                    if (x[op->Rs1] != x[op->Source])
                        goto Taken;
                    break;
                case Operation.Blt:
                    if ((long)x[op->Rs1] < (long)x[op->Source])
                        goto Taken;
                    break;
                case Operation.Bge:
                    if ((long)x[op->Rs1] >= (long)x[op->Source])
                        goto Taken;
                    break;
                case Operation.Bltu:
                    if (x[op->Rs1] < x[op->Source])
                        goto Taken;
                    break;
                case Operation.Bgeu:
                    if (x[op->Rs1] >= x[op->Source])
                        goto Taken;
                    break;
                case Operation.Jal:
                    x[op->Rd] = pageAddress + (ulong)((byte*)op - slots + op->Length >> 2);
                    goto Taken;
                case Operation.Jalr:
                    address = (x[op->Rs1] + (ulong)op->Immediate) & ~1UL;
                    x[op->Rd] = pageAddress + (ulong)((byte*)op - slots + op->Length >> 2);
                    if (address - pageAddress < 4096)
                    {
                        op = (DecodedSlot*)(slots + ((address - pageAddress) << 2));
                        goto Jumped;
                    }

                    goto Left;
                case SlotOperation.FarJalr:
                    address = (x[op->Rs1] + (ulong)op->Immediate) & ~1UL;
                    x[op->Rd] = pageAddress + (ulong)((byte*)op - slots + op->Length >> 2);
                    goto Left;
                case SlotOperation.FarJal:
                    address = pageAddress + (ulong)((byte*)op - slots >> 2);
                    x[op->Rd] = address + ((ulong)op->Length >> 2);
                    address += (ulong)op->Immediate;
                    goto Left;
                case SlotOperation.FarBranch:
                    if (!Arithmetic.IsTaken((Operation)op->Rs2, x[op->Rs1], x[op->Source]))
                        break;
                    address = pageAddress + (ulong)((byte*)op - slots >> 2) + (ulong)op->FarOffset;
                    goto Left;
                case SlotOperation.EndOfPage:
                    budget++;
                    address = pageAddress + (ulong)((byte*)op - slots >> 2);
                    goto Left;
                case SlotOperation.Undecoded:
                    budget++;
                    address = pageAddress + (ulong)((byte*)op - slots >> 2);
                    s->Pc = address;
                    if (DecodeHere())
                        continue;
                    goto Enter;
                default:
                    goto Slow;
            }

            op = (DecodedSlot*)((byte*)op + op->Length);
            continue;

        Taken:
            op = (DecodedSlot*)((byte*)op + op->Immediate);
        Jumped:
            if (Volatile.Read(ref s->ExitWord) == 0)
                continue;
            s->Pc = pageAddress + (ulong)((byte*)op - slots >> 2);
            goto Reconsider;

        Left:
            s->Pc = address;
            if (Volatile.Read(ref s->ExitWord) == 0)
                goto Enter;
            goto Reconsider;

        Slow:
            s->Pc = pageAddress + (ulong)((byte*)op - slots >> 2);
            s->InstructionsRetired = end - (ulong)budget - 1;
            switch (ExecuteSlow(op))
            {
                case Outcome.Next:
                    op = (DecodedSlot*)((byte*)op + op->Length);
                    break;
                case Outcome.Alone:
                    budget++;
                    slots = (byte*)DecodedPage.Slots(_page);
                    pageAddress = _pageAddress;
                    op = (DecodedSlot*)slots;
                    break;
                case Outcome.Retired:
                    goto Reconsider;
                case Outcome.NotRetired:
                    s->InstructionsTrapped++;
                    end--;
                    goto Reconsider;
                case Outcome.LeaveRetired:
                    s->InstructionsRetired++;
                    return _exitReason;
                default:
                    return _exitReason;
            }
        }
    }
}
