// The in-guest generator of random instructions: makes case after case, runs each, and hashes registers, flags, trap and memory.
#include "case.h"

static void (*const emitters[POOLS])(void) = {
  [POOL_INTEGER] = emit_integer, [POOL_MULTIPLY] = emit_multiply, [POOL_MEMORY] = emit_memory, [POOL_ATOMIC] = emit_atomic,
  [POOL_FLOAT] = emit_float, [POOL_FLOAT_MEMORY] = emit_float_memory, [POOL_HALF] = emit_half, [POOL_COMPRESSED] = emit_compressed,
  [POOL_BITS] = emit_bits, [POOL_CACHE] = emit_cache, [POOL_FCSR] = emit_fcsr, [POOL_FORWARD] = emit_forward, [POOL_LOOP] = emit_loop,
  [POOL_INDIRECT] = emit_indirect, [POOL_SELF_MODIFY] = emit_self_modify,
};

static struct context before, context;
static u32 start;                      // where in the window the code lies
static u16 placed[CODE_MAX / 2];       // the code as it was put there
static int is_wild;                    // the case is one word of the pools "wild" or "all-16-bit"

enum { WILD_AT = 2 * PAGE, WILD_BASE = PAGE, WILD_FROM = PAGE - 2304, WILD_TO = PAGE + 2560 };

static u32 choose_pool(void) {
  static u8 chosen[64];
  static u32 count;
  if (count == 0) {
    for (u32 i = 0; i <= POOL_SELF_MODIFY; i++) {
      u32 weight = i == POOL_FLOAT || i == POOL_COMPRESSED ? 6 : i == POOL_INTEGER || i == POOL_MEMORY ? 4 : 2;
      if (i == POOL_SELF_MODIFY || i == POOL_CACHE) weight = 1;
      while (parameters.pools >> i & 1 && weight-- > 0) chosen[count++] = (u8)i;
    }
    if (count == 0) chosen[count++] = POOL_INTEGER;
  }
  return chosen[below(count)];
}

// A single word; every register points into the window.
static void make_wild(u64 number) {
  int all16 = parameters.pools >> POOL_ALL_16_BIT & 1;
  pointer_count = 0;
  begin_unit(all16 ? POOL_ALL_16_BIT : POOL_WILD);
  if (all16) emit16(all_16_bit((u32)(number % 49152)));
  else emit32(wild_word());
  end_code();
  start = WILD_AT - 2 * below(4);
  fill_registers(&before);
  for (u32 i = 1; i < 32; i++) before.x[i] = window_address + WILD_BASE + 8 * below(16);
}

static void make_program(void) {
  choose_registers();
  for (u32 n = 1 + below(parameters.length); n > 0; n--) {
    u32 pool = choose_pool();
    begin_unit(pool);
    emitters[pool]();
  }
  end_code();
  start = one_in(4) ? 2 * PAGE - 2 * below(code_size / 2) : PAGE + 2 * below(256);
  fill_registers(&before);
}

static void make_case(u64 number) {
  rng_start(parameters.seed, number);
  begin_code();
  is_wild = parameters.pools >> POOL_ALL_16_BIT & 1 || (parameters.pools >> POOL_WILD & 1 && one_in(8));
  if (is_wild) make_wild(number);
  else make_program();

  u64 privilege = parameters.mode == MODE_M ? MACHINE : parameters.mode == MODE_U_SV39 || parameters.mode == MODE_U_SV48 ? USER : SUPERVISOR;
  before.status = privilege << 11 | MSTATUS_MPIE | 0x2000;                     // FS = initial
  before.pc = window_address + start;
  before.interrupts = 0;
}

// The window gets the code, falsified when the driver is to be tested.
static void place_code(void) {
  u32 flip = (u32)(parameters.fault >> 32), like = (u32)parameters.fault;
  for (u32 at = 0; at < code_size; at += 2) placed[at / 2] = code[at / 2];
  for (u32 i = 0; flip != 0 && i < unit_count; i++) {
    u32 at = units[i].at;
    if (units[i].length != 4 || (code32(at) & 0xfe00707f) != like) continue;
    placed[at / 2] ^= (u16)flip;
    placed[at / 2 + 1] ^= (u16)(flip >> 16);
  }
  for (u32 at = 0; at < code_size; at += 2) *window_half(start + at) = placed[at / 2];
  __asm__ volatile("fence.i" : : : "memory");
}

static void start_interrupts(u64 number) {
  if (parameters.interrupts == 0) return;
  context.interrupts = 24;
  context.interrupt_rng = mix(parameters.interrupts, number) | 1;
  *(volatile u64 *)0x2004000 = *(volatile u64 *)0x200bff8 + (context.interrupt_rng >> 32 & 7);
}

// ---- the result ----
static u64 hash;
static int report;

static void changed(const char *what, u32 offset, u64 value) {
  hash = mix(mix(hash, offset), value);
  if (!report) return;
  put_text(what);
  put_character(' ');
  put_hex(offset, 4);
  put_word("now", value);
  put_character('\n');
}

// What the case changed in memory is part of the result, and is put back for the next one.
static void restore_memory(void) {
  for (u32 i = 0; i < SCRATCH_SIZE / 8; i++) {
    u64 *word = scratch_word(i);
    if (*word == scratch_pristine(i)) continue;
    changed("scratch", i * 8, *word);
    *word = scratch_pristine(i);
  }
  for (u32 at = 0; at < code_size; at += 2) {
    u16 *half = window_half(start + at);
    if (*half != placed[at / 2]) changed("code-changed", at, *half);
    *half = FILL;
  }
  for (u32 at = WILD_FROM; is_wild && at < WILD_TO; at += 8) {
    u64 *word = (u64 *)window_half(at);
    if (*word == 0x9002900290029002) continue;
    changed("window", at, *word);
    *word = 0x9002900290029002;
  }
}

static void put_state(const char *label, const struct context *state) {
  for (u32 i = 0; i < 64; i++) {
    put_text(label);
    put_text(i < 32 ? " x" : " f");
    put_decimal(i & 31);
    put_word("value", i < 32 ? state->x[i] : state->f[i - 32]);
    put_character('\n');
  }
  put_text(label);
  put_word("fcsr", state->fcsr);
  put_word("pc", state->pc);
  put_word("cause", state->cause);
  put_word("tval", state->tval);
  put_word("status", state->status);
  put_character('\n');
}

static void put_case(void) {
  put_text("start");
  put_word("pc", before.pc);
  put_word("scratch", scratch_address);
  put_character('\n');
  for (u32 i = 0; i < unit_count; i++) put_unit(&units[i]);
  put_text("code ");
  for (u32 at = 0; at < code_size; at += 2) put_hex(code[at / 2], 4);
  put_character('\n');
  put_state("before", &before);
}

static u64 run_case(u64 number) {
  make_case(number);
  report = parameters.verbosity >= STATES;
  if (report) put_case();
  context = before;
  place_code();
  start_interrupts(number);
  run_context(&context);

  context.status &= ~(MSTATUS_FS | MSTATUS_SD);                                // how precisely "dirty" is tracked is free
  hash = 0;
  for (u32 i = 1; i < 32; i++) hash = mix(hash, context.x[i]);
  for (u32 i = 0; i < 32; i++) hash = mix(hash, context.f[i]);
  hash = mix(mix(hash, context.fcsr), context.pc);
  hash = mix(mix(mix(hash, context.cause), context.tval), context.status);
  if (report) put_state("after", &context);
  restore_memory();
  return hash;
}

void main(void) {
  space_start();
  if (parameters.interrupts != 0) csr_write(mie, 0x80);                        // MTIE
  run_all(run_case);
}
