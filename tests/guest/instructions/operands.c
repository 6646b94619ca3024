// Which registers a case uses for what, and what they and the memory start with.
#include "case.h"

u32 pinned;
u32 pointer_count;
struct pointer pointers[8];
static u32 hot;                // when not 0: the registers that most operands are drawn from, so that results meet again

static int is_pinned(u32 reg) { return pinned >> reg & 1; }

static void pin_pointer(u32 reg) {
  if (reg == 0 || is_pinned(reg)) return;
  pinned |= 1u << reg;
  int offset = one_in(2) ? PAGE - 24 + (int)below(48) : PAGE / 2 + (int)below(PAGE - 64);
  if (one_in(2)) offset &= ~7;
  pointers[pointer_count].reg = (u8)reg;
  pointers[pointer_count++].offset = offset;
}

void choose_registers(void) {
  pinned = 0;
  pointer_count = 0;
  if (!one_in(4)) pin_pointer(2);
  pin_pointer(8 + below(8));
  pin_pointer(8 + below(8));
  pin_pointer(1 + below(31));
  pin_pointer(1 + below(31));
  hot = one_in(2) ? (u32)(random64() & random64() & random64()) | 1u << (8 + below(8)) : 0;
}

u32 any_x(void) {
  u32 reg = below(32);
  for (u32 i = 0; hot != 0 && i < 6 && !(hot >> reg & 1); i++) reg = below(32);
  return reg;
}

u32 any_rd(void) {
  u32 reg;
  do reg = any_x(); while (is_pinned(reg));
  return reg;
}

u32 free_x(void) {
  u32 reg;
  do reg = any_x(); while (reg == 0 || is_pinned(reg));
  return reg;
}

u32 free_x_but(u32 other) {
  u32 reg;
  do reg = free_x(); while (reg == other);
  return reg;
}

u32 compact_x(void) { return 8 + below(8); }

u32 compact_rd(void) {
  u32 reg;
  do reg = compact_x(); while (is_pinned(reg));
  return reg;
}

u32 any_f(void) {
  u32 reg = below(32);
  for (u32 i = 0; hot != 0 && i < 6 && !(hot >> reg & 1); i++) reg = below(32);
  return reg;
}

// ---- floating point: zeros, denormals, infinities, NaNs with payloads, the edges of the integer types, improper boxes ----
static const u64 doubles[] = {
  0x0000000000000000, 0x8000000000000000, 0x0000000000000001, 0x800fffffffffffff, 0x0010000000000000, 0x8010000000000001,
  0x7fefffffffffffff, 0xffefffffffffffff, 0x7ff0000000000000, 0xfff0000000000000, 0x7ff8000000000000, 0xfff8000000000123,
  0x7ff0000000000001, 0xfff4000000000000, 0x3ff0000000000000, 0xbff0000000000000, 0x3fefffffffffffff, 0x3ff0000000000001,
  0x3fe0000000000000, 0x41dfffffffc00000, 0x41e0000000000000, 0xc1e0000000000000, 0x41efffffffe00000, 0x43e0000000000000,
  0xc3e0000000000000, 0x43f0000000000000, 0x47efffffe0000000, 0x36a0000000000000, 0x3810000000000000, 0x40effc0000000000,
};
static const u32 singles[] = {
  0x00000000, 0x80000000, 0x00000001, 0x807fffff, 0x00800000, 0x80800001, 0x7f7fffff, 0xff7fffff, 0x7f800000, 0xff800000,
  0x7fc00000, 0xffc00123, 0x7f800001, 0xffa00000, 0x3f800000, 0xbf800000, 0x3f7fffff, 0x3f800001, 0x3f000000, 0x4effffff,
  0x4f000000, 0xcf000000, 0x4f800000, 0x5f000000, 0xdf000000, 0x5f800000, 0x33800000, 0x477fe000, 0x38800000,
};
static const u16 halves[] = {
  0x0000, 0x8000, 0x0001, 0x83ff, 0x0400, 0x8401, 0x7bff, 0xfbff, 0x7c00, 0xfc00, 0x7e00, 0xfe12, 0x7c01, 0xfd00, 0x3c00, 0xbc00, 0x3bff,
};

u64 random_float(void) {
  u64 r = random64();
  u32 around = (u32)(r >> 8) & 31;
  switch (r & 15) {
    case 0: case 1: case 2: case 3: return doubles[below(COUNT(doubles))];
    case 4: case 5: case 6: return 0xffffffff00000000 | singles[below(COUNT(singles))];
    case 7: case 8: return 0xffffffff00000000 | (random64() >> 32);
    case 9: return 0xffffffff00000000 | (u64)(127 - 16 + around) << 23 | (random64() & 0x807fffff);   // near 1
    case 10: return (u64)(1023 - 16 + around) << 52 | (random64() & 0x800fffffffffffff);
    case 11: return 0xffffffffffff0000 | halves[below(COUNT(halves))];
    case 12: return 0xffffffffffff0000 | (random64() >> 48);
    case 13: return singles[below(COUNT(singles))] | (random64() & 0x7fffffff00000000);                 // improperly boxed
    case 14: return (u64)(1023 - 128 + (around << 3)) << 52 | (random64() & 0x800fffffffffffff);
    default: return random64();
  }
}

void fill_registers(struct context *context) {
  for (u32 i = 1; i < 32; i++) context->x[i] = random_integer();
  for (u32 i = 0; i < 32; i++) context->f[i] = random_float();
  context->fcsr = (one_in(8) ? 5 + below(3) : below(5)) << 5 | (one_in(2) ? 0 : below(32));
  for (u32 i = 0; i < 32; i++) {
    if (parameters.zero_x >> i & 1) context->x[i] = 0;
    if (parameters.one_x >> i & 1) context->x[i] = i > 0;
    if (parameters.zero_f >> i & 1) context->f[i] = 0;
    if (parameters.one_f >> i & 1) context->f[i] = 0x3ff0000000000000;
  }
  for (u32 i = 0; i < pointer_count; i++) context->x[pointers[i].reg] = scratch_address + (u64)pointers[i].offset;
}

struct target memory_target(u32 size, int aligned) {
  const struct pointer *pointer = &pointers[below(pointer_count)];
  int last = SCRATCH_SIZE - (int)size;
  int at = one_in(2) ? pointer->offset - 32 + (int)below(64) : pointer->offset - 2000 + (int)below(4000);
  if (at < 0) at = 0;
  if (at > last) at = last;
  if (aligned) at &= -(int)size;
  return (struct target){ pointer->reg, at - pointer->offset };
}
