#include "runtime.h"

__attribute__((section(".parameters"), used)) const volatile struct parameters parameters = {
  .magic = { 0x5b1e0c9ad3f27746, 0xe94c81b7302d6fa5 },   // GuestProgram.cs looks for it
  .seed = 1, .count = 1000, .pools = 0xffff, .length = 24, .block = 1000,
};

// ---- console: NS16550A (UART registers 0 and 5), finisher as on QEMU's virt board ----
#define UART ((volatile u8 *)0x10000000)
#define FINISHER ((volatile u32 *)0x100000)

void put_character(char c) {
  while (!(UART[5] & 0x20)) { }
  UART[0] = (u8)c;
}

void put_text(const char *text) {
  while (*text) put_character(*text++);
}

void put_hex(u64 value, int digits) {
  while (digits-- > 0) put_character("0123456789abcdef"[(value >> (digits * 4)) & 15]);
}

void put_decimal(u64 value) {
  char digits[20];
  int n = 0;
  do digits[n++] = (char)('0' + value % 10); while (value /= 10);
  while (n > 0) put_character(digits[--n]);
}

void put_word(const char *name, u64 value) {
  put_character(' ');
  put_text(name);
  put_text("=0x");
  put_hex(value, 16);
}

void finish(int code) {
  *FINISHER = code == 0 ? 0x5555 : ((u32)code << 16) | 0x3333;
  for (;;) { }
}

__attribute__((used)) void report_fatal_trap(u64 cause, u64 pc, u64 value) {
  put_text("fatal");
  put_word("cause", cause);
  put_word("pc", pc);
  put_word("tval", value);
  put_character('\n');
  finish(3);
}

// ---- pseudo-random numbers ----
u64 rng_state;

void rng_start(u64 seed, u64 number) {
  rng_state = mix(seed * 0xd1342543de82ef95 + 0x2545f4914f6cdd1d, number);
  rng_state = mix(rng_state, ~number);
}

static const u64 corners[] = {
  0, 1, 2, 3, 7, 8, 31, 32, 63, 64, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000,
  0x7ffffffffffffffe, 0x7fffffffffffffff, 0x8000000000000000, 0x8000000000000001, 0xfffffffffffffffe, 0xffffffffffffffff,
  0xffffffff80000000, 0xffffffff7fffffff, 0x5555555555555555, 0xaaaaaaaaaaaaaaaa,
};

u64 random_integer(void) {
  u64 r = random64();
  switch (r & 7) {
    case 0: case 1: return corners[below(COUNT(corners))];
    case 2: return (u64)(s64)(int)(random64() >> 32);
    case 3: return random64() << below(64);
    case 4: return -(random64() >> below(64));
    default: return random64() >> below(64);
  }
}

// ---- the run ----
void run_all(u64 (*run_case)(u64 number)) {
  u64 hash = 0, in_block = 0, start = parameters.first;
  u64 end = parameters.first + parameters.count;
  for (u64 number = parameters.first; number < end; number++) {
    u64 h = run_case(number);
    if (parameters.verbosity >= CASES) {
      put_text("case ");
      put_decimal(number);
      put_character(' ');
      put_hex(h, 16);
      put_character('\n');
    }
    hash = mix(hash, h);
    if (++in_block == parameters.block || number + 1 == end) {
      put_text("block ");
      put_decimal(start);
      put_character(' ');
      put_hex(hash, 16);
      put_character('\n');
      hash = 0;
      in_block = 0;
      start = number + 1;
    }
  }
  put_text("end\n");
  finish(0);
}
