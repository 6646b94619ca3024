// The in-guest generator of privileged code: CSR accesses, traps and their delegation, returns, interrupts that are pending.
#include "case.h"

enum { CODE_MAX = 1024, UNITS = 8, FIRST_SOURCE = 8, PROBED = 28 };
static u16 buffer[CODE_MAX / 2];
static u16 place[CODE_MAX / 2] __attribute__((aligned(PAGE)));
static u64 block[16] __attribute__((aligned(64)));          // for cache-block operations
static u32 size;
static struct context context;
static u64 compared[32];                                    // the bits of each register that are part of the result
static int report;
static u32 mode;                                            // that the unit being made runs in, if nothing trapped before

static void emit32(u32 word) {
  buffer[size / 2] = (u16)word;
  buffer[size / 2 + 1] = (u16)(word >> 16);
  size += 4;
}

static u32 csr_word(u32 funct3, u32 rd, u32 rs1, u32 number) { return 0x73 | rd << 7 | funct3 << 12 | rs1 << 15 | number << 20; }
enum { CSRRW = 1, CSRRS, CSRRC };

// Each unit has a source register with a value of its own, and a destination.
static void emit_csr(u32 number, const struct csr *csr, u32 source, u32 rd) {
  context.x[source] = csr_value(csr);
  compared[rd] = csr->flags & VOLATILE ? 0 : csr->mask;
  // How precisely "dirty" is tracked is free: QEMU, for one, takes a csrrc of nothing on fflags for no write.
  if (number == 0x300 || number == 0x100) compared[rd] &= ~(MSTATUS_FS | MSTATUS_SD);
  u32 form = 1 + below(3), plain_read = one_in(3);
  if (csr->flags & WRITE_ONLY) form = CSRRW;
  if (number == 0x14d && mode == MACHINE) plain_read = 1;                       // QEMU drops STIP on a write of stimecmp without STCE
  if (external_pends && (number == 0x344 || number == 0x144)) plain_read = 1;
  if (csr->flags & PROBE) {
    emit32(csr_word(CSRRS, PROBED, 0, number));
    emit32(csr_word(CSRRW, 0, csr->mask == 0 ? PROBED : source, number));
    emit32(csr_word(CSRRW, rd, PROBED, number));
    return;
  }
  if (plain_read || csr->flags & READ_ONLY_HERE) emit32(csr_word(CSRRS, rd, 0, number));
  else if (csr->flags & IMMEDIATE && one_in(3)) emit32(csr_word(form + 4, rd, below(32), number));
  else emit32(csr_word(form, one_in(6) ? 0 : rd, source, number));
}

// A return to the next instruction, in a mode that it chooses.
static void emit_return(u32 source) {
  u32 from_machine = mode == MACHINE ? !one_in(4) : one_in(8);
  u32 target = from_machine ? below(3) : below(2), status = from_machine ? 0x300 : 0x100, epc = from_machine ? 0x341 : 0x141;
  if (target == 2) target = MACHINE;
  u64 field = from_machine ? 3ul << 11 : 1ul << 8;
  context.x[source] = field;
  context.x[source + 1] = from_machine ? (u64)target << 11 : (u64)target << 8;
  emit32(csr_word(CSRRC, 0, source, status));
  emit32(csr_word(CSRRS, 0, source + 1, status));
  emit32(0x17 | 5 << 7);                                                        // auipc t0, 0
  emit32(0x13 | 5 << 7 | 5 << 15 | 16 << 20);                                   // addi t0, t0, 16
  emit32(csr_word(CSRRW, 0, 5, epc));
  emit32(from_machine ? 0x30200073 : 0x10200073);                               // mret, sret
  mode = target;
}

static void emit_unit(enum kind kind, u32 source, u32 rd) {
  switch (kind) {
    case U_CSR: {
      const struct csr *csr = csr_choose(mode);
      emit_csr(csr->number, csr, source, rd);
      break;
    }
    case U_ANY_CSR: {
      u32 number = below(4096);
      emit_csr(number, csr_find(number), source, rd);
      break;
    }
    case U_COUNTER: {
      u32 number = 0xc00 + below(32);
      emit_csr(number, csr_find(number), source, rd);
      break;
    }
    case U_RETURN: emit_return(source); break;
    case U_ENVIRONMENT_CALL: emit32(0x00000073); break;
    case U_BREAKPOINT: emit32(one_in(2) ? 0x00100073 : 0x00019002); break;      // ebreak; c.ebreak and c.nop
    case U_FENCE: {
      // sfence.vma sinval.vma fence.i, hfence (illegal), sfence.w.inval sfence.inval.ir: QEMU permits the last two in U-mode.
      static const u32 words[] = { 0x12000073, 0x16000073, 0x0000100f, 0x22000073, 0x62000073, 0x18000073, 0x18100073 };
      emit32(words[below(mode == USER ? 5 : 7)] | (one_in(2) ? source << 15 : 0));
      break;
    }
    case U_CACHE: {
      static const u8 operations[] = { 0, 1, 2, 4 };                            // inval clean flush zero
      context.x[source] = (u64)block + below(128);
      emit32(0x200f | source << 15 | (u32)operations[below(4)] << 20);
      break;
    }
    case U_FLOAT: {
      static const u32 words[] = { 0xf2000053, 0xd2200053, 0xa2002053 };        // fmv.d.x fcvt.d.l feq.d
      u32 which = below(3);
      emit32(words[which] | rd << 7 | (which == 2 ? 0 : source << 15) | (which == 1 ? 1 << 12 : 0));
      break;
    }
    case U_WAIT:
      // Never where it would wait: it is illegal in U-mode, and nothing waits while an enabled interrupt is pending.
      if (mode != USER && (csr_read(mip) & csr_read(mie)) == 0) emit32(0x00000013);
      else emit32(0x10500073);
      break;
    default: emit32(one_in(2) ? 0x00000000 : 0xffffffff); break;
  }
}

static const char *const kind_names[] = {
  "csr", "any-csr", "return", "ecall", "ebreak", "fence", "cache", "float", "counter", "wait", "illegal",
};

static void put_unit(u32 i, u32 at, u32 length, enum kind kind) {
  put_text("unit ");
  put_decimal(i);
  put_character(' ');
  put_hex(at, 4);
  put_character(' ');
  put_decimal(length);
  put_character(' ');
  put_text(kind_names[kind]);
  put_character('\n');
}

static enum kind choose_kind(u32 i) {
  static const u8 weights[UNIT_KINDS] = { 16, 3, 4, 1, 1, 2, 2, 1, 1, 1, 1 };
  for (;;) {
    u32 drawn = below(33), kind = 0;
    while (drawn >= weights[kind]) drawn -= weights[kind++];
    if (kind == U_WAIT && i > 0) continue;                                      // later, what is pending is not known
    if (parameters.pools >> kind & 1) return kind;
  }
}

static u64 run_case(u64 number) {
  rng_start(parameters.seed, number);
  report = parameters.verbosity >= STATES;
  mode = below(3);
  if (mode == 2) mode = MACHINE;
  for (u32 i = 1; i < 32; i++) context.x[i] = 0, compared[i] = ~0ul;
  for (u32 i = 0; i < COUNT(block); i++) block[i] = ~0ul;
  csrs_set_up(mode);
  size = 0;
  u32 count = 1 + below(UNITS);
  for (u32 i = 0; i < count; i++) {
    u32 at = size;
    enum kind kind = choose_kind(i);
    emit_unit(kind, FIRST_SOURCE + 2 * i, FIRST_SOURCE + 2 * i + 1);
    if (parameters.skip >> i & 1) for (u32 j = at; j < size; j += 2) buffer[j / 2] = 1;
    if (report) put_unit(i, at, size - at, kind);
  }
  emit32(0x00000073);
  for (u32 i = 1; i < 32; i++) if (parameters.zero_x >> i & 1) context.x[i] = 0;
  for (u32 at = 0; at < size; at += 2) place[at / 2] = buffer[at / 2];
  __asm__ volatile("fence.i" : : : "memory");
  if (report) {
    put_setting("start", "pc", (u64)place);
    put_text("code ");
    for (u32 at = 0; at < size; at += 2) put_hex(place[at / 2], 4);
    put_character('\n');
    for (u32 i = 1; i < 32; i++) {
      put_text("before x");
      put_decimal(i);
      put_setting("", "value", context.x[i]);
    }
  }

  run_context(&context, (u64)place);

  u64 hash = csrs_result(0, report);
  for (u32 i = 1; i < 32; i++) {
    context.x[i] &= i == PROBED ? 0 : compared[i];
    hash = mix(hash, context.x[i]);
    if (!report) continue;
    put_text("after x");
    put_decimal(i);
    put_setting("", "value", context.x[i]);
  }
  for (u32 i = 0; i < COUNT(block); i++) hash = mix(hash, block[i]);
  return hash;
}

void main(void) {
  *(volatile u64 *)0x2004000 = ~0ul;                                            // mtimecmp: no timer interrupt
  csr_write(pmpaddr15, ~0ul);
  csr_write(pmpcfg2, 0x1ful << 56);
  csrs_rest();
  run_all(run_case);
}
