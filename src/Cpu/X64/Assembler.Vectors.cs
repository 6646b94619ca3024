using static Strata.Cpu.X64.EncodingTable;

namespace Strata.Cpu.X64;

// AVX and FMA3: moves, logic, conversions. Scalar instructions take the upper bits of their result from the first source.
internal sealed unsafe partial class Assembler
{
    // Moves

    /// <summary>vmovd or vmovq xmm, r: the rest of the register becomes zero. Dword or Qword.</summary>
    public void Vmov(OperandSize size, XmmRegister destination, Register64 source) => EmitVex(VmovdXmmRm | VexW(size), (uint)destination, 0, (uint)source);

    /// <summary>vmovd or vmovq r, xmm.</summary>
    public void Vmov(OperandSize size, Register64 destination, XmmRegister source) => EmitVex(VmovdRmXmm | VexW(size), (uint)source, 0, (uint)destination);

    /// <summary>vmovq xmm, xmm: the low 64 bits, the rest becomes zero.</summary>
    public void Vmovq(XmmRegister destination, XmmRegister source) => EmitVex(VmovqXmmXmm, (uint)destination, 0, (uint)source);

    /// <summary>vmovss or vmovsd: load, the rest of the register becomes zero.</summary>
    public void Vmov(Precision precision, XmmRegister destination, Memory source) => EmitVex(VmovLoad | (uint)precision, (uint)destination, 0, source);

    /// <summary>vmovss or vmovsd: store.</summary>
    public void Vmov(Precision precision, Memory destination, XmmRegister source) => EmitVex(VmovStore | (uint)precision, (uint)source, 0, destination);

    /// <summary>vmovss or vmovsd xmm, xmm, xmm: low from the second source, the rest from the first.</summary>
    public void Vmov(Precision precision, XmmRegister destination, XmmRegister upper, XmmRegister low) => EmitVex(VmovLoad | (uint)precision, (uint)destination, (uint)upper, (uint)low);

    /// <summary>vmovaps xmm, xmm: all 128 bits; two-byte VEX also where only the source is one of the upper eight.</summary>
    public void Vmovaps(XmmRegister destination, XmmRegister source)
    {
        if (source >= XmmRegister.Xmm8 && destination < XmmRegister.Xmm8)
            EmitVex(VmovapsStore, (uint)source, 0, (uint)destination);
        else
            EmitVex(VmovapsLoad, (uint)destination, 0, (uint)source);
    }

    /// <summary>128 bits from memory aligned to 16 bytes.</summary>
    public void Vmovaps(XmmRegister destination, Memory source) => EmitVex(VmovapsLoad, (uint)destination, 0, source);

    public void Vmovaps(Memory destination, XmmRegister source) => EmitVex(VmovapsStore, (uint)source, 0, destination);

    /// <summary>128 bits from memory of any alignment.</summary>
    public void Vmovups(XmmRegister destination, Memory source) => EmitVex(VmovupsLoad, (uint)destination, 0, source);

    public void Vmovups(Memory destination, XmmRegister source) => EmitVex(VmovupsStore, (uint)source, 0, destination);

    /// <summary>vmovmskps or vmovmskpd: the sign bits of the elements.</summary>
    public void Vmovmsk(Precision precision, Register64 destination, XmmRegister source) => EmitVex(EncodingTable.Vmovmsk | (uint)precision, (uint)destination, 0, (uint)source);

    // Logic

    /// <summary>vandps, vandpd: 128 bits.</summary>
    public void Vand(Precision precision, XmmRegister destination, XmmRegister first, XmmRegister second) =>
        EmitVex(EncodingTable.Vand | (uint)precision, (uint)destination, (uint)first, (uint)second);

    /// <summary>vandps, vandpd: 128 bits.</summary>
    public void Vand(Precision precision, XmmRegister destination, XmmRegister first, Memory second) =>
        EmitVex(EncodingTable.Vand | (uint)precision, (uint)destination, (uint)first, second);

    /// <summary>vandnps, vandnpd: ~first &amp; second.</summary>
    public void Vandn(Precision precision, XmmRegister destination, XmmRegister first, XmmRegister second) =>
        EmitVex(EncodingTable.Vandn | (uint)precision, (uint)destination, (uint)first, (uint)second);

    /// <summary>vandnps, vandnpd: ~first &amp; second.</summary>
    public void Vandn(Precision precision, XmmRegister destination, XmmRegister first, Memory second) =>
        EmitVex(EncodingTable.Vandn | (uint)precision, (uint)destination, (uint)first, second);

    /// <summary>vorps, vorpd.</summary>
    public void Vor(Precision precision, XmmRegister destination, XmmRegister first, XmmRegister second) =>
        EmitVex(EncodingTable.Vor | (uint)precision, (uint)destination, (uint)first, (uint)second);

    /// <summary>vorps, vorpd.</summary>
    public void Vor(Precision precision, XmmRegister destination, XmmRegister first, Memory second) =>
        EmitVex(EncodingTable.Vor | (uint)precision, (uint)destination, (uint)first, second);

    /// <summary>vxorps, vxorpd.</summary>
    public void Vxor(Precision precision, XmmRegister destination, XmmRegister first, XmmRegister second) =>
        EmitVex(EncodingTable.Vxor | (uint)precision, (uint)destination, (uint)first, (uint)second);

    /// <summary>vxorps, vxorpd.</summary>
    public void Vxor(Precision precision, XmmRegister destination, XmmRegister first, Memory second) =>
        EmitVex(EncodingTable.Vxor | (uint)precision, (uint)destination, (uint)first, second);

    public void Vpand(XmmRegister destination, XmmRegister first, XmmRegister second) =>
        EmitVex(EncodingTable.Vpand, (uint)destination, (uint)first, (uint)second);

    public void Vpand(XmmRegister destination, XmmRegister first, Memory second) =>
        EmitVex(EncodingTable.Vpand, (uint)destination, (uint)first, second);

    public void Vpandn(XmmRegister destination, XmmRegister first, XmmRegister second) =>
        EmitVex(EncodingTable.Vpandn, (uint)destination, (uint)first, (uint)second);

    public void Vpandn(XmmRegister destination, XmmRegister first, Memory second) =>
        EmitVex(EncodingTable.Vpandn, (uint)destination, (uint)first, second);

    public void Vpor(XmmRegister destination, XmmRegister first, XmmRegister second) =>
        EmitVex(EncodingTable.Vpor, (uint)destination, (uint)first, (uint)second);

    public void Vpor(XmmRegister destination, XmmRegister first, Memory second) =>
        EmitVex(EncodingTable.Vpor, (uint)destination, (uint)first, second);

    public void Vpxor(XmmRegister destination, XmmRegister first, XmmRegister second) =>
        EmitVex(EncodingTable.Vpxor, (uint)destination, (uint)first, (uint)second);

    public void Vpxor(XmmRegister destination, XmmRegister first, Memory second) =>
        EmitVex(EncodingTable.Vpxor, (uint)destination, (uint)first, second);

    public void Vpcmpeqd(XmmRegister destination, XmmRegister first, XmmRegister second) =>
        EmitVex(EncodingTable.Vpcmpeqd, (uint)destination, (uint)first, (uint)second);

    public void Vpcmpeqd(XmmRegister destination, XmmRegister first, Memory second) =>
        EmitVex(EncodingTable.Vpcmpeqd, (uint)destination, (uint)first, second);

    /// <summary>vblendvps or vblendvpd: per element the second source where the mask's sign bit is set, else the first.</summary>
    public void Vblendv(Precision precision, XmmRegister destination, XmmRegister first, XmmRegister second, XmmRegister mask) =>
        EmitVex(EncodingTable.Vblendv + OpcodeBit(precision), (uint)destination, (uint)first, (uint)second, (int)mask << 4);

    public void Vblendv(Precision precision, XmmRegister destination, XmmRegister first, Memory second, XmmRegister mask) =>
        EmitVex(EncodingTable.Vblendv + OpcodeBit(precision), (uint)destination, (uint)first, second, (int)mask << 4);

    /// <summary>Shifts both quadwords right; zeros come in.</summary>
    public void Vpsrlq(XmmRegister destination, XmmRegister source, int count) => EmitVex(EncodingTable.Vpsrlq, 0, (uint)destination, (uint)source, count);

    /// <summary>Shifts both quadwords left; zeros come in.</summary>
    public void Vpsllq(XmmRegister destination, XmmRegister source, int count) => EmitVex(EncodingTable.Vpsllq, 0, (uint)destination, (uint)source, count);

    /// <summary>Equal if first &amp; second is zero in all 128 bits; Below (carry) if ~first &amp; second is.</summary>
    public void Vptest(XmmRegister first, XmmRegister second) => EmitVex(EncodingTable.Vptest, (uint)first, 0, (uint)second);

    public void Vptest(XmmRegister first, Memory second) => EmitVex(EncodingTable.Vptest, (uint)first, 0, second);

    /// <summary>mxcsr = m32.</summary>
    public void Vldmxcsr(Memory source) => EmitVex(EncodingTable.Vldmxcsr, 0, 0, source);

    /// <summary>m32 = mxcsr.</summary>
    public void Vstmxcsr(Memory destination) => EmitVex(EncodingTable.Vstmxcsr, 0, 0, destination);

    public void Vzeroupper()
    {
        if (_cursor > _limit)
        {
            Overflowed = true;
            return;
        }

        // SAFETY: three bytes of the reserve. There is no ModRM.
        byte* p = EmitVexPrefix(_cursor, EncodingTable.Vzeroupper, 0, 0, 0);
        *p = (byte)(EncodingTable.Vzeroupper & 0xFF);
        _cursor = p + 1;
    }
}
