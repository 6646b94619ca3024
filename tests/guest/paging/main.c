// The in-guest generator of page tables: an address space, then up to three accesses through it with changes and fences in between.
// Compared: cause, mtval, mepc, mstatus, the value read, the entries' A and D bits, memory.
#include "case.h"

static const char *const feature_names[FEATURES] = {
  "chain", "superpage", "leaf-bits", "napot", "pbmt", "second-page", "crossing", "non-canonical", "asid", "pmp", "adue", "sum", "mxr",
  "by-return", "step-2", "step-3", "edit", "bare",
};
static const char *const kind_names[KINDS] = {
  "lb", "lh", "lw", "ld", "lbu", "lhu", "lwu", "sb", "sh", "sw", "sd", "lr.w", "amoadd.w", "amoor.d", "fetch",
};
static int report;

static void put_setting(const char *name, u64 value) {
  if (!report) return;
  put_text("set");
  put_word(name, value);
  put_character('\n');
}

// Three random entries over the pool, before the one that permits everything. Locked entries would outlive the case.
static int set_pmp(void) {
  u64 configuration = 0, address[3];
  int active = wanted(F_PMP, 8);
  for (u32 i = 0; i < 3; i++) {
    u32 page = below(POOL_PAGES);
    u64 base = ((u64)&pool[page] + below(PAGE)) >> 2, drawn = random64();
    u64 matching = drawn & 3;                                                  // off, TOR, NA4, NAPOT
    if (page <= TABLES) {                                                      // no half of a word is covered in tables: we touch them
      base &= ~1ul;
      if (matching == 2) matching = 3;
    }
    if (matching == 3) base = (base | ((1ul << (drawn >> 8 & 15)) - 1)) & ~(1ul << (drawn >> 8 & 15));
    u64 permissions = drawn >> 16 & 7;
    if ((permissions & 3) == 2) permissions |= 1;                              // W without R is reserved
    address[i] = base;
    configuration |= (matching << 3 | permissions) << (8 * i);
  }
  if (!active) return 0;
  csr_write(pmpaddr0, address[0]);
  csr_write(pmpaddr1, address[1]);
  csr_write(pmpaddr2, address[2]);
  csr_write(pmpcfg0, configuration);
  put_setting("pmpaddr0", address[0]);
  put_setting("pmpaddr1", address[1]);
  put_setting("pmpaddr2", address[2]);
  put_setting("pmpcfg0", configuration);
  return 1;
}

// A fence that covers a change of the leaf of `address`.
static void fence(const struct space *space) {
  u64 address = space->address, asid = space->satp >> 44 & 0xffff;
  u32 how = below(6);
  put_setting("fence", how);
  if (space->global && how >= 2) how = 1;                                      // fences by ASID leave global entries
  if (space->broken) how = 0;                                                  // the leaf may be a table as well
  switch (how) {
    case 0: __asm__ volatile("sfence.vma" : : : "memory"); break;
    case 1: __asm__ volatile("sfence.vma %0" : : "r"(address) : "memory"); break;
    case 2: __asm__ volatile("sfence.vma zero, %0" : : "r"(asid) : "memory"); break;
    case 3: __asm__ volatile("sfence.vma %0, %1" : : "r"(address), "r"(asid) : "memory"); break;
    default:                                                                   // sfence.w.inval, sinval.vma, sfence.inval.ir
      __asm__ volatile(".word 0x18000073\n\t.insn r 0x73, 0, 0x0b, x0, %0, %1\n\t.word 0x18100073" : : "r"(address), "r"(asid) : "memory");
      break;
  }
}

// With PMP entries about, A and D are software's: QEMU updates entries that the PMP forbids to write.
static void environment(int pmp) {
  u64 value = MENVCFG_CBO, drawn = random64();
  if (wanted(F_ADUE, 2) && !pmp) value |= MENVCFG_ADUE;
  if (drawn & 3) value |= MENVCFG_PBMTE;
  csr_write(menvcfg, value);
  put_setting("menvcfg", value);
}

static u64 run_case(u64 number) {
  rng_start(parameters.seed, number);
  report = parameters.verbosity >= STATES;
  for (u32 i = 0; report && i < FEATURES; i++) {
    put_text("unit ");
    put_decimal(i);
    put_character(' ');
    put_text(feature_names[i]);
    put_character('\n');
  }

  u64 privilege = one_in(2) ? SUPERVISOR : USER, hash = 0;
  enum kind kind = below(KINDS);
  struct space space;
  space_make(&space, kind, privilege);
  int pmp = set_pmp();
  environment(pmp);
  csr_write(satp, space.satp);
  __asm__ volatile("sfence.vma" : : : "memory");
  put_setting("satp", space.satp);
  put_setting("leaf-level", space.leaf_level);
  put_setting("leaf", space.leaf == 0 ? 0 : *space.leaf);
  put_setting("second-leaf", space.second_leaf == 0 ? 0 : *space.second_leaf);

  u32 how = 0, steps = 1 + wanted(F_STEP_2, 2) + wanted(F_STEP_3, 4);
  for (u32 step = 0; step < steps; step++) {
    if (step > 0) {
      if (wanted(F_EDIT, 2)) {
        space_edit(&space, privilege);
        if (one_in(4)) environment(pmp);
        put_setting("leaf", space.leaf == 0 ? 0 : *space.leaf);
        fence(&space);
      }
      kind = below(KINDS);
      space.address = (space.address & -(u64)PAGE) + random_offset(kind, 0);
    }
    u64 operand = random_integer();
    u64 status = privilege << 11 | 0x2000;
    if (wanted(F_SUM, 2)) status |= MSTATUS_SUM;
    if (wanted(F_MXR, 2)) status |= MSTATUS_MXR;
    int by_return = wanted(F_BY_RETURN, 3) || kind == FETCH;
    if (!by_return) status |= MSTATUS_MPRV;
    int misaligned = (space.address & (kind_size(kind) - 1)) != 0;
    int crosses = (space.address & (PAGE - 1)) + (kind == FETCH ? 4 : kind_size(kind)) > PAGE;
    if (report) {
      put_text("step ");
      put_text(kind_names[kind]);
      put_word("address", space.address);
      put_word("status", status);
      put_word("operand", operand);
      put_character('\n');
    }

    struct outcome outcome = { 0 };
    make_access(&outcome, kind, space.address, status, operand, by_return);

    int faulted = outcome.cause == 1 || (outcome.cause >= 4 && outcome.cause <= 7) || outcome.cause >= 12;
    // QEMU sets A and D before it finds that a NAPOT entry is reserved.
    int napot = (space.leaf != 0 && *space.leaf & PTE_N) || (space.second_leaf != 0 && *space.second_leaf & PTE_N);
    if (faulted) how |= IGNORE_A | (pmp || crosses || napot || space.broken ? IGNORE_D : 0) | (misaligned ? IGNORE_DATA : 0);
    if (kind >= SB && kind != LR_W && kind != FETCH && space.broken) how |= SWEEP_TABLES;
    // QEMU reports a store access fault for an AMO on a page that is not writable when the PMP, or the lack of memory, denies reading.
    if ((kind == AMO_W || kind == AMO_D) && (pmp || space.broken) && outcome.cause == 15) outcome.cause = 7;
    // Which of the two pages of a crossing access is found to fail first is free when one of them leads to no memory.
    if (faulted && crosses && space.broken) outcome.cause |= 8, outcome.tval = 0;
    // For a breakpoint QEMU reports the address at which it first translated the instruction: another one of the same physical page.
    if (outcome.cause == 3) outcome.tval &= PAGE - 1;
    hash = mix(mix(mix(mix(mix(hash, outcome.cause), outcome.tval), outcome.value), outcome.pc), outcome.status);
    if (report) {
      put_text("after ");
      put_decimal(step);
      put_word("cause", outcome.cause);
      put_word("tval", outcome.tval);
      put_word("value", outcome.value);
      put_word("pc", outcome.pc);
      put_word("status", outcome.status);
      put_character('\n');
    }
  }
  csr_write(pmpcfg0, 0);                                                       // an entry of four bytes would stop our own accesses of eight
  return pool_result(hash, how, report);
}

void main(void) {
  pool_start();
  csr_write(pmpaddr15, ~0ul);
  csr_write(pmpcfg2, 0x1ful << 56);                                            // NAPOT, RWX: everything
  csr_write(medeleg, 0);
  csr_write(mideleg, 0);
  run_all(run_case);
}
