// Pools that touch memory: loads and stores, atomics, cache blocks and hints. All addresses go through pinned pointers.
#include "case.h"

// Half of the accesses are aligned, half have any offset.
void emit_memory(void) {
  u32 width = below(4);                                                       // log2 of the bytes
  struct target to = memory_target(1u << width, one_in(2));
  if (one_in(2)) {
    u32 no_sign = width < 3 && one_in(2) ? 4 : 0;
    emit32(i_type(0x03 | (width | no_sign) << 12, any_rd(), to.base, to.displacement));
  } else {
    emit32(s_type(0x23 | width << 12, to.base, any_x(), to.displacement));
  }
}

// funct5 of the AMOs: swap, add, xor, and, or, min, max, minu, maxu.
static const u8 amos[] = { 0x01, 0x00, 0x04, 0x0c, 0x08, 0x10, 0x14, 0x18, 0x1c };
enum { LR = 0x02, SC = 0x03 };

static u32 atomic(u32 funct5, u32 width, u32 rd, u32 rs1, u32 rs2) {
  return r_type(0x2f | width << 12 | below(4) << 25 | funct5 << 27, rd, rs1, rs2);
}

// An LR, up to two instructions that only change what was loaded, an SC to the same place; all of it repeated until the SC
// succeeds, so that an interrupt in between changes nothing.
static void reserved_pair(u32 width, u32 address) {
  u32 success = free_x_but(address), value, source;
  do value = free_x_but(address); while (value == success);
  do source = any_x(); while (source == success);
  emit32(i_type(0x13, success, 0, 1));                                        // li success, 1
  u32 start = code_size;
  emit32(atomic(LR, width, value, address, 0));
  for (u32 i = below(3); i > 0; i--) emit32((simple_word() & ~0xf80u) | value << 7);
  emit32(atomic(SC, width, success, address, source));
  emit32(b_type(0x00001063, success, 0, (int)start - (int)code_size));        // bnez success, start
}

void emit_atomic(void) {
  u32 width = 2 + below(2), address = free_x();
  struct target to = memory_target(1u << width, !one_in(16));
  emit32(i_type(0x13, address, to.base, to.displacement));                    // addi
  switch (below(8)) {
    case 0: case 1: reserved_pair(width, address); break;
    case 2: emit32(atomic(LR, width, any_rd(), address, 0)); break;
    default: emit32(atomic(amos[below(COUNT(amos))], width, any_rd(), address, any_x())); break;
  }
}

// Zicbom, Zicboz (imm selects inval, clean, flush, zero), Zicbop, Zihintpause, fences, Zawrs without a reservation.
void emit_cache(void) {
  static const u8 operations[] = { 0, 1, 2, 4, 4, 4 };
  switch (below(4)) {
    case 0: {
      static const u32 words[] = { 0x0100000f, 0x0ff0000f, 0x8330000f, 0x0000100f, 0x01d00073 };   // pause, fence, fence.tso, fence.i, wrs.sto
      emit32(words[below(COUNT(words))]);
      break;
    }
    case 1: {
      struct target to = memory_target(32, 0);
      emit32(s_type(0x00006013, to.base, below(2), to.displacement & ~31));   // prefetch.i, prefetch.r
      break;
    }
    default: {
      u32 address = free_x();
      struct target to = memory_target(1, 0);
      emit32(i_type(0x13, address, to.base, to.displacement));
      emit32(i_type(0x0000200f, 0, address, operations[below(COUNT(operations))]));
      break;
    }
  }
}
