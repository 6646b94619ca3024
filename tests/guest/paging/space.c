// A random address space for one address, mostly sound, with faults of every kind at a rate.
#include "case.h"

int wanted(enum feature feature, u32 rate) {
  int drawn = one_in(rate);
  return drawn && !(parameters.skip >> feature & 1) && parameters.pools >> feature & 1;
}

u64 random_offset(enum kind kind, int crossing) {
  u32 size = kind_size(kind);
  if (kind == FETCH) return crossing ? PAGE - 2 : one_in(8) ? 0 : 8 * below(PAGE / 8) + (one_in(2) ? 6 : 0);
  if (crossing && kind < LR_W && size > 1) return PAGE - size + 1 + below(size - 1);
  u32 offset = below(PAGE - 8);
  int aligned = kind >= LR_W ? !one_in(16) : one_in(2);
  return aligned ? offset & -size : offset;
}

// The bits of a leaf: sound ones for the privilege, or any.
static u64 leaf_bits(u64 privilege) {
  u64 sound = PTE_V | PTE_R | PTE_W | PTE_X | PTE_A | PTE_D | (privilege == USER ? PTE_U : 0);
  u64 drawn = random64();
  if (!wanted(F_LEAF_BITS, 2)) return sound;
  switch (drawn >> 60 & 3) {
    case 0: return (drawn & 0x3fe) | PTE_V;
    case 1: return sound & ~(drawn & drawn >> 8 & 0xfe);
    case 2: return (sound ^ (1ul << (drawn & 7))) | (drawn & 0x320);
    default: return (drawn & PTE_U) | (sound & ~PTE_U & ~(drawn & (PTE_A | PTE_D)));
  }
}

// The page number of an entry, spoilt now and then.
static u64 spoil(u64 entry, const void *table, struct space *space) {
  u32 how = below(6);
  u64 drawn = random64();
  if (!wanted(F_CHAIN, 24)) return entry;
  space->broken = 1;
  switch (how) {
    case 0: return entry & ~PTE_V;
    case 1: return entry | (1ul << (54 + drawn % 7));
    case 2: return (entry & 0x3ff) | page_number(table) << 10;                            // a loop
    case 3: {
      static const u64 nowhere[] = { 1ul << 33, 0x60, 0xfffffffffff, 0x88000 + 0x100 };   // no memory there
      return (entry & 0x3ff) | nowhere[drawn & 3] << 10;
    }
    case 4: return (entry & ~0x3fful) | (drawn & 0x3ff);
    default: return (entry & 0x3ff) | page_number(&pool[drawn % POOL_PAGES]) << 10;
  }
}

static u64 index_at(u64 address, u32 level) { return address >> (12 + 9 * level) & 511; }

static u64 leaf_entry(struct space *space, u64 physical_page, u64 privilege) {
  u32 level = space->leaf_level;
  u64 entry = leaf_bits(privilege), page = physical_page >> (9 * level) << (9 * level);
  u64 drawn = random64();
  if (level > 0 && wanted(F_SUPERPAGE, 8)) page |= 1ul << (drawn % (9 * level));          // misaligned
  if (wanted(F_NAPOT, 10)) {                                                              // Svnapot: 64 KiB, or reserved
    entry |= PTE_N;
    if (level == 0) page = (page & ~15ul) | (drawn & 0x300 ? 8 : drawn & 15);
  }
  if (wanted(F_PBMT, 10)) entry |= (drawn >> 16 & 3) << 61;
  if (entry & PTE_G) space->global = 1;
  return entry | page << 10;
}

// QEMU reads page tables out of devices (its empty PCI window is all ones: a reserved entry), where we report an access fault: no table lies there.
static u64 no_table_in_devices(u64 entry) {
  u64 page = entry >> 10 & 0xfffffffffff;
  int is_table = (entry & (PTE_V | PTE_R | PTE_W | PTE_X)) == PTE_V;
  int in_devices = (page >= 0x1 && page < 0x80000 && page != 0x60) || (page >= 0x400000 && page < 0x800000);
  return is_table && in_devices ? (entry & 0x3ff) | 0x60ul << 10 : entry;
}

// One mapping of `address` to a page, through tables that are made as needed.
static u64 *map(struct space *space, u32 *tables, u64 address, u64 physical_page, u64 privilege) {
  struct page *table = table_page(0);
  for (u32 level = space->levels - 1; level > space->leaf_level; level--) {
    u64 *entry = &table->word[index_at(address, level)];
    if (*entry != 0) {
      if ((*entry & 15) != PTE_V) return 0;                                               // spoilt before
    } else {
      struct page *next = table_page(++*tables);
      u64 value = page_number(next) << 10 | PTE_V;
      if (one_in(16)) value |= PTE_G, space->global = 1;
      value = spoil(value, table, space);
      pool_set(entry, value);
      if (value != (page_number(next) << 10 | PTE_V)) {
        table = next;
        continue;                                                                         // (the chain goes on, perhaps unreachable)
      }
    }
    u64 page = *entry >> 10 & 0xfffffffffff;
    if (page < page_number(&pool[0]) || page > page_number(&pool[POOL_PAGES - 1])) return 0;
    table = (struct page *)(page << 12);
  }
  u64 *entry = &table->word[index_at(address, space->leaf_level)];
  pool_set(entry, no_table_in_devices(spoil(leaf_entry(space, physical_page, privilege), table, space)));
  return entry;
}

// The stubs run at their own address through a gigabyte (or larger) leaf of the root.
static void map_stubs(struct space *space, u64 privilege) {
  u64 page = space->levels == 3 ? 0x80000 : 0;
  pool_set(&table_page(0)->word[space->levels == 3 ? 2 : 0], page << 10 | PTE_V | PTE_X | PTE_A | (privilege == USER ? PTE_U : 0));
}

void space_make(struct space *space, enum kind kind, u64 privilege) {
  *space = (struct space){ .levels = 3 + below(3) };
  u32 level = below(space->levels);
  if (wanted(F_SUPERPAGE, 4)) space->leaf_level = level;
  int crossing = wanted(F_CROSSING, 6);
  u64 physical = page_number(data_page(below(DATA_PAGES)));
  if (wanted(F_BARE, 24)) {
    space->levels = 0;
    space->address = (physical << 12) + random_offset(kind, crossing);
    return;
  }

  u32 bits = 12 + 9 * space->levels, fixed = 9 * space->leaf_level > 4 ? 9 * space->leaf_level : 4;
  u64 virtual_page;
  do {
    virtual_page = random64() >> 12;
    virtual_page = (virtual_page >> fixed << fixed) | (physical & ((1ul << fixed) - 1));
    space->address = (u64)((s64)(virtual_page << 12 << (64 - bits)) >> (64 - bits));      // canonical
  } while (index_at(space->address, space->levels - 1) == (space->levels == 3 ? 2 : 0) || (virtual_page & 511) == 511);

  u32 tables = 0;
  map_stubs(space, privilege);
  space->leaf = map(space, &tables, space->address, physical, privilege);
  if (space->leaf_level == 0) {
    u64 second = wanted(F_SECOND_PAGE, 2) ? page_number(data_page(below(DATA_PAGES))) : physical + 1;
    space->second_leaf = map(space, &tables, space->address + PAGE, second, privilege);
  }
  space->address += random_offset(kind, crossing);
  u64 flip = 1ul << (bits - 1 + below(65 - bits));
  if (wanted(F_NON_CANONICAL, 16)) space->address ^= flip;
  u64 asid = random64() & 0xffff;
  if (!wanted(F_ASID, 2)) asid = 0;
  space->satp = (u64)(space->levels + 5) << 60 | asid << 44 | page_number(table_page(0));
}

void space_edit(struct space *space, u64 privilege) {
  u64 value = leaf_bits(privilege), page = page_number(data_page(below(DATA_PAGES)));
  if (space->leaf == 0) return;
  if (value & PTE_G) space->global = 1;
  pool_set(space->leaf, no_table_in_devices(space->leaf_level > 0 || one_in(2) ? (*space->leaf & ~0x3fful) | value : value | page << 10));
}
