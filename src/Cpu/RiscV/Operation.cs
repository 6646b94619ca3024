namespace Strata.Cpu.RiscV;

/// <summary>What an instruction does, whatever its encoding; named as in the manual. 0 is no operation, so that zeroed memory decodes to nothing.</summary>
internal enum Operation : ushort
{
    Illegal = 1,
    Lui, Auipc, Jal, Jalr, Beq, Bne, Blt, Bge, Bltu, Bgeu, Lb, Lh, Lw, Ld, Lbu, Lhu, Lwu, Sb, Sh, Sw, Sd, Addi, Slti, Sltiu, Xori, Ori, Andi, Slli,
    Srli, Srai, Add, Sub, Sll, Slt, Sltu, Xor, Srl, Sra, Or, And, Addiw, Slliw, Srliw, Sraiw, Addw, Subw, Sllw, Srlw, Sraw, Fence, FenceTso, Ecall,
    Ebreak, Pause, FenceI, Csrrw, Csrrs, Csrrc, Csrrwi, Csrrsi, Csrrci, Mul, Mulh, Mulhsu, Mulhu, Div, Divu, Rem, Remu, Mulw, Divw, Divuw, Remw,
    Remuw, LrW, ScW, AmoswapW, AmoaddW, AmoxorW, AmoandW, AmoorW, AmominW, AmomaxW, AmominuW, AmomaxuW, LrD, ScD, AmoswapD, AmoaddD, AmoxorD, AmoandD,
    AmoorD, AmominD, AmomaxD, AmominuD, AmomaxuD, WrsNto, WrsSto, Flw, Fsw, FmaddS, FmsubS, FnmsubS, FnmaddS, FaddS, FsubS, FmulS, FdivS, FsqrtS,
    FsgnjS, FsgnjnS, FsgnjxS, FminS, FmaxS, FeqS, FltS, FleS, FcvtWS, FcvtWuS, FcvtLS, FcvtLuS, FcvtSW, FcvtSWu, FcvtSL, FcvtSLu, FmvXW, FclassS,
    FmvWX, Fld, Fsd, FmaddD, FmsubD, FnmsubD, FnmaddD, FaddD, FsubD, FmulD, FdivD, FsqrtD, FsgnjD, FsgnjnD, FsgnjxD, FminD, FmaxD, FeqD, FltD, FleD,
    FcvtWD, FcvtWuD, FcvtLD, FcvtLuD, FcvtDW, FcvtDWu, FcvtDL, FcvtDLu, FcvtSD, FcvtDS, FmvXD, FclassD, FmvDX, Flh, Fsh, FcvtSH, FcvtHS, FcvtDH,
    FcvtHD, FmvXH, FmvHX, AddUw, Sh1add, Sh2add, Sh3add, Sh1addUw, Sh2addUw, Sh3addUw, SlliUw, Xnor, Orn, Andn, Clz, Ctz, Cpop, SextB, SextH, Clzw,
    Ctzw, Cpopw, Min, Minu, Max, Maxu, ZextH, Rol, Ror, Rori, Rolw, Rorw, Roriw, OrcB, Rev8, Bclr, Bclri, Bext, Bexti, Binv, Binvi, Bset, Bseti,
    CzeroEqz, CzeroNez, CboInval, CboClean, CboFlush, CboZero, PrefetchI, PrefetchR, PrefetchW, Sret, Mret, Wfi, SfenceVma, SinvalVma, SfenceWInval,
    SfenceInvalIr,
}
