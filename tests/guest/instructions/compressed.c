// The C forms. Encodings: Unprivileged ISA, "C" Standard Extension, instruction set listings. Jumps are in flow.c.
#include "case.h"

static u32 nonzero_below(u32 bound) { return 1 + below(bound - 1); }

// imm[5] at bit 12, imm[4:0] at 6:2.
static u32 ci(u32 bits, u32 rd, u32 imm6) { return bits | ((imm6 >> 5) & 1) << 12 | rd << 7 | (imm6 & 31) << 2; }
static u32 cb(u32 bits, u32 reg, u32 imm6) { return bits | ((imm6 >> 5) & 1) << 12 | (reg - 8) << 7 | (imm6 & 31) << 2; }

// A pinned pointer among x8–x15: there is always one.
static u32 compact_pointer(void) {
  u32 i;
  do i = below(pointer_count); while (pointers[i].reg < 8 || pointers[i].reg > 15);
  return pointers[i].reg;
}

static void load_or_store(void) {
  u32 base = compact_pointer() - 8, x = compact_rd() - 8, f = below(8), offset = below(32);
  u32 word = (offset & 1) << 6 | ((offset >> 1) & 7) << 10 | ((offset >> 4) & 1) << 5;     // uimm[5:2|6] of four bytes
  u32 wide = (offset & 7) << 10 | ((offset >> 3) & 3) << 5;                                // uimm[5:3|7:6] of eight
  switch (below(6)) {
    case 0: emit16(0x4000 | word | base << 7 | x << 2); break;                 // c.lw
    case 1: emit16(0x6000 | wide | base << 7 | x << 2); break;                 // c.ld
    case 2: emit16(0x2000 | wide | base << 7 | f << 2); break;                 // c.fld
    case 3: emit16(0xc000 | word | base << 7 | below(8) << 2); break;          // c.sw
    case 4: emit16(0xe000 | wide | base << 7 | below(8) << 2); break;          // c.sd
    default: emit16(0xa000 | wide | base << 7 | f << 2); break;                // c.fsd
  }
}

static void stack_load_or_store(void) {
  u32 offset = below(64);
  u32 load4 = ((offset >> 3) & 1) << 12 | (offset & 7) << 4 | ((offset >> 4) & 3) << 2;    // uimm[5|4:2|7:6]
  u32 load8 = ((offset >> 2) & 1) << 12 | (offset & 3) << 5 | ((offset >> 3) & 7) << 2;    // uimm[5|4:3|8:6]
  u32 store4 = (offset & 15) << 9 | ((offset >> 4) & 3) << 7;                              // uimm[5:2|7:6]
  u32 store8 = (offset & 7) << 10 | ((offset >> 3) & 7) << 7;                              // uimm[5:3|8:6]
  switch (below(6)) {
    case 0: emit16(0x4002 | load4 | free_x() << 7); break;                     // c.lwsp
    case 1: emit16(0x6002 | load8 | free_x() << 7); break;                     // c.ldsp
    case 2: emit16(0x2002 | load8 | any_f() << 7); break;                      // c.fldsp
    case 3: emit16(0xc002 | store4 | any_x() << 2); break;                     // c.swsp
    case 4: emit16(0xe002 | store8 | any_x() << 2); break;                     // c.sdsp
    default: emit16(0xa002 | store8 | any_f() << 2); break;                    // c.fsdsp
  }
}

static void arithmetic(void) {
  u32 rd = compact_rd();
  switch (below(17)) {
    case 0: emit16(0x0000 | (rd - 8) << 2 | nonzero_below(256) << 5); break;   // c.addi4spn
    case 1: emit16(ci(0x0001, free_x(), below(64))); break;                    // c.addi
    case 2: emit16(ci(0x0001, 0, below(64))); break;                           // c.nop and its hints
    case 3: emit16(ci(0x2001, free_x(), below(64))); break;                    // c.addiw
    case 4: emit16(ci(0x4001, any_rd(), below(64))); break;                    // c.li
    case 5: {
      u32 reg = free_x();
      emit16(ci(0x6001, reg, nonzero_below(64)));                              // c.lui, or c.addi16sp when it is x2
      break;
    }
    case 6: emit16(cb(0x8001, rd, below(64))); break;                          // c.srli
    case 7: emit16(cb(0x8401, rd, below(64))); break;                          // c.srai
    case 8: emit16(cb(0x8801, rd, below(64))); break;                          // c.andi
    case 9: case 10: case 11: {
      static const u16 bits[] = { 0x8c01, 0x8c21, 0x8c41, 0x8c61, 0x9c01, 0x9c21 };   // c.sub xor or and, c.subw addw
      emit16(bits[below(COUNT(bits))] | (rd - 8) << 7 | below(8) << 2);
      break;
    }
    case 12: emit16(ci(0x0002, any_rd(), below(64))); break;                   // c.slli
    case 13: case 14: emit16(0x8002 | any_rd() << 7 | (1 + below(31)) << 2); break;   // c.mv
    default: emit16(0x9002 | any_rd() << 7 | (1 + below(31)) << 2); break;     // c.add
  }
}

void emit_compressed(void) {
  u32 choice = below(4);
  if (choice == 0) load_or_store();
  else if (choice == 1 && pinned & 4) stack_load_or_store();
  else arithmetic();
}
