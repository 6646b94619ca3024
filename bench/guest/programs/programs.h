/* Programs that are measured in a guest and on the host itself: the same sources, the same flags. See driver.c. */
#pragma once
#include <stdint.h>

typedef uint64_t u64;
typedef uint32_t u32;
typedef uint16_t u16;
typedef uint8_t u8;
typedef int64_t i64;

struct program {
  const char *name;
  u64 (*run)(u64 rounds);      /* answers what it computed */
};

/* Each file ends with a table of its programs; a program without a name ends it. */
extern const struct program integer_programs[], sorting_programs[], call_programs[], machine_programs[], floating_programs[],
  memory_programs[], kernel_programs[], process_programs[], code_programs[];

/* The value is computed here, whatever becomes of it. */
#define KEEP(value) __asm__ volatile("" : "+r"(value))
#define APART __attribute__((noinline, noclone))

static inline u64 next_random(u64 *state) {
  u64 x = *state;
  x ^= x << 13;
  x ^= x >> 7;
  x ^= x << 17;
  return *state = x;
}

static inline u64 mix(u64 sum, u64 value) { return (sum ^ value) * 0x9e3779b97f4a7c15 + (sum >> 29); }

static inline u64 bits_of(double value) {
  union { double d; u64 u; } both = { .d = value };
  return both.u;
}

/* Memory that begins at a page, zero; the program ends when there is none. */
void *pages(u64 bytes);

/* Runs this program anew with those arguments: 1 if all went well. */
u64 run_apart(char *const arguments[]);
_Noreturn void fail(const char *what);
