// The pages that cases play with: a guard page, page tables, data pages, a guard page. Between cases tables are zero and data pages hold
// their pattern.
#include "case.h"

struct page pool[POOL_PAGES] __attribute__((aligned(PAGE)));

static struct { u64 *entry, value; } written[64];
static u32 written_count;

enum { FIRST_DATA = 1 + TABLES };

// Each word is unlike all others and begins and ends with a c.ebreak, so that a fetch of its first or last half traps. A page begins
// with zeros and ends with the low half of an ecall: a fetch of it needs the next page as well.
static inline u64 pattern(u32 page, u32 index) {
  u64 word = 0x9002000000009002 | (u64)page << 36 | (u64)index << 20;
  if (index == 0) word &= ~0xfffful;
  if (index == PAGE / 8 - 1) word = (word & 0x0000ffffffffffff) | 0x0073000000000000;
  return word;
}

void pool_start(void) {
  for (u32 page = FIRST_DATA; page < POOL_PAGES; page++)
    for (u32 i = 0; i < PAGE / 8; i++) pool[page].word[i] = pattern(page, i);
}

void pool_set(u64 *entry, u64 value) {
  u32 i = 0;
  while (i < written_count && written[i].entry != entry) i++;
  written[i].entry = entry;
  written[i].value = value;
  if (i == written_count) written_count++;
  *entry = value;
}

static u64 changed(u64 hash, const u64 *at, u64 value, int report) {
  u64 offset = (u64)at - (u64)pool;
  if (report) {
    put_text("after pool");
    put_word("offset", offset);
    put_word("now", value);
    put_character('\n');
  }
  return mix(mix(hash, offset), value);
}

u64 pool_result(u64 hash, u32 how, int report) {
  u64 ignored = (how & IGNORE_A ? PTE_A : 0) | (how & IGNORE_D ? PTE_D : 0);
  for (u32 i = 0; i < written_count; i++) {
    u64 now = *written[i].entry;
    if ((now ^ written[i].value) & ~ignored) hash = changed(hash, written[i].entry, now & ~ignored, report);
    *written[i].entry = 0;
  }
  written_count = 0;
  for (u32 page = FIRST_DATA; page < POOL_PAGES; page++) {
    for (u32 i = 0; i < PAGE / 8; i++) {
      u64 *word = &pool[page].word[i], expected = pattern(page, i);
      if (*word == expected) continue;
      if (!(how & IGNORE_DATA)) hash = changed(hash, word, *word, report);
      *word = expected;
    }
  }
  for (u32 page = 0; how & SWEEP_TABLES && page < FIRST_DATA; page++) {
    for (u32 i = 0; i < PAGE / 8; i++) {
      u64 *word = &pool[page].word[i];
      if (*word == 0) continue;
      if (!(how & IGNORE_DATA)) hash = changed(hash, word, *word & ~ignored, report);
      *word = 0;
    }
  }
  return hash;
}
