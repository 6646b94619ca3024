/* Memory and address translation. */
#include "programs.h"
#include <string.h>

/* A cycle through all lines of a region, in random order; rounds thousand steps along it. */
static u64 chase(u64 bytes, u64 rounds) {
  u64 lines = bytes / 64, x = 42;
  u64 (*line)[8] = pages(bytes);
  for (u64 i = 0; i < lines; i++) line[i][0] = i;
  for (u64 i = lines - 1; i > 0; i--) {                    /* Sattolo's shuffle: one cycle */
    u64 j = next_random(&x) % i, t = line[i][0];
    line[i][0] = line[j][0];
    line[j][0] = t;
  }
  for (u64 i = 0; i < lines; i++) line[i][0] = (u64)&line[line[i][0]];
  u64 *p = line[0];
  for (u64 i = 0; i < rounds * 1000; i++) p = (u64 *)*p;
  return (u64)p - (u64)line;
}

static u64 chase16k(u64 rounds) { return chase(16 << 10, rounds); }
static u64 chase1m(u64 rounds) { return chase(1 << 20, rounds); }
static u64 chase64m(u64 rounds) { return chase(64 << 20, rounds); }

/* A word of every page of 64 MiB, in turn: a new page at every access. */
static u64 pagestride(u64 rounds) {
  u64 bytes = 64 << 20, sum = 0;
  u8 *memory = pages(bytes);
  for (u64 i = 0; i < bytes; i += 4096) memory[i + (i >> 6 & 4032)] = (u8)(i >> 12);
  while (rounds--)
    for (u64 i = 0; i < bytes; i += 4096) sum += memory[i + (i >> 6 & 4032)];
  return sum;
}

/* Random updates of a table of 32 MiB. */
static u64 gups(u64 rounds) {
  u64 words = (32 << 20) / 8, x = 9, sum = 0;
  u64 *table = pages(words * 8);
  while (rounds--) table[next_random(&x) & (words - 1)] ^= x;
  for (u64 i = 0; i < words; i += 511) sum = mix(sum, table[i]);
  return sum;
}

static u64 stream(u64 rounds) {
  enum { N = 1 << 20 };
  double *a = pages(N * 8), *b = pages(N * 8), *c = pages(N * 8);
  for (int i = 0; i < N; i++) a[i] = i, b[i] = 2;
  while (rounds--) {
    for (int i = 0; i < N; i++) c[i] = a[i];
    for (int i = 0; i < N; i++) b[i] = 3 * c[i];
    for (int i = 0; i < N; i++) c[i] = a[i] + b[i];
    for (int i = 0; i < N; i++) a[i] = b[i] + 0.25 * c[i];
  }
  return bits_of(a[7] + b[N - 1] + c[N / 2]);
}

static u64 memcpy1m(u64 rounds) {
  u64 bytes = 1 << 20, sum = 0;
  u8 *from = pages(bytes + 4096), *to = pages(bytes + 4096);
  for (u64 i = 0; i < bytes; i++) from[i] = (u8)(i * 7);
  while (rounds--) {
    memcpy(to + (rounds & 8), from, bytes);
    sum += to[rounds & 0xfffff];
  }
  return sum;
}

static u64 memset16m(u64 rounds) {
  u64 bytes = 16 << 20, sum = 0;
  u8 *memory = pages(bytes);
  while (rounds--) {
    memset(memory, (int)rounds, bytes);
    sum += memory[rounds & 0xffffff];
  }
  return sum;
}

static u64 unaligned(u64 rounds) {
  static u8 text[8192 + 16];
  u64 sum = 0;
  while (rounds--)
    for (u32 i = 0; i < 8192; i += 13) {
      u64 word;
      i64 half;
#ifdef __riscv
      /* The compiler would load bytes: not every processor of its base set can do this. */
      __asm__ volatile("ld %0, 0(%2)\n\tlw %1, 5(%2)" : "=&r"(word), "=&r"(half) : "r"(text + i) : "memory");
      sum = sum * 5 + word + (u64)half;
      __asm__ volatile("sd %0, 3(%1)" : : "r"(sum), "r"(text + i) : "memory");
#else
      int32_t narrow;
      memcpy(&word, text + i, 8);
      memcpy(&narrow, text + i + 5, 4);
      half = narrow;
      sum = sum * 5 + word + (u64)half;
      memcpy(text + i + 3, &sum, 8);
#endif
    }
  return sum;
}

/* A sieve that does not fit in any cache. */
static u64 sieve16m(u64 rounds) {
  u32 n = 16 << 20;
  u8 *composite = pages(n);
  u64 count = 0;
  while (rounds--) {
    memset(composite, 0, n);
    for (u32 i = 2; i * i < n; i++)
      if (!composite[i])
        for (u32 j = i * i; j < n; j += i) composite[j] = 1;
    for (u32 i = 2; i < n; i++) count += !composite[i];
  }
  return count;
}

const struct program memory_programs[] = {
  { "chase16k", chase16k }, { "chase1m", chase1m }, { "chase64m", chase64m }, { "pagestride", pagestride }, { "gups", gups },
  { "stream", stream }, { "memcpy1m", memcpy1m }, { "memset16m", memset16m }, { "unaligned", unaligned }, { "sieve16m", sieve16m }, { 0, 0 },
};
