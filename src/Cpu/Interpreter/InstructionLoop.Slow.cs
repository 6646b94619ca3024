using Strata.Cpu.RiscV;
using Strata.Cpu.RiscV.Csr;

namespace Strata.Cpu.Interpreter;

/// <content>Which part executes what <see cref="Loop"/> does not.</content>
internal sealed unsafe partial class InstructionLoop
{
    private const ulong NoBox = 0;
    private const ulong Box16 = 0xffff_ffff_ffff_0000;
    private const ulong Box32 = 0xffff_ffff_0000_0000;

    /// <summary>Executes the instruction whose address and predecessors' count are in the state.</summary>
    private Outcome ExecuteSlow(DecodedSlot* op)
    {
        switch (op->Op)
        {
            case Operation.Lb:
                return Load(op, 1, sign: 56);
            case Operation.Lbu:
                return Load(op, 1);
            case Operation.Lh:
                return Load(op, 2, sign: 48);
            case Operation.Lhu:
                return Load(op, 2);
            case Operation.Lw:
                return Load(op, 4, sign: 32);
            case Operation.Lwu:
                return Load(op, 4);
            case Operation.Ld:
                return Load(op, 8);
            case Operation.Sb:
                return Store(op, 1);
            case Operation.Sh:
                return Store(op, 2);
            case Operation.Sw:
                return Store(op, 4);
            case Operation.Sd:
                return Store(op, 8);
            case Operation.Flh:
                return LoadFloat(op, 2, Box16);
            case Operation.Flw:
                return LoadFloat(op, 4, Box32);
            case Operation.Fld:
                return LoadFloat(op, 8, NoBox);
            case Operation.Fsh:
                return StoreFloat(op, 2);
            case Operation.Fsw:
                return StoreFloat(op, 4);
            case Operation.Fsd:
                return StoreFloat(op, 8);

            case >= Operation.LrW and <= Operation.AmomaxuD when op->Op is not (Operation.WrsNto or Operation.WrsSto):
                return Atomic(op);

            case Operation.Fence:
                // Earlier stores (and output) before later loads (and input): the only order that the host does not keep by itself.
                if ((op->Immediate & 0x50) != 0 && (op->Immediate & 0x0a) != 0)
                    Interlocked.MemoryBarrier();
                return Outcome.Next;
            case Operation.FenceTso or Operation.FenceI or Operation.Pause or Operation.PrefetchI or Operation.PrefetchR or Operation.PrefetchW:
                return Outcome.Next;

            case Operation.Csrrw:
                return WriteCsr(op, CsrOperation.Write, Register(op->Rs1));
            case Operation.Csrrwi:
                return WriteCsr(op, CsrOperation.Write, op->Rs1);
            case Operation.Csrrs:
                return op->Rs1 == 0 ? ReadCsr(op) : WriteCsr(op, CsrOperation.Set, Register(op->Rs1));
            case Operation.Csrrsi:
                return op->Rs1 == 0 ? ReadCsr(op) : WriteCsr(op, CsrOperation.Set, op->Rs1);
            case Operation.Csrrc:
                return op->Rs1 == 0 ? ReadCsr(op) : WriteCsr(op, CsrOperation.Clear, Register(op->Rs1));
            case Operation.Csrrci:
                return op->Rs1 == 0 ? ReadCsr(op) : WriteCsr(op, CsrOperation.Clear, op->Rs1);

            case Operation.Ecall:
                return EnvironmentCall(op);
            case Operation.Ebreak:
                return Raise(TrapCause.Breakpoint, _state->Pc);
            case Operation.Mret:
                return Mret(op);
            case Operation.Sret:
                return Sret(op);
            case Operation.Wfi:
                return WaitForInterrupt(op);
            case Operation.WrsNto:
                return PrivilegedInstructions.MayWaitOnReservation(in *_state) ? Outcome.Next : RaiseIllegal(op);
            case Operation.WrsSto:
                return Outcome.Next;
            case Operation.SfenceVma or Operation.SinvalVma:
                return FenceAddresses(op);
            case Operation.SfenceWInval or Operation.SfenceInvalIr:
                return PrivilegedInstructions.MayOrderInvalidations(in *_state) ? Outcome.Next : RaiseIllegal(op);
            case Operation.CboZero:
                return ZeroCacheBlock(op);
            case Operation.CboClean or Operation.CboFlush:
                return CleanCacheBlock(op, EnvironmentBits.Cbcfe);
            case Operation.CboInval:
                return CleanCacheBlock(op, EnvironmentBits.Cbie);

            case SlotOperation.Straddle:
                return FetchAlone();
            case Operation.Illegal:
                return RaiseIllegal(op);
            default:
                return FloatingPointUnit.Execute(_state, op) ? Outcome.Next : RaiseIllegal(op);
        }
    }

    private ulong Register(int index) => ((ulong*)_state)[index];
}
