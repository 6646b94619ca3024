// Pools of single integer instructions: RV64I, M, Zba, Zbb, Zbs, Zicond. Encodings: Unprivileged ISA, "RV32/64G Instruction Set Listings".
#include "case.h"

enum format { R, I, SHIFT6, SHIFT5, U, UNARY };
struct row { u32 bits; u8 format; };

static const struct row integer[] = {
  { 0x00000013, I },      // addi
  { 0x00002013, I },      // slti
  { 0x00003013, I },      // sltiu
  { 0x00004013, I },      // xori
  { 0x00006013, I },      // ori (with rd = x0: the prefetch hints)
  { 0x00007013, I },      // andi
  { 0x0000001b, I },      // addiw
  { 0x00001013, SHIFT6 }, // slli
  { 0x00005013, SHIFT6 }, // srli
  { 0x40005013, SHIFT6 }, // srai
  { 0x0000101b, SHIFT5 }, // slliw
  { 0x0000501b, SHIFT5 }, // srliw
  { 0x4000501b, SHIFT5 }, // sraiw
  { 0x00000033, R },      // add
  { 0x40000033, R },      // sub
  { 0x00001033, R },      // sll
  { 0x00002033, R },      // slt
  { 0x00003033, R },      // sltu
  { 0x00004033, R },      // xor
  { 0x00005033, R },      // srl
  { 0x40005033, R },      // sra
  { 0x00006033, R },      // or
  { 0x00007033, R },      // and
  { 0x0000003b, R },      // addw
  { 0x4000003b, R },      // subw
  { 0x0000103b, R },      // sllw
  { 0x0000503b, R },      // srlw
  { 0x4000503b, R },      // sraw
  { 0x00000037, U },      // lui
  { 0x00000017, U },      // auipc
};

static const struct row multiply[] = {
  { 0x02000033, R },      // mul
  { 0x02001033, R },      // mulh
  { 0x02002033, R },      // mulhsu
  { 0x02003033, R },      // mulhu
  { 0x02004033, R },      // div
  { 0x02005033, R },      // divu
  { 0x02006033, R },      // rem
  { 0x02007033, R },      // remu
  { 0x0200003b, R },      // mulw
  { 0x0200403b, R },      // divw
  { 0x0200503b, R },      // divuw
  { 0x0200603b, R },      // remw
  { 0x0200703b, R },      // remuw
};

static const struct row bits[] = {
  { 0x0800003b, R },      // add.uw
  { 0x20002033, R },      // sh1add
  { 0x20004033, R },      // sh2add
  { 0x20006033, R },      // sh3add
  { 0x2000203b, R },      // sh1add.uw
  { 0x2000403b, R },      // sh2add.uw
  { 0x2000603b, R },      // sh3add.uw
  { 0x0800101b, SHIFT6 }, // slli.uw
  { 0x40007033, R },      // andn
  { 0x40006033, R },      // orn
  { 0x40004033, R },      // xnor
  { 0x60001013, UNARY },  // clz
  { 0x60101013, UNARY },  // ctz
  { 0x60201013, UNARY },  // cpop
  { 0x6000101b, UNARY },  // clzw
  { 0x6010101b, UNARY },  // ctzw
  { 0x6020101b, UNARY },  // cpopw
  { 0x60401013, UNARY },  // sext.b
  { 0x60501013, UNARY },  // sext.h
  { 0x0800403b, UNARY },  // zext.h
  { 0x0a006033, R },      // max
  { 0x0a007033, R },      // maxu
  { 0x0a004033, R },      // min
  { 0x0a005033, R },      // minu
  { 0x60001033, R },      // rol
  { 0x60005033, R },      // ror
  { 0x6000103b, R },      // rolw
  { 0x6000503b, R },      // rorw
  { 0x60005013, SHIFT6 }, // rori
  { 0x6000501b, SHIFT5 }, // roriw
  { 0x28705013, UNARY },  // orc.b
  { 0x6b805013, UNARY },  // rev8
  { 0x48001033, R },      // bclr
  { 0x48005033, R },      // bext
  { 0x68001033, R },      // binv
  { 0x28001033, R },      // bset
  { 0x48001013, SHIFT6 }, // bclri
  { 0x48005013, SHIFT6 }, // bexti
  { 0x68001013, SHIFT6 }, // binvi
  { 0x28001013, SHIFT6 }, // bseti
  { 0x0e005033, R },      // czero.eqz
  { 0x0e007033, R },      // czero.nez
};

static u32 make(const struct row *row, u32 rd) {
  switch (row->format) {
    case R: return r_type(row->bits, rd, any_x(), any_x());
    case I: return i_type(row->bits, rd, any_x(), (int)below(4096));
    case SHIFT6: return i_type(row->bits, rd, any_x(), (int)below(64));
    case SHIFT5: return i_type(row->bits, rd, any_x(), (int)below(32));
    case U: return u_type(row->bits, rd, below(1 << 20));
    default: return i_type(row->bits, rd, any_x(), 0);
  }
}

void emit_integer(void) { emit32(make(&integer[below(COUNT(integer))], any_rd())); }
void emit_multiply(void) { emit32(make(&multiply[below(COUNT(multiply))], any_rd())); }
void emit_bits(void) { emit32(make(&bits[below(COUNT(bits))], any_rd())); }

u32 simple_word(void) { return make(&integer[below(COUNT(integer))], free_x()); }

void emit_simple(void) {
  u64 allowed = parameters.pools;
  switch (below(6)) {
    case 0: if (allowed >> POOL_MULTIPLY & 1) { emit_multiply(); return; } break;
    case 1: if (allowed >> POOL_BITS & 1) { emit_bits(); return; } break;
    case 2: if (allowed >> POOL_COMPRESSED & 1) { emit_compressed(); return; } break;
    case 3: if (allowed >> POOL_MEMORY & 1) { emit_memory(); return; } break;
    default: break;
  }
  emit_integer();
}
