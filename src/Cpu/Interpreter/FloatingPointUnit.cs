// Unprivileged specification 20240411, chapters "F", "D" and "Zfhmin"; privileged specification 1.13, section 3.1.6.6 (FS).
using Strata.Cpu.FloatingPoint;
using Strata.Cpu.RiscV;
using Strata.Cpu.RiscV.Csr;

namespace Strata.Cpu.Interpreter;

/// <summary>Executes floating-point instructions other than loads and stores, in integer arithmetic.</summary>
internal static unsafe class FloatingPointUnit
{
    private const int DynamicRounding = 7;

    /// <summary>Executes one. False: it is illegal (FS is off, or the rounding mode is reserved), nothing has changed.</summary>
    public static bool Execute(HartState* s, DecodedSlot* op)
    {
        if ((s->MStatus & MStatusBits.Fs) == 0)
            return false;

        // What has no rounding mode has a function in its place, or in that of none of its operands.
        int field = op->RoundingMode;
        RoundingMode mode = (RoundingMode)(field == DynamicRounding ? s->Frm : field);
        if (mode > RoundingMode.NearestMaxMagnitude && HasRoundingMode(op->Op))
            return false;

        ulong* x = (ulong*)s;
        FloatingPointFlags flags = FloatingPointFlags.None;
        bool writesInteger = false;
        ulong result;
        switch (op->Op)
        {
            case Operation.FaddS:
                result = NanBoxing.Box32(Float32.Add(NanBoxing.Unbox32(x[op->Rs1]), NanBoxing.Unbox32(x[op->Rs2]), mode, ref flags));
                break;
            case Operation.FsubS:
                result = NanBoxing.Box32(Float32.Subtract(NanBoxing.Unbox32(x[op->Rs1]), NanBoxing.Unbox32(x[op->Rs2]), mode, ref flags));
                break;
            case Operation.FmulS:
                result = NanBoxing.Box32(Float32.Multiply(NanBoxing.Unbox32(x[op->Rs1]), NanBoxing.Unbox32(x[op->Rs2]), mode, ref flags));
                break;
            case Operation.FdivS:
                result = NanBoxing.Box32(Float32.Divide(NanBoxing.Unbox32(x[op->Rs1]), NanBoxing.Unbox32(x[op->Rs2]), mode, ref flags));
                break;
            case Operation.FsqrtS:
                result = NanBoxing.Box32(Float32.SquareRoot(NanBoxing.Unbox32(x[op->Rs1]), mode, ref flags));
                break;
            case Operation.FmaddS:
                result = NanBoxing.Box32(Float32.FusedMultiplyAdd(NanBoxing.Unbox32(x[op->Rs1]), NanBoxing.Unbox32(x[op->Rs2]), NanBoxing.Unbox32(x[op->Rs3]), mode, ref flags));
                break;
            case Operation.FmsubS:
                result = NanBoxing.Box32(Float32.FusedMultiplyAdd(NanBoxing.Unbox32(x[op->Rs1]), NanBoxing.Unbox32(x[op->Rs2]), NanBoxing.Unbox32(x[op->Rs3]) ^ Float32.SignBit, mode, ref flags));
                break;
            case Operation.FnmsubS:
                result = NanBoxing.Box32(Float32.FusedMultiplyAdd(NanBoxing.Unbox32(x[op->Rs1]) ^ Float32.SignBit, NanBoxing.Unbox32(x[op->Rs2]), NanBoxing.Unbox32(x[op->Rs3]), mode, ref flags));
                break;
            case Operation.FnmaddS:
                result = NanBoxing.Box32(Float32.FusedMultiplyAdd(NanBoxing.Unbox32(x[op->Rs1]) ^ Float32.SignBit, NanBoxing.Unbox32(x[op->Rs2]), NanBoxing.Unbox32(x[op->Rs3]) ^ Float32.SignBit, mode, ref flags));
                break;
            case Operation.FsgnjS:
                result = NanBoxing.Box32(Float32.InjectSign(NanBoxing.Unbox32(x[op->Rs1]), NanBoxing.Unbox32(x[op->Rs2])));
                break;
            case Operation.FsgnjnS:
                result = NanBoxing.Box32(Float32.InjectSignNegated(NanBoxing.Unbox32(x[op->Rs1]), NanBoxing.Unbox32(x[op->Rs2])));
                break;
            case Operation.FsgnjxS:
                result = NanBoxing.Box32(Float32.InjectSignXor(NanBoxing.Unbox32(x[op->Rs1]), NanBoxing.Unbox32(x[op->Rs2])));
                break;
            case Operation.FminS:
                result = NanBoxing.Box32(Float32.Minimum(NanBoxing.Unbox32(x[op->Rs1]), NanBoxing.Unbox32(x[op->Rs2]), ref flags));
                break;
            case Operation.FmaxS:
                result = NanBoxing.Box32(Float32.Maximum(NanBoxing.Unbox32(x[op->Rs1]), NanBoxing.Unbox32(x[op->Rs2]), ref flags));
                break;
            case Operation.FeqS:
                result = Float32.Equal(NanBoxing.Unbox32(x[op->Rs1]), NanBoxing.Unbox32(x[op->Rs2]), ref flags) ? 1UL : 0;
                writesInteger = true;
                break;
            case Operation.FltS:
                result = Float32.Less(NanBoxing.Unbox32(x[op->Rs1]), NanBoxing.Unbox32(x[op->Rs2]), ref flags) ? 1UL : 0;
                writesInteger = true;
                break;
            case Operation.FleS:
                result = Float32.LessOrEqual(NanBoxing.Unbox32(x[op->Rs1]), NanBoxing.Unbox32(x[op->Rs2]), ref flags) ? 1UL : 0;
                writesInteger = true;
                break;
            case Operation.FcvtWS:
                result = (ulong)Float32.ToInt32(NanBoxing.Unbox32(x[op->Rs1]), mode, ref flags);
                writesInteger = true;
                break;
            case Operation.FcvtWuS:
                result = (ulong)(int)Float32.ToUInt32(NanBoxing.Unbox32(x[op->Rs1]), mode, ref flags);
                writesInteger = true;
                break;
            case Operation.FcvtLS:
                result = (ulong)Float32.ToInt64(NanBoxing.Unbox32(x[op->Rs1]), mode, ref flags);
                writesInteger = true;
                break;
            case Operation.FcvtLuS:
                result = Float32.ToUInt64(NanBoxing.Unbox32(x[op->Rs1]), mode, ref flags);
                writesInteger = true;
                break;
            case Operation.FclassS:
                result = (ulong)Float32.Classify(NanBoxing.Unbox32(x[op->Rs1]));
                writesInteger = true;
                break;
            case Operation.FcvtSW:
                result = NanBoxing.Box32(Float32.FromInt32((int)x[op->Rs1], mode, ref flags));
                break;
            case Operation.FcvtSWu:
                result = NanBoxing.Box32(Float32.FromUInt32((uint)x[op->Rs1], mode, ref flags));
                break;
            case Operation.FcvtSL:
                result = NanBoxing.Box32(Float32.FromInt64((long)x[op->Rs1], mode, ref flags));
                break;
            case Operation.FcvtSLu:
                result = NanBoxing.Box32(Float32.FromUInt64(x[op->Rs1], mode, ref flags));
                break;
            case Operation.FaddD:
                result = Float64.Add(x[op->Rs1], x[op->Rs2], mode, ref flags);
                break;
            case Operation.FsubD:
                result = Float64.Subtract(x[op->Rs1], x[op->Rs2], mode, ref flags);
                break;
            case Operation.FmulD:
                result = Float64.Multiply(x[op->Rs1], x[op->Rs2], mode, ref flags);
                break;
            case Operation.FdivD:
                result = Float64.Divide(x[op->Rs1], x[op->Rs2], mode, ref flags);
                break;
            case Operation.FsqrtD:
                result = Float64.SquareRoot(x[op->Rs1], mode, ref flags);
                break;
            case Operation.FmaddD:
                result = Float64.FusedMultiplyAdd(x[op->Rs1], x[op->Rs2], x[op->Rs3], mode, ref flags);
                break;
            case Operation.FmsubD:
                result = Float64.FusedMultiplyAdd(x[op->Rs1], x[op->Rs2], x[op->Rs3] ^ Float64.SignBit, mode, ref flags);
                break;
            case Operation.FnmsubD:
                result = Float64.FusedMultiplyAdd(x[op->Rs1] ^ Float64.SignBit, x[op->Rs2], x[op->Rs3], mode, ref flags);
                break;
            case Operation.FnmaddD:
                result = Float64.FusedMultiplyAdd(x[op->Rs1] ^ Float64.SignBit, x[op->Rs2], x[op->Rs3] ^ Float64.SignBit, mode, ref flags);
                break;
            case Operation.FsgnjD:
                result = Float64.InjectSign(x[op->Rs1], x[op->Rs2]);
                break;
            case Operation.FsgnjnD:
                result = Float64.InjectSignNegated(x[op->Rs1], x[op->Rs2]);
                break;
            case Operation.FsgnjxD:
                result = Float64.InjectSignXor(x[op->Rs1], x[op->Rs2]);
                break;
            case Operation.FminD:
                result = Float64.Minimum(x[op->Rs1], x[op->Rs2], ref flags);
                break;
            case Operation.FmaxD:
                result = Float64.Maximum(x[op->Rs1], x[op->Rs2], ref flags);
                break;
            case Operation.FeqD:
                result = Float64.Equal(x[op->Rs1], x[op->Rs2], ref flags) ? 1UL : 0;
                writesInteger = true;
                break;
            case Operation.FltD:
                result = Float64.Less(x[op->Rs1], x[op->Rs2], ref flags) ? 1UL : 0;
                writesInteger = true;
                break;
            case Operation.FleD:
                result = Float64.LessOrEqual(x[op->Rs1], x[op->Rs2], ref flags) ? 1UL : 0;
                writesInteger = true;
                break;
            case Operation.FcvtWD:
                result = (ulong)Float64.ToInt32(x[op->Rs1], mode, ref flags);
                writesInteger = true;
                break;
            case Operation.FcvtWuD:
                result = (ulong)(int)Float64.ToUInt32(x[op->Rs1], mode, ref flags);
                writesInteger = true;
                break;
            case Operation.FcvtLD:
                result = (ulong)Float64.ToInt64(x[op->Rs1], mode, ref flags);
                writesInteger = true;
                break;
            case Operation.FcvtLuD:
                result = Float64.ToUInt64(x[op->Rs1], mode, ref flags);
                writesInteger = true;
                break;
            case Operation.FclassD:
                result = (ulong)Float64.Classify(x[op->Rs1]);
                writesInteger = true;
                break;
            case Operation.FcvtDW:
                result = Float64.FromInt32((int)x[op->Rs1]);
                break;
            case Operation.FcvtDWu:
                result = Float64.FromUInt32((uint)x[op->Rs1]);
                break;
            case Operation.FcvtDL:
                result = Float64.FromInt64((long)x[op->Rs1], mode, ref flags);
                break;
            case Operation.FcvtDLu:
                result = Float64.FromUInt64(x[op->Rs1], mode, ref flags);
                break;
            case Operation.FcvtSD:
                result = NanBoxing.Box32(Float32.FromFloat64(x[op->Rs1], mode, ref flags));
                break;
            case Operation.FcvtDS:
                result = Float64.FromFloat32(NanBoxing.Unbox32(x[op->Rs1]), ref flags);
                break;
            case Operation.FcvtSH:
                result = NanBoxing.Box32(Float32.FromFloat16(NanBoxing.Unbox16(x[op->Rs1]), ref flags));
                break;
            case Operation.FcvtDH:
                result = Float64.FromFloat16(NanBoxing.Unbox16(x[op->Rs1]), ref flags);
                break;
            case Operation.FcvtHS:
                result = NanBoxing.Box16(Float16.FromFloat32(NanBoxing.Unbox32(x[op->Rs1]), mode, ref flags));
                break;
            case Operation.FcvtHD:
                result = NanBoxing.Box16(Float16.FromFloat64(x[op->Rs1], mode, ref flags));
                break;
            case Operation.FmvXW:
                result = (ulong)(int)x[op->Rs1];
                writesInteger = true;
                break;
            case Operation.FmvXD:
                result = x[op->Rs1];
                writesInteger = true;
                break;
            case Operation.FmvXH:
                result = (ulong)(short)x[op->Rs1];
                writesInteger = true;
                break;
            case Operation.FmvWX:
                result = NanBoxing.Box32((uint)x[op->Rs1]);
                break;
            case Operation.FmvDX:
                result = x[op->Rs1];
                break;
            case Operation.FmvHX:
                result = NanBoxing.Box16((ushort)x[op->Rs1]);
                break;
            default:
                throw new System.Diagnostics.UnreachableException($"no meaning for {op->Op}");
        }

        x[op->Rd] = result;
        s->Fflags |= (byte)flags;
        if (!writesInteger || flags != FloatingPointFlags.None)
            s->MStatus |= MStatusBits.Fs;
        return true;
    }

    /// <summary>The function fields of the others are all below 5, but that of a rounding mode can be reserved.</summary>
    private static bool HasRoundingMode(Operation operation) => operation is not
        (Operation.FsgnjS or Operation.FsgnjnS or Operation.FsgnjxS or Operation.FminS or Operation.FmaxS or Operation.FeqS or Operation.FltS or Operation.FleS
        or Operation.FsgnjD or Operation.FsgnjnD or Operation.FsgnjxD or Operation.FminD or Operation.FmaxD or Operation.FeqD or Operation.FltD or Operation.FleD);
}
