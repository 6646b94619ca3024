// Pools that change the flow of control: forward jumps over 1–3 units, counted loops, indirect jumps, and code that patches itself.
#include "case.h"

static u32 branch_word(void) {
  static const u8 conditions[] = { 0, 1, 4, 5, 6, 7 };                         // beq bne blt bge bltu bgeu
  return 0x63 | (u32)conditions[below(6)] << 12 | any_x() << 15 | any_x() << 20;
}

void emit_forward(void) {
  u32 at = code_size;
  switch (below(8)) {
    case 0:
      emit32(0x6f | any_rd() << 7);                                            // jal
      forward_jump(at, JUMP_JAL);
      break;
    case 1:
      emit16(0xa001);                                                          // c.j
      forward_jump(at, JUMP_C_J);
      break;
    case 2: case 3:
      emit16((one_in(2) ? 0xc001 : 0xe001) | below(8) << 7);                   // c.beqz, c.bnez
      forward_jump(at, JUMP_C_BRANCH);
      break;
    default:
      emit32(branch_word());
      forward_jump(at, JUMP_BRANCH);
      break;
  }
}

// An auipc and a jalr to a place 1–3 units ahead; rd may be the register that is jumped through.
void emit_indirect(void) {
  u32 at = code_size, address = free_x();
  emit32(u_type(0x17, address, 0));
  if (one_in(3)) {                                                             // through c.jr or c.jalr: the target is the next unit
    u32 may_link = !(pinned >> 1 & 1);
    emit32(i_type(0x13, address, address, 10));
    emit16((may_link && one_in(2) ? 0x9002 : 0x8002) | address << 7);
    return;
  }
  emit32(i_type(0x67, any_rd(), address, one_in(4)));                          // (bit 0 of the sum is cleared: also tried)
  forward_jump(at, JUMP_JALR);
}

// A body of 1–3 simple units, 2–5 times; backwards by branch or by jalr.
void emit_loop(void) {
  u32 counter = free_x(), times = 1 + below(4);
  emit32(i_type(0x13, counter, 0, (int)times));
  pinned |= 1u << counter;
  u32 start = code_size;
  for (u32 i = 1 + below(3); i > 0; i--) emit_simple();
  emit32(i_type(0x13, counter, counter, -1));
  if (one_in(4)) {
    u32 address = free_x();
    emit32(b_type(0x00000063, counter, 0, 12));                                // beqz counter, past the loop
    emit32(u_type(0x17, address, 0));
    emit32(i_type(0x67, any_rd(), address, (int)start - (int)(code_size - 4)));
  } else {
    emit32(b_type(0x00001063, counter, 0, (int)start - (int)code_size));
  }
  pinned &= ~(1u << counter);
}

// A store over an instruction. QEMU sees it once the block it translated ends, so a fence.i or a jump stands in between.
static void patch_next(void) {
  u32 address = free_x(), value = free_x_but(address), at = code_size;
  u32 old = simple_word(), new = simple_word();
  emit32(u_type(0x17, address, 0));
  load_constant(value, new);
  u32 store = code_size;
  int by_halves = one_in(4);
  emit32(0);
  if (by_halves) emit32(0), emit32(0);
  switch (below(3)) {
    case 0: emit32(0x0000100f); break;                                         // fence.i
    case 1: emit32(0x0040006f); break;                                         // j to the next instruction
    default: emit16(0xa009); break;                                            // c.j to the next instruction
  }
  int target = (int)(code_size - at);
  if (by_halves) {
    patch32(store, s_type(0x1023, address, value, target));                    // sh
    patch32(store + 4, i_type(0x1013 | 4 << 12, value, value, 16));            // srli value, value, 16
    patch32(store + 8, s_type(0x1023, address, value, target + 2));
  } else {
    patch32(store, s_type(0x2023, address, value, target));                    // sw
  }
  emit32(old);
}

// A loop whose first pass executes an instruction and then patches it.
static void patch_previous(void) {
  u32 counter = free_x();
  pinned |= 1u << counter;
  u32 address = free_x(), value = free_x_but(address);
  u32 old, new;
  emit32(i_type(0x13, counter, 0, 1 + (int)below(2)));
  u32 start = code_size;
  old = simple_word();
  new = simple_word();
  emit32(old);
  if (one_in(2)) emit16(0x0001);
  u32 at = code_size;
  emit32(u_type(0x17, address, 0));
  load_constant(value, new);
  emit32(s_type(0x2023, address, value, (int)start - (int)at));
  if (one_in(3)) emit32(0x0000100f);
  emit32(i_type(0x13, counter, counter, -1));
  emit32(b_type(0x00005063, counter, 0, (int)start - (int)code_size));         // bgez
  pinned &= ~(1u << counter);
}

void emit_self_modify(void) {
  if (one_in(2)) patch_next();
  else patch_previous();
}
