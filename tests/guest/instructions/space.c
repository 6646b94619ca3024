// The memory of the cases. Window: four pages of code, full of c.ebreak. Scratch: two pages of data. With paging on, both lie at fixed
// virtual addresses over physical pages in another order; with paging off, where they are. Writable and executable everywhere.
#include "case.h"

static u8 window[WINDOW_SIZE] __attribute__((aligned(PAGE)));
static u8 scratch[SCRATCH_SIZE] __attribute__((aligned(PAGE)));
static u64 pristine[SCRATCH_SIZE / 8];
static u64 tables[14][PAGE / 8] __attribute__((aligned(PAGE)));
static u32 tables_used;
static u32 shuffled;                   // 1: virtual page i is physical page i ^ 1

u64 window_address, scratch_address;

u16 *window_half(u32 offset) { return (u16 *)(window + ((offset / PAGE) ^ shuffled) * PAGE + offset % PAGE); }
u64 *scratch_word(u32 index) { return (u64 *)(scratch + ((index * 8 / PAGE) ^ shuffled) * PAGE + index * 8 % PAGE); }
u64 scratch_pristine(u32 index) { return pristine[index]; }

enum { V = 1, R = 2, W = 4, X = 8, U = 16, A = 64, D = 128 };

static void map(u64 *root, u32 levels, u64 address, u64 physical, u32 user) {
  u64 *table = root;
  for (u32 level = levels - 1; level > 0; level--) {
    u64 *entry = &table[address >> (12 + 9 * level) & 511];
    if (*entry == 0) *entry = (u64)tables[++tables_used] >> 2 | V;
    table = (u64 *)(*entry >> 10 << 12);
  }
  table[address >> 12 & 511] = physical >> 2 | V | R | W | X | A | D | (user ? U : 0);
}

void space_start(void) {
  u32 mode = parameters.mode;
  window_address = (u64)window;
  scratch_address = (u64)scratch;
  if (mode != MODE_M) {
    u32 levels = mode == MODE_U_SV48 ? 4 : mode == MODE_S_SV57 ? 5 : 3, user = mode == MODE_U_SV39 || mode == MODE_U_SV48;
    shuffled = 1;
    window_address = 0x0000002abcdee000;
    scratch_address = 0xffffffd512345000;
    for (u32 i = 0; i < WINDOW_PAGES; i++) map(tables[0], levels, window_address + i * PAGE, (u64)window_half(i * PAGE), user);
    for (u32 i = 0; i < 2; i++) map(tables[0], levels, scratch_address + i * PAGE, (u64)scratch_word(i * PAGE / 8), user);
    csr_write(satp, (u64)(levels + 5) << 60 | 0x5aul << 44 | (u64)tables[0] >> 12);
  }
  csr_write(pmpaddr0, ~0ul);
  csr_write(pmpcfg0, 0x1f);                                                    // NAPOT, RWX: everything
  csr_write(menvcfg, csr_read(menvcfg) | MENVCFG_CBO);
  csr_write(senvcfg, MENVCFG_CBO);
  csr_write(medeleg, 0);
  csr_write(mideleg, 0);
  __asm__ volatile("sfence.vma" : : : "memory");

  for (u32 i = 0; i < WINDOW_SIZE; i += 2) *window_half(i) = FILL;
  rng_start(parameters.seed, ~0ul);
  for (u32 i = 0; i < SCRATCH_SIZE / 8; i++) {
    u64 value = one_in(2) ? random_integer() : random_float();
    pristine[i] = *scratch_word(i) = value;
  }
}
