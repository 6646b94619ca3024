#include "kernels.h"

static inline u64 scramble(u64 x) {
  x ^= x << 13;
  x ^= x >> 7;
  return x ^ (x << 17);
}

u64 run_integer(u64 rounds) {
  u64 a = 1, b = 0x9e3779b97f4a7c15, c = 7;
  u32 w = 11;
  while (rounds--) {
    a = scramble(a) + b;
    b = (b ^ (a >> 29)) * 0xbf58476d1ce4e5b9;
    w = w * 1664525u + 1013904223u + (u32)a;
    c += (a & ~b) | (w >> 3);
    c -= (b < c) + ((long)a >> 5);
  }
  return a ^ b ^ c ^ w;
}

u64 run_branches(u64 rounds) {
  u64 x = 88172645463325252, sum = 0;
  while (rounds--) {
    x = scramble(x);
    // Steps of Collatz's sequence, a few: each turn's branches hang on its data.
    u64 n = x & 0xffff;
    for (int step = 0; step < 8; step++) {
      __asm__ volatile("" : "+r"(n));
      if (n & 1) n = n * 3 + 1;
      else n >>= 1;
      if (n == 1) break;
      if (n > 0x20000) sum ^= n;
    }
    sum += n;
  }
  return sum;
}

static u64 __attribute__((noinline)) fibonacci(u64 n) {
  u64 last = 0;
  if (n < 2) return n;
  last = fibonacci(n - 1);
  __asm__ volatile("" : "+r"(last));
  return last + fibonacci(n - 2);
}

static u64 __attribute__((noinline)) add(u64 x) { return x + 3; }
static u64 __attribute__((noinline)) twist(u64 x) { return x ^ x << 7; }
static u64 __attribute__((noinline)) turn(u64 x) { return x >> 9 | x << 55; }
static u64 __attribute__((noinline)) times(u64 x) { return x * 0x2545f4914f6cdd1d; }

u64 run_calls(u64 rounds) {
  u64 (*targets[4])(u64) = { add, twist, turn, times };
  u64 sum = 0;
  while (rounds--) {
    sum += fibonacci(8);
    for (int i = 0; i < 16; i++) sum = targets[(sum ^ (u64)i) & 3](sum);
  }
  return sum;
}

static u64 near[4096];                                    // 32 KiB

u64 run_memory(u64 rounds) {
  u8 *bytes = (u8 *)near;
  u32 *words = (u32 *)near;
  u64 sum = 0;
  for (u64 i = 0; i < 4096; i++) near[i] = i * 0x9e3779b97f4a7c15;
  while (rounds--) {
    for (u32 i = 0; i < 4096; i += 4) {
      near[i] += near[i + 1];
      words[2 * i + 4] ^= words[2 * i + 1];
      bytes[8 * i + 24] = bytes[8 * i + 9] + 1;
      sum += near[(i * 5) & 4095];
    }
  }
  return sum;
}

static u8 far[4096 * 4096] __attribute__((aligned(4096)));  // 16 MiB

u64 run_pages(u64 rounds) {
  u64 sum = 0;
  u32 page = 1;
  while (rounds--) {
    for (u32 i = 0; i < 4096; i++) {
      page = (page * 1365 + 1) & 4095;                    // a full period
      u64 *place = (u64 *)(far + page * 4096ul + (page & 511) * 8);
      sum += *place;
      *place = sum + i;
    }
  }
  return sum;
}

// Loads from 256 pages, each in turn at two addresses so far from each other that a direct-mapped TLB of up to 16,384 entries holds one of them at a time; or at one address.
static u64 run_pairs(u64 rounds, u64 distance) {
  u64 sum = 0;
  while (rounds--) {
    for (u32 i = 0; i < 256; i++) {
      u64 place = (u64)far + i * 4096ul + (i & 63) * 64;
      sum += *(volatile u64 *)place;
      sum ^= *(volatile u64 *)(place + distance);
    }
  }
  return sum;
}

u64 run_walks(u64 rounds) { return run_pairs(rounds, ALIAS_DISTANCE); }

u64 run_hits(u64 rounds) { return run_pairs(rounds, 0); }

// Calls blocks that nobody has executed, one after the other, alike but for their constants: thirteen instructions each, three stretches without a branch into or out of them; or
// six, in one stretch; or these in pages that all hold the same. (RISC-V unprivileged specification, chapter 2: their forms.)
enum { FRESH_BLOCKS = 1 << 16, BLOCK_WORDS = 16, LD = 0x3003, LW = 0x2003, ADDI = 0x13, SLLI = 0x1013, SD = 0x3023, SW = 0x2023, A0 = 10, A1, A2, A3, A4, A5 };

static u32 immediate(u32 opcode, u32 to, u32 from, u32 value) { return opcode | to << 7 | from << 15 | value << 20; }
static u32 both(u32 opcode, u32 to, u32 one, u32 other) { return opcode | to << 7 | one << 15 | other << 20; }
static u32 store(u32 opcode, u32 what, u32 base, u32 at) { return opcode | (at & 31) << 7 | base << 15 | what << 20 | at >> 5 << 25; }

static void write_brief(u32 *code, u32 i) {
  u32 at = (i & 15) * 8;
  *code++ = immediate(LD, A1, A0, at);
  *code++ = immediate(ADDI, A2, A1, i & 2047);
  *code++ = immediate(SLLI, A3, A2, i >> 11 & 31);
  *code++ = both(0x4033, A3, A3, A1);                     // xor
  *code++ = store(SD, A3, A0, at);
  *code++ = 0x00008067;                                   // ret
}

static void write_block(u32 *code, u32 i) {
  u32 at = (i & 15) * 8;
  *code++ = immediate(LD, A1, A0, at);
  *code++ = immediate(ADDI, A2, A1, i & 2047);
  *code++ = both(0x4033, A3, A2, A1);                     // xor
  *code++ = immediate(SLLI, A4, A3, i >> 11 & 31);
  *code++ = both(0x33, A1, A4, A2);                       // add
  *code++ = store(SD, A1, A0, at);
  *code++ = immediate(LW, A5, A0, 128 + at);
  *code++ = both(0x3b, A5, A5, A1);                       // addw
  *code++ = store(SW, A5, A0, 128 + at);
  *code++ = 0x00078463;                                   // beqz a5, 8
  *code++ = immediate(ADDI, A3, A3, 1);
  *code++ = store(SD, A3, A0, 256 + at);
  *code++ = 0x00008067;                                   // ret
}

static u64 run_new(u64 rounds, void (*write)(u32 *code, u32 i), u32 different) {
  static u32 run;
  u32 *code = (u32 *)far;
  run++;
  for (u32 i = 0; i < FRESH_BLOCKS; i++) write(code + i * BLOCK_WORDS, i % different + run);
  __asm__ volatile("fence.i" ::: "memory");
  for (u64 i = 0; i < 64; i++) near[i] = i * 0x9e3779b97f4a7c15;
  while (rounds--)
    for (u32 i = 0; i < FRESH_BLOCKS; i++) ((void (*)(u64 *))(code + i * BLOCK_WORDS))(near);
  u64 sum = 0;
  for (u64 i = 0; i < 64; i++) sum = sum * 31 + near[i];
  return sum;
}

u64 run_fresh(u64 rounds) { return run_new(rounds, write_block, FRESH_BLOCKS); }

u64 run_brief(u64 rounds) { return run_new(rounds, write_brief, FRESH_BLOCKS); }

u64 run_copied(u64 rounds) { return run_new(rounds, write_brief, 4096 / 4 / BLOCK_WORDS); }

u64 run_floating(u64 rounds) {
  double x = 0.5, y = 1.25, z = -3.0, sum = 0;
  while (rounds--) {
    double squares = x * x + y * y + z * z + 0.01;
    double inverse = 1.0 / squares;
    x = x + y * inverse - 0.25 * x;
    y = y - z * inverse + 0.5;
    z = z + x * 0.125 - y * 0.0625;
    if (y > 8.0) y -= 8.0;
    sum += inverse * 0.5 + x;
  }
  union { double number; u64 bits; } result = { sum + x + y + z };
  return result.bits;
}

u64 run_ecall(u64 rounds) {
  u64 sum = 0;
  while (rounds--) {
    register u64 a0 __asm__("a0") = 0;
    register u64 a1 __asm__("a1") = 0;
    register u64 a6 __asm__("a6") = 0;                    // sbi_get_spec_version
    register u64 a7 __asm__("a7") = 0x10;                 // the base extension
    __asm__ volatile("ecall" : "+r"(a0), "+r"(a1) : "r"(a6), "r"(a7) : "memory");
    sum += a0;
  }
  return sum;                                             // 0 everywhere: success
}
