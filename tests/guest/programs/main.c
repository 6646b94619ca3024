// The in-guest generator of programs: control flow over pages, code that changes itself, faults and changes of state under way. Registers
// and flags are hashed at every trap, code and data at the end.
#include "program.h"

enum { TRAPS_MAX = 40 };
u64 window_address, scratch_address;             // (operands.c: pointers are moved from it to pairs of pages)
static u64 pristine[DATA_PAGES * PAGE / 8];
static struct context context;

static void make_registers(void) {
  choose_registers();
  // Those that every program needs are not among the pointers.
  while (pinned & PINNED_BY_PROGRAM) choose_registers();
  pinned |= PINNED_BY_PROGRAM;
}

static void fill(void) {
  fill_registers(&context);
  for (u32 i = 0; i < pointer_count; i++) context.x[pointers[i].reg] += below(DATA_PAGES / 2) * 2 * PAGE;
  if (!is_paged() && has(F_FAULT))                                             // beyond the end of memory
    for (u32 i = 0; i < pointer_count; i++) if (one_in(6)) context.x[pointers[i].reg] += 0x88000000 - DATA_PHYSICAL;
  context.x[FUEL] = 16 + below(48);
  context.x[SERVICE] = 0;
  context.x[POOL] = POOL_PHYSICAL;
  context.x[LINK] = any_target();
  context.x[LINK_2] = any_target();
}

static void make_case(u64 number) {
  rng_start(parameters.seed, number);
  pool_count = 0;
  service_count = 1;                                                           // service 0 is the end
  pmp_is_used = 0;
  make_registers();
  if (is_paged()) spaces_make();
  program_make();
  fill();
  u64 privilege = is_machine() ? MACHINE : is_user() ? USER : SUPERVISOR;
  context.status = privilege << 11 | MSTATUS_MPIE | 0x2000;                    // FS = initial
  if (parameters.mode == IN_M_MPRV && !one_in(4)) context.status |= MSTATUS_MPRV;   // (a trap makes MPP = M, its return makes it U)
  context.pc = any_target();
  if (is_paged()) csr_write(satp, space_satp(0));
  csr_write(medeleg, has(F_DELEGATE) && !is_machine() && one_in(3) ? 0xb004 : 0);
  csr_write(pmpcfg0, 0);
  csr_write(menvcfg, MENVCFG_CBO | (one_in(4) ? MENVCFG_ADUE : 0));
  __asm__ volatile("sfence.vma" : : : "memory");
  if (one_in(2)) __asm__ volatile("fence.i" : : : "memory");
}

static u64 hash;
static void changed(const char *what, u32 offset, u64 value) {
  hash = mix(mix(hash, offset), value);
  if (parameters.verbosity < STATES) return;
  put_text(what);
  put_character(' ');
  put_hex(offset, 4);
  put_word("now", value);
  put_character('\n');
}

static void restore_memory(void) {
  for (u32 i = 0; i < DATA_PAGES * PAGE / 8; i++) {
    if (*data_word(i) == pristine[i]) continue;
    changed("data", i * 8, *data_word(i));
    *data_word(i) = pristine[i];
  }
  for (u32 version = 0; version < VERSIONS; version++) {
    for (u32 i = 0; i < spot_count && !has(F_CODE_UNSEEN); i++) {
      const u16 *at = (const u16 *)code_byte(version, spots[i].at);
      changed("spot", version << 15 | spots[i].at, at[0] | (u32)at[1] << 16);
    }
    for (u32 at = (PAGE - 512) & ~7u; at < code_end; at += 8) *(u64 *)code_byte(version, at) = 0x9002900290029002;
  }
}

static void put_case(void) {
  for (u32 i = 0; i < program_units && i < 64; i++) {
    put_text("unit ");
    put_decimal(i);
    put_character('\n');
  }
  for (u32 i = 1; i < service_count; i++) {
    put_text("set service ");
    put_decimal(i);
    put_word("kind", services[i].kind);
    put_word("space", services[i].space);
    put_word("region", services[i].region);
    put_word("page", services[i].page);
    put_word("fence", services[i].fence);
    put_word("at", services[i].at);
    put_word("value", services[i].value);
    put_character('\n');
  }
  for (u32 i = 0; i < pool_count; i++) {
    put_text("set pool ");
    put_decimal(8 * i);
    put_word("value", *(u64 *)(POOL_PHYSICAL + 8 * i));
    put_character('\n');
  }
  for (u32 region = 0; is_paged() && region < REGIONS; region++) {
    for (u32 space = 0; space < SPACES; space++) {
      put_text("set region ");
      put_decimal(region);
      put_word("space", space);
      put_word("entry", *space_region_entry(space, region));
      for (u32 page = 0; page < (region == DATA ? DATA_PAGES : CODE_PAGES); page++) put_word("page", *space_entry(space, region, page));
      put_character('\n');
    }
  }
  put_text("set");
  put_word("first", context.pc);
  put_word("data", region_base[DATA]);
  put_word("medeleg", csr_read(medeleg));
  put_character('\n');
  program_put();
  for (u32 i = 0; i < 64; i++) {
    put_text(i < 32 ? "before x" : "before f");
    put_decimal(i & 31);
    put_word("value", i < 32 ? context.x[i] : context.f[i - 32]);
    put_character('\n');
  }
}

static u64 run_case(u64 number) {
  make_case(number);
  if (parameters.verbosity >= STATES) put_case();
  context.interrupts = 0;
  if (parameters.interrupts != 0) {
    context.interrupts = 24;
    context.interrupt_rng = mix(parameters.interrupts, number) | 1;
    *(volatile u64 *)0x2004000 = *(volatile u64 *)0x200bff8 + (context.interrupt_rng >> 32 & 7);
  }
  hash = 0;
  u32 traps = 0;
  do run_context(&context); while (serve(&context, &hash, traps) && ++traps < TRAPS_MAX);
  csr_write(mstatus, MSTATUS_FS);
  csr_write(pmpcfg0, 0);
  hash = mix(hash, traps);
  restore_memory();
  return hash;
}

void main(void) {
  csr_write(pmpaddr15, ~0ul);
  csr_write(pmpcfg2, 0x1ful << 56);                                            // NAPOT, RWX: everything
  csr_write(mideleg, 0);
  spaces_start();
  csr_write(stvec, HANDLER);
  scratch_address = region_base[DATA];
  window_address = region_base[CODE];
  for (u32 version = 0; version < VERSIONS; version++)
    for (u32 at = 0; at < CODE_SIZE; at += 8) *(u64 *)code_byte(version, at) = 0x9002900290029002;
  rng_start(parameters.seed, ~0ul);
  for (u32 i = 0; i < DATA_PAGES * PAGE / 8; i++) pristine[i] = *data_word(i) = one_in(2) ? random_integer() : random_float();
  if (parameters.interrupts != 0) csr_write(mie, 0x80);                        // MTIE
  run_all(run_case);
}
