// The units of a node: instructions of the other generator, and those that change code, page tables and state under way.
#include "program.h"

u32 pool_count;
static u64 *pool_word(u32 displacement) { return (u64 *)(POOL_PHYSICAL + displacement); }

u32 pool_add(u64 value) {
  if (pool_count >= 255) pool_count = 254;
  u32 displacement = 8 * pool_count++;
  *pool_word(displacement) = value;
  return displacement;
}
void pool_set(u32 displacement, u64 value) { *pool_word(displacement) = value; }
void load_from_pool(u32 rd, u32 displacement) { emit32(i_type(0x3003, rd, POOL, (int)displacement)); }

// How stores to code are followed up: by fence.i, or by a jump only. QEMU sees the store once the block it translated ends.
static void after_patch(void) {
  switch (below(3)) {
    case 0: emit32(0x0000100f); break;                                         // fence.i
    case 1: emit32(0x0040006f); break;                                         // j to the next instruction
    default: emit16(0xa009); break;                                            // c.j to the next instruction
  }
}

// The same for a fence, but by a jump that QEMU never links: it links jumps within a page by virtual address, and this page may be another one now.
static void after_fence(u32 scratch) {
  if (one_in(3)) { emit32(0x0000100f); return; }                               // fence.i
  emit32(u_type(0x17, scratch, 0));                                            // auipc
  emit32(i_type(0x67, 0, scratch, 8));                                         // jr to the next instruction
}

// Where a store to code goes: through either mapping.
static u64 writable(u32 at) { return (one_in(2) ? region_base[ALIAS] : region_base[CODE]) + at; }

static void emit_patch(void) {
  if (spot_count == 0 || pool_count > 220) { emit_spot(); return; }
  const struct spot *spot = &spots[below(spot_count)];
  u32 address = free_x(), value = free_x_but(address);
  u32 words = pool_add(0), skew = spot->at & 3;
  for (u32 i = 1; i < 4; i++) pool_add(0);
  for (u32 i = 0; i < 4; i++) pool_set(words + 8 * i, spot_word(spot) | (u64)spot_word(spot) << 32);
  u64 to = writable(spot->at);
  u32 target = pool_add(fault_is(NO_PATCH) ? POOL_PHYSICAL + PAGE - 8 : to);   // (nothing is there)
  // One of eight words, chosen by a register.
  u32 index = any_x();
  emit32(i_type(0x7013, value, index, 28));                                    // andi
  emit32(r_type(0x33, value, value, POOL));
  emit32(i_type(0x2003, value, value, (int)words));                            // lw
  load_from_pool(address, target);
  switch (below(5)) {
    case 0:                                                                    // sh twice
      emit32(s_type(0x1023, address, value, 0));
      emit32(i_type(0x5013, value, value, 16));                                // (between them nothing executes there)
      emit32(s_type(0x1023, address, value, 2));
      break;
    case 1: if (skew == 0 && !has(F_CODE_UNSEEN)) { emit32(r_type(0x2f | 2 << 12 | 1u << 27, any_rd(), address, value)); break; }   // amoswap.w
      // fall through
    case 2: emit32(s_type(0x2023, address, value, 0)); break;
    case 3:                                                                    // by bytes, from the last
      emit32(s_type(0x2023, address, value, 0));
      emit32(s_type(0x0023, address, value, 0));
      break;
    default: emit32(s_type(0x2023, address, value, 0)); break;
  }
  after_patch();
}

// An entry that leads to the same place or to its sibling, with other bits.
u64 edited_entry(u32 space, enum region region, u32 page, int keeps_executing) {
  u64 entry = V | R | W | X | A | D | user_bit(), drawn = random64();
  (void)space;
  if (region == DATA) entry |= (DATA_PHYSICAL + (page ^ (drawn & 1)) * PAGE) >> 2;
  else entry |= (u64)code_byte(drawn & 1, page * PAGE) >> 2;
  if (keeps_executing) return drawn & 2 ? entry & ~(u64)W : entry;
  switch (drawn >> 8 & 7) {
    case 0: return entry & ~(u64)V;
    case 1: return entry & ~(u64)W;
    case 2: return entry & ~(u64)(R | W);
    case 3: return entry & ~(u64)D;
    case 4: return region == DATA ? entry & ~(u64)A : entry & ~(u64)X;
    default: return entry;
  }
}

u32 fence_word(u32 how, u32 address, u32 asid) {
  return how < 4 ? r_type(0x12000073, 0, how & 1 ? address : 0, how & 2 ? asid : 0) : r_type(0x16000073, 0, address, asid);
}

// S-mode changes a leaf itself: a store to the table, then a fence that covers it. Code that is executed stays executable.
static void emit_edit(void) {
  if (pool_count > 240) { emit_spot(); return; }
  u32 space = below(SPACES), region = one_in(2) ? DATA : below(2);
  u32 page = below(region == DATA ? DATA_PAGES - 1 : CODE_PAGES), how = below(FENCES);
  u32 a = free_x(), b = free_x_but(a);
  load_from_pool(a, pool_add((u64)space_entry(space, region, page)));
  load_from_pool(b, pool_add(edited_entry(space, region, page, region != DATA)));
  emit32(s_type(0x3023, a, b, 0));                                             // sd
  if (how > 0) {
    load_from_pool(a, pool_add(region_base[region] + page * PAGE + below(PAGE)));
    load_from_pool(b, pool_add(space_satp(space) >> 44 & 0xffff));
  }
  if (how == 4) emit32(0x18000073);                                            // sfence.w.inval
  int left_out = fault_is(NO_FENCE) || (fault_is(NO_FENCE_BY_ADDRESS) && (how & 1)) || (fault_is(NO_FENCE_BY_ASID) && how >= 2);
  emit32(left_out ? 0x0040006f : fence_word(how, a, b));
  if (how == 4) emit32(0x18100073);                                            // sfence.inval.ir
  after_fence(a);                                                              // QEMU goes on in the block it translated after a fence, too
}

static void emit_switch(void) {
  u32 a = free_x();
  u64 satp = space_satp(below(SPACES));
  if (pool_count > 250) { emit_spot(); return; }
  load_from_pool(a, pool_add(satp));
  emit32(fault_is(NO_SWITCH) ? 0x0040006f : 0x18001073 | a << 15);             // csrw satp
}

// Bits of sstatus or mstatus: set, cleared.
static void emit_status(void) {
  static const u32 bits[] = { MSTATUS_SUM, MSTATUS_MXR, MSTATUS_MXR, MSTATUS_FS, MSTATUS_FS | MSTATUS_MXR };
  u32 a = free_x(), drawn = below(COUNT(bits)), set = one_in(2);
  u64 value = bits[drawn];
  if (parameters.mode == IN_M_MPRV && one_in(2)) value = MSTATUS_MPRV;
  if (value & MSTATUS_FS && !one_in(3)) value = MSTATUS_MXR;
  if (pool_count > 250) { emit_spot(); return; }
  load_from_pool(a, pool_add(value));
  u32 word = (is_machine() ? 0x30000073u : 0x10000073u) | a << 15 | (set ? 2u : 3u) << 12;
  emit32(fault_is(NO_STATUS) ? 0x0040006f : word);
}

static void emit_service(void) {
  u32 number = service_add();
  if (number == 0) { emit_spot(); return; }
  emit32(i_type(0x13, SERVICE, 0, (int)number));
  emit32(0x00000073);
}

void emit_program_unit(void) {
  u64 pools = parameters.pools;
  for (;;) {
    switch (below(24)) {
      case 0: case 1: case 2: case 3: emit_spot(); return;
      case 4: case 5: emit_simple(); return;
      case 6: case 7: case 8: if (pools >> POOL_MEMORY & 1) { emit_memory(); return; } break;
      case 9: if (pools >> POOL_ATOMIC & 1) { emit_atomic(); return; } break;
      case 10: case 11: if (pools >> POOL_FLOAT & 1) { emit_float(); return; } break;
      case 12: case 13: if (pools >> POOL_FLOAT_MEMORY & 1) { emit_float_memory(); return; } break;
      case 14: if (pools >> POOL_COMPRESSED & 1) { emit_compressed(); return; } break;
      case 15: if (pools >> POOL_FCSR & 1 && one_in(2)) { emit_fcsr(); return; } break;
      case 16: if (pools >> POOL_LOOP & 1) { emit_loop(); return; } break;
      case 17: case 18: if (has(F_PATCH)) { emit_patch(); return; } break;
      case 19: if (has(F_SPACE) && is_supervisor()) { emit_edit(); return; } break;
      case 20: if (has(F_SPACE) && is_supervisor()) { emit_switch(); return; } break;
      case 21: if (has(F_STATUS) && !is_user()) { emit_status(); return; } break;
      default: if (pools >> F_COPY != 0 || has(F_SPACE) || has(F_PMP) || has(F_FETCH_FAULT)) { emit_service(); return; } break;
    }
  }
}
