/* Much code, cold code, and code that changes. */
#define _GNU_SOURCE
#include "programs.h"
#include <string.h>
#include <sys/mman.h>

/* A thousand functions, alike in shape and different in every constant. */
#define ONE(n) \
  static APART u64 function##n(u64 x) { \
    u64 sum = x + 0x##n##17u; \
    for (u64 i = x >> 63; i < 2; i++) { \
      if (x & 1u << (0x##n % 23)) sum += x >> (0x##n % 13); \
      else sum ^= x << (0x##n % 11); \
      x = x * (0x##n##5u) + sum; \
      if (sum > x + 0x##n) x ^= sum >> 7; \
    } \
    switch (x & 3) { \
      case 0: return sum + 0x##n; \
      case 1: return sum ^ x; \
      case 2: return x - 0x##n##3u; \
      default: return sum * 5 + x; \
    } \
  }
#define NAME(n) function##n,
#define DIGITS(m, n) m(n##0) m(n##1) m(n##2) m(n##3) m(n##4) m(n##5) m(n##6) m(n##7) m(n##8) m(n##9) m(n##a) m(n##b) m(n##c) m(n##d) m(n##e) m(n##f)
#define TWO(m, n) DIGITS(m, n##0) DIGITS(m, n##1) DIGITS(m, n##2) DIGITS(m, n##3) DIGITS(m, n##4) DIGITS(m, n##5) DIGITS(m, n##6) DIGITS(m, n##7) \
  DIGITS(m, n##8) DIGITS(m, n##9) DIGITS(m, n##a) DIGITS(m, n##b) DIGITS(m, n##c) DIGITS(m, n##d) DIGITS(m, n##e) DIGITS(m, n##f)
#define ALL(m) TWO(m, 1) TWO(m, 2) TWO(m, 3) TWO(m, 4)
ALL(ONE)
static u64 (*const functions[])(u64) = { ALL(NAME) };
enum { FUNCTIONS = sizeof functions / sizeof *functions };

static u64 bighot(u64 rounds) {
  u64 sum = 1;
  while (rounds--)
    for (int i = 0; i < FUNCTIONS; i++) sum = functions[i](sum);
  return sum;
}

/* Each round is a new process that calls every function once: the processor has to see all that code anew. */
static u64 bigcold(u64 rounds) {
  char *const arguments[] = { "programs", "bighot", "1", 0 };
  u64 well = 0;
  while (rounds--) well += run_apart(arguments);
  return well;
}

static u8 *code_page(void) {
  u8 *page = mmap(0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) fail("mmap");
  return page;
}

/* "Answer value" as an instruction or two. */
static void write_answer(u8 *at, u32 value) {
#ifdef __riscv
  u32 code[2] = { value << 20 | 0x00000513, 0x00008067 };     /* addi a0, x0, value; jalr x0, 0(ra) */
  *(volatile u32 *)at = code[0];
  *(volatile u32 *)(at + 4) = code[1];
  __asm__ volatile("fence.i" : : : "memory");
#else
  at[0] = 0xb8;                                               /* mov eax, value; ret */
  memcpy(at + 1, &value, 4);
  at[5] = 0xc3;
  __asm__ volatile("" : : : "memory");
#endif
}

static u64 patch(u64 rounds) {
  u8 *page = code_page();
  u64 sum = 0;
  while (rounds--) {
    write_answer(page, (u32)rounds & 1023);
    sum += (u64)((int (*)(void))(void *)page)();
  }
  return sum;
}

/* Data beside code that is called: no instruction changes. */
static u64 codedata(u64 rounds) {
  u8 *page = code_page();
  u64 sum = 0;
  write_answer(page, 7);
  while (rounds--) {
    *(volatile u64 *)(page + 2048) = rounds;
    sum += (u64)((int (*)(void))(void *)page)();
  }
  return sum;
}

const struct program code_programs[] = { { "bighot", bighot }, { "bigcold", bigcold }, { "patch", patch }, { "codedata", codedata }, { 0, 0 } };
