// Unprivileged specification, chapters "Zicsr" and "CMO"; privileged specification 1.13, section 3.3; SBI specification 2.0, chapter 3.
using System.Runtime.CompilerServices;
using Strata.Cpu.Paging;
using Strata.Cpu.RiscV;
using Strata.Cpu.RiscV.Csr;
using Strata.Guest.Memory;
using Strata.Guest.Processors;
using Strata.Guest.Sbi;

namespace Strata.Cpu.Interpreter;

/// <content>CSRs, calls, returns, fences and cache blocks.</content>
internal sealed unsafe partial class InstructionLoop
{
    private const int CacheBlockBytes = 64;

    private Outcome ReadCsr(DecodedSlot* op)
    {
        if (!_csrs.Read(ref *_state, (int)op->Immediate & 0xfff, out ulong value))
            return RaiseIllegal(op);
        ((ulong*)_state)[op->Rd] = value;
        return Continue(op);
    }

    private Outcome WriteCsr(DecodedSlot* op, CsrOperation operation, ulong operand)
    {
        if (!_csrs.ReadModifyWrite(ref *_state, (int)op->Immediate & 0xfff, operation, operand, out ulong old))
            return RaiseIllegal(op);
        ((ulong*)_state)[op->Rd] = old;
        return Continue(op);
    }

    private Outcome EnvironmentCall(DecodedSlot* op)
    {
        switch (_state->Privilege)
        {
            case PrivilegeMode.User:
                return Raise(TrapCause.UserEnvironmentCall, 0);
            case PrivilegeMode.Supervisor when _firmware is not null:
                return CallFirmware(op, _firmware);
            case PrivilegeMode.Supervisor:
                return Raise(TrapCause.SupervisorEnvironmentCall, 0);
            default:
                return Raise(TrapCause.MachineEnvironmentCall, 0);
        }
    }

    /// <summary>The monitor is the SBI implementation: the call is one instruction, which retires when it is answered.</summary>
    private Outcome CallFirmware(DecodedSlot* op, ISbiFirmware firmware)
    {
        ref HartState s = ref *_state;
        SbiCall call = new(s.X[17], s.X[16], s.X[10], s.X[11], s.X[12], s.X[13], s.X[14], s.X[15]);
        SbiResult result = firmware.Call(_hartId, in call);
        if (result.Again)
        {
            _exitReason = RunExitReason.WaitingForMemory;
            _wait = result.Wait;
            return Outcome.LeaveNotRetired;
        }

        s.X[10] = (ulong)result.Error;
        s.X[11] = result.Value;
        s.ReservationIsValid = 0;
        s.Pc += (uint)op->Length >> 2;
        if (result.StopsHart)
        {
            s.IsStopped = 1;
            _exitReason = RunExitReason.Stopped;
            return Outcome.LeaveRetired;
        }

        if (result.Wait is not null)
        {
            _exitReason = RunExitReason.WaitingForMemory;
            _wait = result.Wait;
            return Outcome.LeaveRetired;
        }

        // A fence that the call made may have been for this hart.
        s.TranslationChanged = 1;
        return Outcome.Retired;
    }

    private Outcome Mret(DecodedSlot* op)
    {
        if (!PrivilegedInstructions.MayMret(in *_state))
            return RaiseIllegal(op);
        Traps.Mret(ref *_state);
        _state->ReservationIsValid = 0;
        return Outcome.Retired;
    }

    private Outcome Sret(DecodedSlot* op)
    {
        if (!PrivilegedInstructions.MaySret(in *_state))
            return RaiseIllegal(op);
        Traps.Sret(ref *_state);
        _state->ReservationIsValid = 0;
        return Outcome.Retired;
    }

    private Outcome WaitForInterrupt(DecodedSlot* op)
    {
        if (!PrivilegedInstructions.MayWaitForInterrupt(in *_state))
            return RaiseIllegal(op);
        _state->Pc += (uint)op->Length >> 2;
        if (Traps.HasPendingInterrupt(in *_state))
            return Outcome.Retired;
        _state->IsWaiting = 1;
        _exitReason = RunExitReason.WaitingForInterrupt;
        return Outcome.LeaveRetired;
    }

    private Outcome FenceAddresses(DecodedSlot* op)
    {
        if (!PrivilegedInstructions.MayFenceAddresses(in *_state))
            return RaiseIllegal(op);
        _fills.Fence(_hartId, op->Rs1 == 0 ? null : Register(op->Rs1), op->Rs2 == 0 ? null : Register(op->Rs2));
        _fills.FenceElsewhere(ref *_state, _hartId);
        return ContinueAfterLooking(op->Length >> 2);
    }

    private Outcome ZeroCacheBlock(DecodedSlot* op)
    {
        if (!PrivilegedInstructions.MayOperateOnCacheBlock(in *_state, EnvironmentBits.Cbze))
            return RaiseIllegal(op);
        ulong address = Register(op->Rs1) & ~(CacheBlockBytes - 1UL);
        _translation.Translate(ref *_state, address, FillAccess.Write, CacheBlockBytes, _fills, out Translation translation);
        switch (translation.Kind)
        {
            case TranslationKind.Ram:
                // SAFETY: an aligned block in a page of RAM that may be written, good until the next poll.
                Unsafe.InitBlockUnaligned((void*)translation.HostAddress, 0, CacheBlockBytes);
                Report(translation, CacheBlockBytes);
                return Outcome.Next;
            case TranslationKind.Mmio:
                // As in QEMU: byte by byte.
                for (uint i = 0; i < CacheBlockBytes; i++)
                {
                    if (!_memory.Bus.Write(translation.PhysicalAddress + i, 1, 0))
                        return Raise(TrapCause.StoreAccessFault, address + i);
                }

                return ContinueAfterLooking(op->Length >> 2);
            default:
                return Fail(translation);
        }
    }

    /// <summary>There is no cache that a guest could see: only the permissions are checked.</summary>
    private Outcome CleanCacheBlock(DecodedSlot* op, ulong permission)
    {
        if (!PrivilegedInstructions.MayOperateOnCacheBlock(in *_state, permission))
            return RaiseIllegal(op);
        ulong address = Register(op->Rs1) & ~(CacheBlockBytes - 1UL);
        _translation.TranslateForCacheBlock(ref *_state, address, CacheBlockBytes, _fills, out Translation translation);
        return translation.Kind is TranslationKind.Ram or TranslationKind.Mmio ? Outcome.Next : Fail(translation);
    }
}
