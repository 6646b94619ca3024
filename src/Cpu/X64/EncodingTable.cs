// Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2, chapters 3 to 5: the opcode column.
using static Strata.Cpu.X64.EncodingNotation;

// A table is aligned by columns.
#pragma warning disable IDE0055

namespace Strata.Cpu.X64;

/// <summary>Every encoding that <see cref="Assembler"/> writes, one line each.</summary>
/// <remarks>
/// A row that is <see cref="Sized"/> is the byte form: <see cref="OperandSize"/> adds the rest (88 becomes 66 89, 89, REX.W 89).
/// In the manual's column n is the number of an operation of <see cref="Arithmetic"/>, <see cref="Shift"/> or <see cref="BitTest"/>, c that of a condition.
/// </remarks>
internal static class EncodingTable
{
    //                                          VEX   L      pp    map     W     opcode /n  form     imm             the manual
    // Moves.
    internal const uint MovRmReg              =                                  0x88      | Sized;               // 88 /r                          MOV r/m, r
    internal const uint MovRegRm              =                                  0x8A      | Sized;               // 8A /r                          MOV r, r/m
    internal const uint MovRmImm              =                                  0xC6 | D0 | Sized  | Iz;         // C6 /0 iz                       MOV r/m, imm
    internal const uint MovRegImm32           =                                  0xB8      | PlusR  | Id;         // B8+rd id                       MOV r32, imm32
    internal const uint MovRegImm64           =                            W1  | 0xB8      | PlusR;               // REX.W B8+ro io                 MOV r64, imm64
    internal const uint MovzxByte             =                    M0F   |       0xB6      | ByteRm;              // 0F B6 /r                       MOVZX r, r/m8
    internal const uint MovzxWord             =                    M0F   |       0xB7;                            // 0F B7 /r                       MOVZX r, r/m16
    internal const uint MovsxByte             =                    M0F   |       0xBE      | ByteRm;              // 0F BE /r                       MOVSX r, r/m8
    internal const uint MovsxWord             =                    M0F   |       0xBF;                            // 0F BF /r                       MOVSX r, r/m16
    internal const uint MovsxdDword           =                            W1  | 0x63;                            // REX.W 63 /r                    MOVSXD r64, r/m32
    internal const uint LeaRegM               =                                  0x8D;                            // 8D /r                          LEA r, m
    internal const uint XchgRmReg             =                                  0x86      | Sized;               // 86 /r                          XCHG r/m, r
    internal const uint PushReg               =                                  0x50      | PlusR;               // 50+ro                          PUSH r64
    internal const uint PopReg                =                                  0x58      | PlusR;               // 58+ro                          POP r64
    internal const uint PushRm                =                                  0xFF | D6;                       // FF /6                          PUSH r/m64
    internal const uint PopRm                 =                                  0x8F | D0;                       // 8F /0                          POP r/m64
    internal const uint BswapReg              =                    M0F   |       0xC8      | PlusR;               // 0F C8+rd                       BSWAP r
    internal const uint MovbeRegM             =                    M0F38 |       0xF0;                            // 0F 38 F0 /r                    MOVBE r, m
    internal const uint MovbeMReg             =                    M0F38 |       0xF1;                            // 0F 38 F1 /r                    MOVBE m, r
    internal const uint Cmovcc                =                    M0F   |       0x40;                            // 0F 40+c /r                     CMOVcc r, r/m
    internal const uint Setcc                 =                    M0F   |       0x90      | ByteRm;              // 0F 90+c                        SETcc r/m8

    // Arithmetic: ADD, OR, ADC, SBB, AND, SUB, XOR, CMP.
    internal const uint ArithmeticRmReg       =                                  0x00      | Sized;               // 00+8n /r                       OP r/m, r
    internal const uint ArithmeticRegRm       =                                  0x02      | Sized;               // 02+8n /r                       OP r, r/m
    internal const uint ArithmeticAccImm      =                                  0x04      | Sized  | Iz;         // 04+8n iz                       OP al/ax/eax/rax, imm
    internal const uint ArithmeticRmImm       =                                  0x80      | Sized  | Iz;         // 80 /n iz                       OP r/m, imm
    internal const uint ArithmeticRmImm8      =                                  0x83               | Ib;         // 83 /n ib                       OP r/m, imm8
    internal const uint TestRmReg             =                                  0x84      | Sized;               // 84 /r                          TEST r/m, r
    internal const uint TestAccImm            =                                  0xA8      | Sized  | Iz;         // A8 iz                          TEST al/ax/eax/rax, imm
    internal const uint TestRmImm             =                                  0xF6 | D0 | Sized  | Iz;         // F6 /0 iz                       TEST r/m, imm
    internal const uint NotRm                 =                                  0xF6 | D2 | Sized;               // F6 /2                          NOT r/m
    internal const uint NegRm                 =                                  0xF6 | D3 | Sized;               // F6 /3                          NEG r/m
    internal const uint MulRm                 =                                  0xF6 | D4 | Sized;               // F6 /4                          MUL r/m
    internal const uint ImulRm                =                                  0xF6 | D5 | Sized;               // F6 /5                          IMUL r/m
    internal const uint DivRm                 =                                  0xF6 | D6 | Sized;               // F6 /6                          DIV r/m
    internal const uint IdivRm                =                                  0xF6 | D7 | Sized;               // F6 /7                          IDIV r/m
    internal const uint IncRm                 =                                  0xFE | D0 | Sized;               // FE /0                          INC r/m
    internal const uint DecRm                 =                                  0xFE | D1 | Sized;               // FE /1                          DEC r/m
    internal const uint ImulRegRm             =                    M0F   |       0xAF;                            // 0F AF /r                       IMUL r, r/m
    internal const uint ImulRegRmImm          =                                  0x69               | Iz;         // 69 /r iz                       IMUL r, r/m, imm
    internal const uint ImulRegRmImm8         =                                  0x6B               | Ib;         // 6B /r ib                       IMUL r, r/m, imm8
    internal const uint Cdq                   =                                  0x99;                            // 99                             CDQ; REX.W: CQO

    // Shifts and bits.
    internal const uint ShiftRmImm            =                                  0xC0      | Sized  | Ib;         // C0 /n ib                       ROL, ROR, SHL, SHR, SAR r/m, imm8
    internal const uint ShiftRmOne            =                                  0xD0      | Sized;               // D0 /n                          ... r/m, 1
    internal const uint ShiftRmCl             =                                  0xD2      | Sized;               // D2 /n                          ... r/m, cl
    internal const uint BitTestRmReg          =                    M0F   |       0x83;                            // 0F 83+8n /r                    BT, BTS, BTR, BTC r/m, r
    internal const uint BitTestRmImm          =                    M0F   |       0xBA               | Ib;         // 0F BA /n ib                    ... r/m, imm8
    internal const uint Popcnt                =              F3  | M0F   |       0xB8;                            // F3 0F B8 /r                    POPCNT r, r/m
    internal const uint Tzcnt                 =              F3  | M0F   |       0xBC;                            // F3 0F BC /r                    TZCNT r, r/m
    internal const uint Lzcnt                 =              F3  | M0F   |       0xBD;                            // F3 0F BD /r                    LZCNT r, r/m
    internal const uint Andn                  = VEX | LZ   | NP  | M0F38 | W0  | 0xF2;                            // VEX.LZ.0F38.W0 F2 /r           ANDN r, r, r/m
    internal const uint Blsr                  = VEX | LZ   | NP  | M0F38 | W0  | 0xF3 | D1;                       // VEX.LZ.0F38.W0 F3 /1           BLSR r, r/m
    internal const uint Blsmsk                = VEX | LZ   | NP  | M0F38 | W0  | 0xF3 | D2;                       // VEX.LZ.0F38.W0 F3 /2           BLSMSK r, r/m
    internal const uint Blsi                  = VEX | LZ   | NP  | M0F38 | W0  | 0xF3 | D3;                       // VEX.LZ.0F38.W0 F3 /3           BLSI r, r/m
    internal const uint Bextr                 = VEX | LZ   | NP  | M0F38 | W0  | 0xF7;                            // VEX.LZ.0F38.W0 F7 /r           BEXTR r, r/m, r
    internal const uint Shlx                  = VEX | LZ   | P66 | M0F38 | W0  | 0xF7;                            // VEX.LZ.66.0F38.W0 F7 /r        SHLX r, r/m, r
    internal const uint Sarx                  = VEX | LZ   | F3  | M0F38 | W0  | 0xF7;                            // VEX.LZ.F3.0F38.W0 F7 /r        SARX r, r/m, r
    internal const uint Shrx                  = VEX | LZ   | F2  | M0F38 | W0  | 0xF7;                            // VEX.LZ.F2.0F38.W0 F7 /r        SHRX r, r/m, r
    internal const uint Rorx                  = VEX | LZ   | F2  | M0F3A | W0  | 0xF0               | Ib;         // VEX.LZ.F2.0F3A.W0 F0 /r ib     RORX r, r/m, imm8
    internal const uint Bzhi                  = VEX | LZ   | NP  | M0F38 | W0  | 0xF5;                            // VEX.LZ.0F38.W0 F5 /r           BZHI r, r/m, r
    internal const uint Pext                  = VEX | LZ   | F3  | M0F38 | W0  | 0xF5;                            // VEX.LZ.F3.0F38.W0 F5 /r        PEXT r, r, r/m
    internal const uint Pdep                  = VEX | LZ   | F2  | M0F38 | W0  | 0xF5;                            // VEX.LZ.F2.0F38.W0 F5 /r        PDEP r, r, r/m
    internal const uint Mulx                  = VEX | LZ   | F2  | M0F38 | W0  | 0xF6;                            // VEX.LZ.F2.0F38.W0 F6 /r        MULX r, r, r/m

    // Control flow and the rest of the system.
    internal const uint JmpRel8               =                                  0xEB               | Ib;         // EB cb                          JMP rel8
    internal const uint JmpRel32              =                                  0xE9               | Id;         // E9 cd                          JMP rel32
    internal const uint JccRel8               =                                  0x70               | Ib;         // 70+c cb                        Jcc rel8
    internal const uint JccRel32              =                    M0F   |       0x80               | Id;         // 0F 80+c cd                     Jcc rel32
    internal const uint CallRel32             =                                  0xE8               | Id;         // E8 cd                          CALL rel32
    internal const uint CallRm                =                                  0xFF | D2;                       // FF /2                          CALL r/m64
    internal const uint JmpRm                 =                                  0xFF | D4;                       // FF /4                          JMP r/m64
    internal const uint Ret                   =                                  0xC3;                            // C3                             RET
    internal const uint Int3                  =                                  0xCC;                            // CC                             INT3
    internal const uint Ud2                   =                    M0F   |       0x0B;                            // 0F 0B                          UD2
    internal const uint Rdtsc                 =                    M0F   |       0x31;                            // 0F 31                          RDTSC
    internal const uint Pause                 =              F3  |               0x90;                            // F3 90                          PAUSE
    internal const uint Lfence                =              NP  | M0F   |       0xAE | D5;                       // NP 0F AE E8                    LFENCE
    internal const uint Mfence                =              NP  | M0F   |       0xAE | D6;                       // NP 0F AE F0                    MFENCE
    internal const uint Sfence                =              NP  | M0F   |       0xAE | D7;                       // NP 0F AE F8                    SFENCE
    internal const uint CmpxchgRmReg          =                    M0F   |       0xB0      | Sized;               // 0F B0 /r                       CMPXCHG r/m, r
    internal const uint XaddRmReg             =                    M0F   |       0xC0      | Sized;               // 0F C0 /r                       XADD r/m, r
    internal const uint Cmpxchg16b            =                    M0F   | W1  | 0xC7 | D1;                       // REX.W 0F C7 /1                 CMPXCHG16B m128

    // Floating point: moves and logic. Rows without 66 are ps and ss, Precision.Double adds it.
    internal const uint VmovdXmmRm            = VEX | L128 | P66 | M0F   | W0  | 0x6E;                            // VEX.128.66.0F.W0 6E /r         VMOVD xmm, r/m32; W1: VMOVQ
    internal const uint VmovdRmXmm            = VEX | L128 | P66 | M0F   | W0  | 0x7E;                            // VEX.128.66.0F.W0 7E /r         VMOVD r/m32, xmm; W1: VMOVQ
    internal const uint VmovqXmmXmm           = VEX | L128 | F3  | M0F   | WIG | 0x7E;                            // VEX.128.F3.0F.WIG 7E /r        VMOVQ xmm, xmm/m64
    internal const uint VmovLoad              = VEX | LIG  | F3  | M0F   | WIG | 0x10;                            // VEX.LIG.F3.0F.WIG 10 /r        VMOVSS xmm, m32; VMOVSS xmm, xmm, xmm
    internal const uint VmovStore             = VEX | LIG  | F3  | M0F   | WIG | 0x11;                            // VEX.LIG.F3.0F.WIG 11 /r        VMOVSS m32, xmm
    internal const uint VmovapsLoad           = VEX | L128 | NP  | M0F   | WIG | 0x28;                            // VEX.128.0F.WIG 28 /r           VMOVAPS xmm, xmm/m128
    internal const uint VmovapsStore          = VEX | L128 | NP  | M0F   | WIG | 0x29;                            // VEX.128.0F.WIG 29 /r           VMOVAPS xmm/m128, xmm
    internal const uint VmovupsLoad           = VEX | L128 | NP  | M0F   | WIG | 0x10;                            // VEX.128.0F.WIG 10 /r           VMOVUPS xmm, xmm/m128
    internal const uint VmovupsStore          = VEX | L128 | NP  | M0F   | WIG | 0x11;                            // VEX.128.0F.WIG 11 /r           VMOVUPS xmm/m128, xmm
    internal const uint Vmovmsk               = VEX | L128 | NP  | M0F   | WIG | 0x50;                            // VEX.128.0F.WIG 50 /r           VMOVMSKPS r32, xmm
    internal const uint Vand                  = VEX | L128 | NP  | M0F   | WIG | 0x54;                            // VEX.128.0F.WIG 54 /r           VANDPS xmm, xmm, xmm/m128
    internal const uint Vandn                 = VEX | L128 | NP  | M0F   | WIG | 0x55;                            // VEX.128.0F.WIG 55 /r           VANDNPS xmm, xmm, xmm/m128
    internal const uint Vor                   = VEX | L128 | NP  | M0F   | WIG | 0x56;                            // VEX.128.0F.WIG 56 /r           VORPS xmm, xmm, xmm/m128
    internal const uint Vxor                  = VEX | L128 | NP  | M0F   | WIG | 0x57;                            // VEX.128.0F.WIG 57 /r           VXORPS xmm, xmm, xmm/m128
    internal const uint Vblendv               = VEX | L128 | P66 | M0F3A | W0  | 0x4A               | Ib;         // VEX.128.66.0F3A.W0 4A /r /is4  VBLENDVPS xmm, xmm, xmm/m128, xmm; 4B: VBLENDVPD

    // Floating point: arithmetic. F3 is ss, Precision.Double makes it F2, sd.
    internal const uint Vsqrt                 = VEX | LIG  | F3  | M0F   | WIG | 0x51;                            // VEX.LIG.F3.0F.WIG 51 /r        VSQRTSS xmm, xmm, xmm/m32
    internal const uint Vadd                  = VEX | LIG  | F3  | M0F   | WIG | 0x58;                            // VEX.LIG.F3.0F.WIG 58 /r        VADDSS xmm, xmm, xmm/m32
    internal const uint Vmul                  = VEX | LIG  | F3  | M0F   | WIG | 0x59;                            // VEX.LIG.F3.0F.WIG 59 /r        VMULSS xmm, xmm, xmm/m32
    internal const uint VcvtPrecision         = VEX | LIG  | F3  | M0F   | WIG | 0x5A;                            // VEX.LIG.F3.0F.WIG 5A /r        VCVTSS2SD xmm, xmm, xmm/m32
    internal const uint Vsub                  = VEX | LIG  | F3  | M0F   | WIG | 0x5C;                            // VEX.LIG.F3.0F.WIG 5C /r        VSUBSS xmm, xmm, xmm/m32
    internal const uint Vmin                  = VEX | LIG  | F3  | M0F   | WIG | 0x5D;                            // VEX.LIG.F3.0F.WIG 5D /r        VMINSS xmm, xmm, xmm/m32
    internal const uint Vdiv                  = VEX | LIG  | F3  | M0F   | WIG | 0x5E;                            // VEX.LIG.F3.0F.WIG 5E /r        VDIVSS xmm, xmm, xmm/m32
    internal const uint Vmax                  = VEX | LIG  | F3  | M0F   | WIG | 0x5F;                            // VEX.LIG.F3.0F.WIG 5F /r        VMAXSS xmm, xmm, xmm/m32
    internal const uint Vcmp                  = VEX | LIG  | F3  | M0F   | WIG | 0xC2               | Ib;         // VEX.LIG.F3.0F.WIG C2 /r ib     VCMPSS xmm, xmm, xmm/m32, imm8
    internal const uint Vround                = VEX | LIG  | P66 | M0F3A | WIG | 0x0A               | Ib;         // VEX.LIG.66.0F3A.WIG 0A /r ib   VROUNDSS xmm, xmm, xmm/m32, imm8; 0B: SD
    internal const uint Vucomi                = VEX | LIG  | NP  | M0F   | WIG | 0x2E;                            // VEX.LIG.0F.WIG 2E /r           VUCOMISS xmm, xmm/m32
    internal const uint Vcomi                 = VEX | LIG  | NP  | M0F   | WIG | 0x2F;                            // VEX.LIG.0F.WIG 2F /r           VCOMISS xmm, xmm/m32
    internal const uint VcvtFromInteger       = VEX | LIG  | F3  | M0F   | W0  | 0x2A;                            // VEX.LIG.F3.0F.W0 2A /r         VCVTSI2SS xmm, xmm, r/m32; W1: r/m64
    internal const uint VcvtToIntegerTruncate = VEX | LIG  | F3  | M0F   | W0  | 0x2C;                            // VEX.LIG.F3.0F.W0 2C /r         VCVTTSS2SI r32, xmm/m32; W1: r64
    internal const uint VcvtToInteger         = VEX | LIG  | F3  | M0F   | W0  | 0x2D;                            // VEX.LIG.F3.0F.W0 2D /r         VCVTSS2SI r32, xmm/m32; W1: r64
    internal const uint VcvtHalfToSingle      = VEX | L128 | P66 | M0F38 | W0  | 0x13;                            // VEX.128.66.0F38.W0 13 /r       VCVTPH2PS xmm, xmm/m64
    internal const uint VcvtSingleToHalf      = VEX | L128 | P66 | M0F3A | W0  | 0x1D               | Ib;         // VEX.128.66.0F3A.W0 1D /r ib    VCVTPS2PH xmm/m64, xmm, imm8
    internal const uint Vfmadd132             = VEX | LIG  | P66 | M0F38 | W0  | 0x99;                            // VEX.LIG.66.0F38.W0 99 /r       VFMADD132SS xmm, xmm, xmm/m32; W1: SD
    internal const uint Vfmsub132             = VEX | LIG  | P66 | M0F38 | W0  | 0x9B;                            // VEX.LIG.66.0F38.W0 9B /r       VFMSUB132SS
    internal const uint Vfnmadd132            = VEX | LIG  | P66 | M0F38 | W0  | 0x9D;                            // VEX.LIG.66.0F38.W0 9D /r       VFNMADD132SS
    internal const uint Vfnmsub132            = VEX | LIG  | P66 | M0F38 | W0  | 0x9F;                            // VEX.LIG.66.0F38.W0 9F /r       VFNMSUB132SS
    internal const uint Vfmadd213             = VEX | LIG  | P66 | M0F38 | W0  | 0xA9;                            // VEX.LIG.66.0F38.W0 A9 /r       VFMADD213SS
    internal const uint Vfmsub213             = VEX | LIG  | P66 | M0F38 | W0  | 0xAB;                            // VEX.LIG.66.0F38.W0 AB /r       VFMSUB213SS
    internal const uint Vfnmadd213            = VEX | LIG  | P66 | M0F38 | W0  | 0xAD;                            // VEX.LIG.66.0F38.W0 AD /r       VFNMADD213SS
    internal const uint Vfnmsub213            = VEX | LIG  | P66 | M0F38 | W0  | 0xAF;                            // VEX.LIG.66.0F38.W0 AF /r       VFNMSUB213SS
    internal const uint Vfmadd231             = VEX | LIG  | P66 | M0F38 | W0  | 0xB9;                            // VEX.LIG.66.0F38.W0 B9 /r       VFMADD231SS
    internal const uint Vfmsub231             = VEX | LIG  | P66 | M0F38 | W0  | 0xBB;                            // VEX.LIG.66.0F38.W0 BB /r       VFMSUB231SS
    internal const uint Vfnmadd231            = VEX | LIG  | P66 | M0F38 | W0  | 0xBD;                            // VEX.LIG.66.0F38.W0 BD /r       VFNMADD231SS
    internal const uint Vfnmsub231            = VEX | LIG  | P66 | M0F38 | W0  | 0xBF;                            // VEX.LIG.66.0F38.W0 BF /r       VFNMSUB231SS

    // Vector integers and the control register.
    internal const uint Vpand                 = VEX | L128 | P66 | M0F   | WIG | 0xDB;                            // VEX.128.66.0F.WIG DB /r        VPAND xmm, xmm, xmm/m128
    internal const uint Vpandn                = VEX | L128 | P66 | M0F   | WIG | 0xDF;                            // VEX.128.66.0F.WIG DF /r        VPANDN xmm, xmm, xmm/m128
    internal const uint Vpor                  = VEX | L128 | P66 | M0F   | WIG | 0xEB;                            // VEX.128.66.0F.WIG EB /r        VPOR xmm, xmm, xmm/m128
    internal const uint Vpxor                 = VEX | L128 | P66 | M0F   | WIG | 0xEF;                            // VEX.128.66.0F.WIG EF /r        VPXOR xmm, xmm, xmm/m128
    internal const uint Vpcmpeqd              = VEX | L128 | P66 | M0F   | WIG | 0x76;                            // VEX.128.66.0F.WIG 76 /r        VPCMPEQD xmm, xmm, xmm/m128
    internal const uint Vpsrlq                = VEX | L128 | P66 | M0F   | WIG | 0x73 | D2          | Ib;         // VEX.128.66.0F.WIG 73 /2 ib     VPSRLQ xmm, xmm, imm8
    internal const uint Vpsllq                = VEX | L128 | P66 | M0F   | WIG | 0x73 | D6          | Ib;         // VEX.128.66.0F.WIG 73 /6 ib     VPSLLQ xmm, xmm, imm8
    internal const uint Vptest                = VEX | L128 | P66 | M0F38 | WIG | 0x17;                            // VEX.128.66.0F38.WIG 17 /r      VPTEST xmm, xmm/m128
    internal const uint Vldmxcsr              = VEX | LZ   | NP  | M0F   | WIG | 0xAE | D2;                       // VEX.LZ.0F.WIG AE /2            VLDMXCSR m32
    internal const uint Vstmxcsr              = VEX | LZ   | NP  | M0F   | WIG | 0xAE | D3;                       // VEX.LZ.0F.WIG AE /3            VSTMXCSR m32
    internal const uint Vzeroupper            = VEX | L128 | NP  | M0F   | WIG | 0x77;                            // VEX.128.0F.WIG 77              VZEROUPPER
}
