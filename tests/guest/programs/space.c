// Two address spaces over the same pages, with page tables of their own. Each maps the code twice, eight pages of data, and the pool.
#include "program.h"

enum table { ABOVE, GIGABYTES = ABOVE + 2, OF_REGIONS, OF_POOL, POOL_PAGES, REGION_PAGES, TABLES = REGION_PAGES + REGIONS };
static u64 *table(u32 space, u32 which) { return (u64 *)(POOL_PHYSICAL + (2 + space * TABLES + which) * PAGE); }
static u64 pointer_to(u32 space, u32 which) { return (u64)table(space, which) >> 2 | V; }

// No memory lies there physically: under MPRV what is not translated faults.
#define REGIONS_AT 0x140000000ul

u64 region_base[REGIONS];
static u32 asids[SPACES];
static u32 levels;

u64 user_bit(void) { return is_user() || parameters.mode == IN_M_MPRV ? U : 0; }
u64 space_satp(u32 space) {
  return (u64)(levels + 5) << 60 | (u64)asids[space] << 44 | (u64)table(space, ABOVE + 2 - (levels - 3)) >> 12;
}
u64 *space_entry(u32 space, enum region region, u32 page) { return &table(space, REGION_PAGES + region)[page]; }
u64 *space_region_entry(u32 space, enum region region) { return &table(space, OF_REGIONS)[region]; }

u64 region_table_entry(u32 space, enum region region, int as_leaf) {
  if (!as_leaf) return pointer_to(space, REGION_PAGES + region);
  return (region == DATA ? DATA_PHYSICAL : CODE_PHYSICAL) >> 2 | V | R | W | X | A | D | user_bit();
}

// What holds in all cases.
static void make_tables(u32 space) {
  table(space, ABOVE)[0] = pointer_to(space, ABOVE + 1);
  table(space, ABOVE + 1)[0] = pointer_to(space, GIGABYTES);
  table(space, GIGABYTES)[POOL_PHYSICAL >> 30] = pointer_to(space, OF_POOL);
  table(space, GIGABYTES)[REGIONS_AT >> 30] = pointer_to(space, OF_REGIONS);
  table(space, OF_POOL)[POOL_PHYSICAL >> 21 & 511] = pointer_to(space, POOL_PAGES);
  u64 *pages = table(space, POOL_PAGES);
  for (u32 i = 0; i < 2 + SPACES * TABLES; i++) pages[i] = (POOL_PHYSICAL + i * PAGE) >> 2 | V | R | W | G | A | D;
  pages[0] |= user_bit();
  pages[1] |= X;
}

void spaces_start(void) {
  levels = parameters.mode == IN_U_SV48 ? 4 : parameters.mode == IN_S_SV57 ? 5 : 3;
  for (u32 space = 0; space < SPACES; space++) make_tables(space);
  *(u32 *)HANDLER = 0x00000073;
  for (u32 region = 0; region < REGIONS; region++) region_base[region] = REGIONS_AT + region * 0x200000ul;
  if (is_machine()) region_base[CODE] = CODE_PHYSICAL;
  if (!is_paged()) {
    region_base[ALIAS] = CODE_PHYSICAL;
    region_base[DATA] = DATA_PHYSICAL;
  }
}

// The bits of a page: mostly all, for data with faults in it.
static u64 page_bits(enum region region) {
  u64 bits = V | R | W | X | A | D | user_bit(), drawn = random64();
  if (has(F_PATCH) && !has(F_CODE_UNSEEN) && region != DATA && (drawn & 7) == 0) bits &= ~(u64)W;
  if (has(F_FETCH_FAULT) && region != DATA && (drawn >> 16 & 7) == 0) {
    static const u8 without[] = { V, X, A, U };
    bits ^= without[drawn >> 20 & 3];
  }
  if (region != DATA || !has(F_FAULT) || drawn >> 60 & 1) return bits;
  switch (drawn >> 8 & 7) {
    case 0: case 1: return bits & ~(u64)V;
    case 2: case 3: return bits & ~(u64)(W | D);
    case 4: return bits & ~(u64)(R | W);
    case 5: return bits & ~(u64)D;
    case 6: return bits & ~(u64)A;
    default: return bits ^ U;
  }
}

void spaces_make(void) {
  asids[0] = below(0x10000);
  asids[1] = asids[0] ^ (1 + below(0xffff));
  for (u32 space = 0; space < SPACES; space++) {
    for (u32 region = 0; region < REGIONS; region++) {
      *space_region_entry(space, region) = region_table_entry(space, region, has(F_SPLIT) && one_in(6));
      for (u32 page = 0; page < (region == DATA ? DATA_PAGES : CODE_PAGES); page++) {
        u64 version = has(F_SPACE) || space > 0 ? below(VERSIONS) : 0;
        u64 physical = region == DATA ? DATA_PHYSICAL + page * PAGE : (u64)code_byte((u32)version, page * PAGE);
        *space_entry(space, region, page) = physical >> 2 | page_bits(region);
      }
    }
  }
  // The last page of data is global, and the same everywhere.
  u64 shared = *space_entry(0, DATA, DATA_PAGES - 1) | G;
  for (u32 space = 0; space < SPACES; space++) *space_entry(space, DATA, DATA_PAGES - 1) = shared;
}

u64 physical_of(u64 satp, u64 address) {
  if (satp >> 60 == 0 || is_machine()) return address;
  u32 space = satp == space_satp(1);
  u64 region = (address - REGIONS_AT) >> 21, page = address >> 12 & 511;
  if (region >= REGIONS || page >= CODE_PAGES) return 0;
  u64 entry = *space_region_entry(space, (enum region)region);
  if (entry & (R | X)) return (entry >> 10 << 12) + (address & 0x1fffff);
  return (*space_entry(space, (enum region)region, (u32)page) >> 10 << 12) + (address & (PAGE - 1));
}

#define SVINVAL(address, asid) \
  __asm__ volatile(".word 0x18000073\n\t.insn r 0x73, 0, 0x0b, x0, %0, %1\n\t.word 0x18100073" : : "r"(address), "r"(asid) : "memory")

void fence(u32 how, u64 address, u64 asid) {
  if (fault_is(NO_FENCE) || (fault_is(NO_FENCE_BY_ADDRESS) && (how & 1)) || (fault_is(NO_FENCE_BY_ASID) && how >= 2)) return;
  switch (how) {
    case 0: __asm__ volatile("sfence.vma" : : : "memory"); break;
    case 1: __asm__ volatile("sfence.vma %0" : : "r"(address) : "memory"); break;
    case 2: __asm__ volatile("sfence.vma zero, %0" : : "r"(asid) : "memory"); break;
    case 3: __asm__ volatile("sfence.vma %0, %1" : : "r"(address), "r"(asid) : "memory"); break;
    default: SVINVAL(address, asid); break;
  }
}
