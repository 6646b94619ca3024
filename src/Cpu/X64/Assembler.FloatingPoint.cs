using System.Runtime.CompilerServices;
using static Strata.Cpu.X64.EncodingNotation;

namespace Strata.Cpu.X64;

// Scalar floating-point arithmetic: AVX, FMA3, F16C. Exceptions are recorded in mxcsr; the upper bits of a result come from the first source.
internal sealed unsafe partial class Assembler
{
    /// <summary>vaddss, vaddsd.</summary>
    public void Vadd(Precision precision, XmmRegister destination, XmmRegister first, XmmRegister second) =>
        EmitVex(EncodingTable.Vadd | (uint)precision, (uint)destination, (uint)first, (uint)second);

    /// <summary>vaddss, vaddsd.</summary>
    public void Vadd(Precision precision, XmmRegister destination, XmmRegister first, Memory second) =>
        EmitVex(EncodingTable.Vadd | (uint)precision, (uint)destination, (uint)first, second);

    /// <summary>vsubss, vsubsd.</summary>
    public void Vsub(Precision precision, XmmRegister destination, XmmRegister first, XmmRegister second) =>
        EmitVex(EncodingTable.Vsub | (uint)precision, (uint)destination, (uint)first, (uint)second);

    /// <summary>vsubss, vsubsd.</summary>
    public void Vsub(Precision precision, XmmRegister destination, XmmRegister first, Memory second) =>
        EmitVex(EncodingTable.Vsub | (uint)precision, (uint)destination, (uint)first, second);

    /// <summary>vmulss, vmulsd.</summary>
    public void Vmul(Precision precision, XmmRegister destination, XmmRegister first, XmmRegister second) =>
        EmitVex(EncodingTable.Vmul | (uint)precision, (uint)destination, (uint)first, (uint)second);

    /// <summary>vmulss, vmulsd.</summary>
    public void Vmul(Precision precision, XmmRegister destination, XmmRegister first, Memory second) =>
        EmitVex(EncodingTable.Vmul | (uint)precision, (uint)destination, (uint)first, second);

    /// <summary>vdivss, vdivsd.</summary>
    public void Vdiv(Precision precision, XmmRegister destination, XmmRegister first, XmmRegister second) =>
        EmitVex(EncodingTable.Vdiv | (uint)precision, (uint)destination, (uint)first, (uint)second);

    /// <summary>vdivss, vdivsd.</summary>
    public void Vdiv(Precision precision, XmmRegister destination, XmmRegister first, Memory second) =>
        EmitVex(EncodingTable.Vdiv | (uint)precision, (uint)destination, (uint)first, second);

    /// <summary>vsqrtss, vsqrtsd: the root of the second source.</summary>
    public void Vsqrt(Precision precision, XmmRegister destination, XmmRegister first, XmmRegister second) =>
        EmitVex(EncodingTable.Vsqrt | (uint)precision, (uint)destination, (uint)first, (uint)second);

    /// <summary>vsqrtss, vsqrtsd: the root of the second source.</summary>
    public void Vsqrt(Precision precision, XmmRegister destination, XmmRegister first, Memory second) =>
        EmitVex(EncodingTable.Vsqrt | (uint)precision, (uint)destination, (uint)first, second);

    /// <summary>vminss, vminsd: the second source if either is a NaN or both are zeros.</summary>
    public void Vmin(Precision precision, XmmRegister destination, XmmRegister first, XmmRegister second) =>
        EmitVex(EncodingTable.Vmin | (uint)precision, (uint)destination, (uint)first, (uint)second);

    /// <summary>vminss, vminsd: the second source if either is a NaN or both are zeros.</summary>
    public void Vmin(Precision precision, XmmRegister destination, XmmRegister first, Memory second) =>
        EmitVex(EncodingTable.Vmin | (uint)precision, (uint)destination, (uint)first, second);

    /// <summary>vmaxss, vmaxsd: the second source if either is a NaN or both are zeros.</summary>
    public void Vmax(Precision precision, XmmRegister destination, XmmRegister first, XmmRegister second) =>
        EmitVex(EncodingTable.Vmax | (uint)precision, (uint)destination, (uint)first, (uint)second);

    /// <summary>vmaxss, vmaxsd: the second source if either is a NaN or both are zeros.</summary>
    public void Vmax(Precision precision, XmmRegister destination, XmmRegister first, Memory second) =>
        EmitVex(EncodingTable.Vmax | (uint)precision, (uint)destination, (uint)first, second);

    /// <summary>destination = destination * second, first added.</summary>
    public void Vfmadd132(Precision precision, XmmRegister destination, XmmRegister first, XmmRegister second) =>
        EmitVex(EncodingTable.Vfmadd132 | FusedW(precision), (uint)destination, (uint)first, (uint)second);

    /// <summary>destination = destination * second, first added.</summary>
    public void Vfmadd132(Precision precision, XmmRegister destination, XmmRegister first, Memory second) =>
        EmitVex(EncodingTable.Vfmadd132 | FusedW(precision), (uint)destination, (uint)first, second);

    /// <summary>destination = destination * second, first added with its sign changed.</summary>
    public void Vfmsub132(Precision precision, XmmRegister destination, XmmRegister first, XmmRegister second) =>
        EmitVex(EncodingTable.Vfmsub132 | FusedW(precision), (uint)destination, (uint)first, (uint)second);

    /// <summary>destination = destination * second, first added with its sign changed.</summary>
    public void Vfmsub132(Precision precision, XmmRegister destination, XmmRegister first, Memory second) =>
        EmitVex(EncodingTable.Vfmsub132 | FusedW(precision), (uint)destination, (uint)first, second);

    /// <summary>destination = destination * second, first added; the product's sign changed.</summary>
    public void Vfnmadd132(Precision precision, XmmRegister destination, XmmRegister first, XmmRegister second) =>
        EmitVex(EncodingTable.Vfnmadd132 | FusedW(precision), (uint)destination, (uint)first, (uint)second);

    /// <summary>destination = destination * second, first added; the product's sign changed.</summary>
    public void Vfnmadd132(Precision precision, XmmRegister destination, XmmRegister first, Memory second) =>
        EmitVex(EncodingTable.Vfnmadd132 | FusedW(precision), (uint)destination, (uint)first, second);

    /// <summary>destination = destination * second, first added; both signs changed.</summary>
    public void Vfnmsub132(Precision precision, XmmRegister destination, XmmRegister first, XmmRegister second) =>
        EmitVex(EncodingTable.Vfnmsub132 | FusedW(precision), (uint)destination, (uint)first, (uint)second);

    /// <summary>destination = destination * second, first added; both signs changed.</summary>
    public void Vfnmsub132(Precision precision, XmmRegister destination, XmmRegister first, Memory second) =>
        EmitVex(EncodingTable.Vfnmsub132 | FusedW(precision), (uint)destination, (uint)first, second);

    /// <summary>destination = first * destination, second added.</summary>
    public void Vfmadd213(Precision precision, XmmRegister destination, XmmRegister first, XmmRegister second) =>
        EmitVex(EncodingTable.Vfmadd213 | FusedW(precision), (uint)destination, (uint)first, (uint)second);

    /// <summary>destination = first * destination, second added.</summary>
    public void Vfmadd213(Precision precision, XmmRegister destination, XmmRegister first, Memory second) =>
        EmitVex(EncodingTable.Vfmadd213 | FusedW(precision), (uint)destination, (uint)first, second);

    /// <summary>destination = first * destination, second added with its sign changed.</summary>
    public void Vfmsub213(Precision precision, XmmRegister destination, XmmRegister first, XmmRegister second) =>
        EmitVex(EncodingTable.Vfmsub213 | FusedW(precision), (uint)destination, (uint)first, (uint)second);

    /// <summary>destination = first * destination, second added with its sign changed.</summary>
    public void Vfmsub213(Precision precision, XmmRegister destination, XmmRegister first, Memory second) =>
        EmitVex(EncodingTable.Vfmsub213 | FusedW(precision), (uint)destination, (uint)first, second);

    /// <summary>destination = first * destination, second added; the product's sign changed.</summary>
    public void Vfnmadd213(Precision precision, XmmRegister destination, XmmRegister first, XmmRegister second) =>
        EmitVex(EncodingTable.Vfnmadd213 | FusedW(precision), (uint)destination, (uint)first, (uint)second);

    /// <summary>destination = first * destination, second added; the product's sign changed.</summary>
    public void Vfnmadd213(Precision precision, XmmRegister destination, XmmRegister first, Memory second) =>
        EmitVex(EncodingTable.Vfnmadd213 | FusedW(precision), (uint)destination, (uint)first, second);

    /// <summary>destination = first * destination, second added; both signs changed.</summary>
    public void Vfnmsub213(Precision precision, XmmRegister destination, XmmRegister first, XmmRegister second) =>
        EmitVex(EncodingTable.Vfnmsub213 | FusedW(precision), (uint)destination, (uint)first, (uint)second);

    /// <summary>destination = first * destination, second added; both signs changed.</summary>
    public void Vfnmsub213(Precision precision, XmmRegister destination, XmmRegister first, Memory second) =>
        EmitVex(EncodingTable.Vfnmsub213 | FusedW(precision), (uint)destination, (uint)first, second);

    /// <summary>destination = first * second, destination added.</summary>
    public void Vfmadd231(Precision precision, XmmRegister destination, XmmRegister first, XmmRegister second) =>
        EmitVex(EncodingTable.Vfmadd231 | FusedW(precision), (uint)destination, (uint)first, (uint)second);

    /// <summary>destination = first * second, destination added.</summary>
    public void Vfmadd231(Precision precision, XmmRegister destination, XmmRegister first, Memory second) =>
        EmitVex(EncodingTable.Vfmadd231 | FusedW(precision), (uint)destination, (uint)first, second);

    /// <summary>destination = first * second, destination added with its sign changed.</summary>
    public void Vfmsub231(Precision precision, XmmRegister destination, XmmRegister first, XmmRegister second) =>
        EmitVex(EncodingTable.Vfmsub231 | FusedW(precision), (uint)destination, (uint)first, (uint)second);

    /// <summary>destination = first * second, destination added with its sign changed.</summary>
    public void Vfmsub231(Precision precision, XmmRegister destination, XmmRegister first, Memory second) =>
        EmitVex(EncodingTable.Vfmsub231 | FusedW(precision), (uint)destination, (uint)first, second);

    /// <summary>destination = first * second, destination added; the product's sign changed.</summary>
    public void Vfnmadd231(Precision precision, XmmRegister destination, XmmRegister first, XmmRegister second) =>
        EmitVex(EncodingTable.Vfnmadd231 | FusedW(precision), (uint)destination, (uint)first, (uint)second);

    /// <summary>destination = first * second, destination added; the product's sign changed.</summary>
    public void Vfnmadd231(Precision precision, XmmRegister destination, XmmRegister first, Memory second) =>
        EmitVex(EncodingTable.Vfnmadd231 | FusedW(precision), (uint)destination, (uint)first, second);

    /// <summary>destination = first * second, destination added; both signs changed.</summary>
    public void Vfnmsub231(Precision precision, XmmRegister destination, XmmRegister first, XmmRegister second) =>
        EmitVex(EncodingTable.Vfnmsub231 | FusedW(precision), (uint)destination, (uint)first, (uint)second);

    /// <summary>destination = first * second, destination added; both signs changed.</summary>
    public void Vfnmsub231(Precision precision, XmmRegister destination, XmmRegister first, Memory second) =>
        EmitVex(EncodingTable.Vfnmsub231 | FusedW(precision), (uint)destination, (uint)first, second);

    /// <summary>vucomiss, vucomisd: flags as after an unsigned compare, Parity with Below and Equal if unordered; invalid for signalling NaNs only.</summary>
    public void Vucomi(Precision precision, XmmRegister first, XmmRegister second) => EmitVex(EncodingTable.Vucomi | (uint)precision, (uint)first, 0, (uint)second);

    /// <summary>vucomiss, vucomisd: flags as after an unsigned compare, Parity with Below and Equal if unordered; invalid for signalling NaNs only.</summary>
    public void Vucomi(Precision precision, XmmRegister first, Memory second) => EmitVex(EncodingTable.Vucomi | (uint)precision, (uint)first, 0, second);

    /// <summary>vcomiss, vcomisd: the same, invalid for every NaN.</summary>
    public void Vcomi(Precision precision, XmmRegister first, XmmRegister second) => EmitVex(EncodingTable.Vcomi | (uint)precision, (uint)first, 0, (uint)second);

    /// <summary>vcomiss, vcomisd: the same, invalid for every NaN.</summary>
    public void Vcomi(Precision precision, XmmRegister first, Memory second) => EmitVex(EncodingTable.Vcomi | (uint)precision, (uint)first, 0, second);

    /// <summary>vcmpss, vcmpsd: all ones or zeros; <paramref name="predicate"/> 0 to 31 of the manual's table 3-1.</summary>
    public void Vcmp(Precision precision, XmmRegister destination, XmmRegister first, XmmRegister second, int predicate) =>
        EmitVex(EncodingTable.Vcmp | (uint)precision, (uint)destination, (uint)first, (uint)second, predicate);

    /// <summary>vcmpss, vcmpsd: all ones or zeros; <paramref name="predicate"/> 0 to 31 of the manual's table 3-1.</summary>
    public void Vcmp(Precision precision, XmmRegister destination, XmmRegister first, Memory second, int predicate) =>
        EmitVex(EncodingTable.Vcmp | (uint)precision, (uint)destination, (uint)first, second, predicate);

    /// <summary>vroundss, vroundsd; <paramref name="mode"/>: bits 1 and 0 the rounding of mxcsr.RC, bit 2 take it from mxcsr, bit 3 leave the inexact flag alone.</summary>
    public void Vround(Precision precision, XmmRegister destination, XmmRegister upper, XmmRegister source, int mode) =>
        EmitVex(EncodingTable.Vround + OpcodeBit(precision), (uint)destination, (uint)upper, (uint)source, mode);

    /// <summary>vroundss, vroundsd; <paramref name="mode"/>: bits 1 and 0 the rounding of mxcsr.RC, bit 2 take it from mxcsr, bit 3 leave the inexact flag alone.</summary>
    public void Vround(Precision precision, XmmRegister destination, XmmRegister upper, Memory source, int mode) =>
        EmitVex(EncodingTable.Vround + OpcodeBit(precision), (uint)destination, (uint)upper, source, mode);

    /// <summary>vcvtsi2ss, vcvtsi2sd: from a signed Dword or Qword.</summary>
    public void VcvtFromInteger(Precision precision, OperandSize size, XmmRegister destination, XmmRegister upper, Register64 source) =>
        EmitVex(EncodingTable.VcvtFromInteger | (uint)precision | VexW(size), (uint)destination, (uint)upper, (uint)source);

    /// <summary>vcvtsi2ss, vcvtsi2sd: from a signed Dword or Qword.</summary>
    public void VcvtFromInteger(Precision precision, OperandSize size, XmmRegister destination, XmmRegister upper, Memory source) =>
        EmitVex(EncodingTable.VcvtFromInteger | (uint)precision | VexW(size), (uint)destination, (uint)upper, source);

    /// <summary>vcvtss2si, vcvtsd2si: to a signed Dword or Qword, rounded by mxcsr; out of range and NaN give the smallest integer and invalid.</summary>
    public void VcvtToInteger(Precision precision, OperandSize size, Register64 destination, XmmRegister source) =>
        EmitVex(EncodingTable.VcvtToInteger | (uint)precision | VexW(size), (uint)destination, 0, (uint)source);

    /// <summary>vcvtss2si, vcvtsd2si: to a signed Dword or Qword, rounded by mxcsr; out of range and NaN give the smallest integer and invalid.</summary>
    public void VcvtToInteger(Precision precision, OperandSize size, Register64 destination, Memory source) =>
        EmitVex(EncodingTable.VcvtToInteger | (uint)precision | VexW(size), (uint)destination, 0, source);

    /// <summary>vcvttss2si, vcvttsd2si: the same towards zero.</summary>
    public void VcvtToIntegerTruncate(Precision precision, OperandSize size, Register64 destination, XmmRegister source) =>
        EmitVex(EncodingTable.VcvtToIntegerTruncate | (uint)precision | VexW(size), (uint)destination, 0, (uint)source);

    /// <summary>vcvttss2si, vcvttsd2si: the same towards zero.</summary>
    public void VcvtToIntegerTruncate(Precision precision, OperandSize size, Register64 destination, Memory source) =>
        EmitVex(EncodingTable.VcvtToIntegerTruncate | (uint)precision | VexW(size), (uint)destination, 0, source);

    /// <summary>vcvtss2sd (from Single) or vcvtsd2ss (from Double).</summary>
    public void VcvtPrecision(Precision from, XmmRegister destination, XmmRegister upper, XmmRegister source) =>
        EmitVex(EncodingTable.VcvtPrecision | (uint)from, (uint)destination, (uint)upper, (uint)source);

    /// <summary>vcvtss2sd (from Single) or vcvtsd2ss (from Double).</summary>
    public void VcvtPrecision(Precision from, XmmRegister destination, XmmRegister upper, Memory source) =>
        EmitVex(EncodingTable.VcvtPrecision | (uint)from, (uint)destination, (uint)upper, source);

    /// <summary>vcvtph2ps: four halves, from memory eight bytes of them, to singles. Exact; invalid for signalling NaNs.</summary>
    public void VcvtHalfToSingle(XmmRegister destination, XmmRegister source) => EmitVex(EncodingTable.VcvtHalfToSingle, (uint)destination, 0, (uint)source);

    /// <summary>vcvtph2ps: four halves, from memory eight bytes of them, to singles. Exact; invalid for signalling NaNs.</summary>
    public void VcvtHalfToSingle(XmmRegister destination, Memory source) => EmitVex(EncodingTable.VcvtHalfToSingle, (uint)destination, 0, source);

    /// <summary>vcvtps2ph: four singles to halves; <paramref name="mode"/>: bits 1 and 0 the rounding, bit 2 take it from mxcsr instead.</summary>
    public void VcvtSingleToHalf(XmmRegister destination, XmmRegister source, int mode) => EmitVex(EncodingTable.VcvtSingleToHalf, (uint)source, 0, (uint)destination, mode);

    /// <summary>vcvtps2ph: four singles to halves; <paramref name="mode"/>: bits 1 and 0 the rounding, bit 2 take it from mxcsr instead.</summary>
    public void VcvtSingleToHalf(Memory destination, XmmRegister source, int mode) => EmitVex(EncodingTable.VcvtSingleToHalf, (uint)source, 0, destination, mode);

    // Where W, not pp, tells the precisions apart; and where bit 0 of the opcode does.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint FusedW(Precision precision) => precision == Precision.Double ? W1 : W0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint OpcodeBit(Precision precision) => precision == Precision.Double ? 1u : 0u;
}
