// One case of the page-table generator: a random address space for one address, up to three accesses through it.
#pragma once
#include "runtime.h"

enum { TABLES = 14, DATA_PAGES = 8, POOL_PAGES = TABLES + DATA_PAGES + 2 };

// Page-table entries: Privileged ISA 1.13, section 12.3.1, "Svnapot", "Svpbmt".
#define PTE_V 0x1ul
#define PTE_R 0x2ul
#define PTE_W 0x4ul
#define PTE_X 0x8ul
#define PTE_U 0x10ul
#define PTE_G 0x20ul
#define PTE_A 0x40ul
#define PTE_D 0x80ul
#define PTE_N 0x8000000000000000ul
#define PTE_PBMT 0x6000000000000000ul
#define PTE_RESERVED 0x1fc0000000000000ul

// Features of a case, a unit each: the driver leaves them out one by one when it shrinks a case. FEATURE_* are bits of parameters.skip
// and, for those that are generated at a rate, of parameters.pools.
enum feature {
  F_CHAIN, F_SUPERPAGE, F_LEAF_BITS, F_NAPOT, F_PBMT, F_SECOND_PAGE, F_CROSSING, F_NON_CANONICAL, F_ASID, F_PMP, F_ADUE, F_SUM, F_MXR,
  F_BY_RETURN, F_STEP_2, F_STEP_3, F_EDIT, F_BARE, FEATURES,
};
int wanted(enum feature feature, u32 rate);    // one in `rate`, when the feature is allowed; always draws the same numbers

// Access kinds: loads, stores, fetch, LR and AMOs. The stubs in access.S are in this order.
enum kind {
  LB, LH, LW, LD, LBU, LHU, LWU, SB, SH, SW, SD, LR_W, AMO_W, AMO_D, FETCH, KINDS,
};
static inline u32 kind_size(enum kind kind) {
  static const u8 sizes[] = { 1, 2, 4, 8, 1, 2, 4, 1, 2, 4, 8, 4, 4, 8, 2 };
  return sizes[kind];
}

struct outcome { u64 cause, tval, value, pc, status; };
// Makes one access: with `returning`, by going to status.MPP's mode (a FETCH is that alone), else from M-mode under MPRV.
void make_access(struct outcome *outcome, u64 kind, u64 address, u64 status, u64 operand, u64 returning);

// ---- pool.c: the pages ----
struct page { u64 word[PAGE / 8]; };
extern struct page pool[POOL_PAGES];
static inline struct page *table_page(u32 i) { return &pool[1 + i]; }
static inline struct page *data_page(u32 i) { return &pool[1 + TABLES + i]; }
static inline u64 page_number(const void *page) { return (u64)page >> 12; }
void pool_start(void);
void pool_set(u64 *entry, u64 value);          // remembered, compared after the access and cleared after the case
enum { IGNORE_A = 1, IGNORE_D = 2, IGNORE_DATA = 4, SWEEP_TABLES = 8 };
u64 pool_result(u64 hash, u32 how, int report);   // mixes in what the case changed, and makes the pool as it was

// ---- space.c: the address space of a case ----
struct space {
  u32 levels;                                  // 3, 4, 5; 0 is Bare
  u32 leaf_level;
  u64 address;                                 // of the access
  u64 satp;
  u64 *leaf, *second_leaf;                     // entries that map the address and the page after it; null if the chain ends above
  int global;                                  // some entry has G: a fence by ASID does not reach it
  int broken;                                  // some entry on the way may point anywhere in the pool
};
void space_make(struct space *space, enum kind kind, u64 privilege);
void space_edit(struct space *space, u64 privilege);   // changes the leaf
u64 random_offset(enum kind kind, int crossing);       // in a page
