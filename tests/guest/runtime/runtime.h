// What all guest programs share: the parameter block, the console, pseudo-random numbers and the hash.
#pragma once

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long u64;
typedef long s64;

// Patched in the ELF image by the driver (GuestProgram.cs has the same layout); found there by its magic.
struct parameters {
  u64 magic[2];
  u64 seed;        // names the sequence of cases
  u64 first;       // number of the first case
  u64 count;       // cases to run
  u64 pools;       // which kinds of things a case may be made of, a bit each
  u32 length;      // units per case at most
  u32 verbosity;   // 0: a hash per block; 1: a hash per case; 2: the whole state of every case
  u32 mode;        // privilege and paging the cases run under (each program's own list)
  u32 block;       // cases per block
  u64 interrupts;  // 0: none; else the seed of the moments at which timer interrupts come
  u64 skip;        // shrinking: unit i of the case is replaced by nops when bit i is set
  u32 zero_x;      // shrinking: integer register i starts as 0 (pointers into the scratch memory excepted)
  u32 one_x;       // shrinking: starts as 1
  u32 zero_f;      // shrinking: floating-point register i starts as +0
  u32 one_f;       // shrinking: starts as 1.0 (double)
  u64 fault;       // tests of the driver: instructions that look like the low half are executed with the bits of the high half flipped
};
extern const volatile struct parameters parameters;

enum { BLOCKS = 0, CASES = 1, STATES = 2 };

// Console (ns16550a) and the end of the run (test finisher).
void put_character(char c);
void put_text(const char *text);
void put_decimal(u64 value);
void put_hex(u64 value, int digits);
void put_word(const char *name, u64 value);    // " name=0x…" with 16 digits
void finish(int code) __attribute__((noreturn));

// Pseudo-random numbers (splitmix64). Each case has a sequence of its own, so that any case can be run alone.
extern u64 rng_state;
void rng_start(u64 seed, u64 number);
static inline u64 random64(void) {
  u64 z = rng_state += 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}
static inline u32 below(u32 bound) { return (u32)(((random64() >> 32) * bound) >> 32); }
static inline int one_in(u32 n) { return below(n) == 0; }

static inline u64 mix(u64 hash, u64 value) {
  hash = (hash ^ value) * 0x9e3779b97f4a7c15;
  return hash ^ (hash >> 29);
}

// Integers that are interesting at edges, or have random magnitude.
u64 random_integer(void);

// Runs cases parameters.first … and prints their hashes; run_case is each program's own and returns the case's hash.
void run_all(u64 (*run_case)(u64 number));

#define csr_read(name) ({ u64 v_; __asm__ volatile("csrr %0, " #name : "=r"(v_)); v_; })
#define csr_write(name, value) __asm__ volatile("csrw " #name ", %0" : : "r"((u64)(value)) : "memory")
#define csr_set(name, value) __asm__ volatile("csrs " #name ", %0" : : "r"((u64)(value)) : "memory")
#define csr_clear(name, value) __asm__ volatile("csrc " #name ", %0" : : "r"((u64)(value)) : "memory")
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define PAGE 4096

// Privileged architecture 1.13, section 3.1.6: fields of mstatus.
#define MSTATUS_SIE 0x2ul
#define MSTATUS_MIE 0x8ul
#define MSTATUS_MPIE 0x80ul
#define MSTATUS_MPP 0x1800ul
#define MSTATUS_FS 0x6000ul
#define MSTATUS_MPRV 0x20000ul
#define MSTATUS_SUM 0x40000ul
#define MSTATUS_MXR 0x80000ul
#define MSTATUS_SD 0x8000000000000000ul
#define MENVCFG_CBO 0xf0ul                     // CBIE = invalidate, CBCFE, CBZE
#define MENVCFG_ADUE 0x2000000000000000ul
#define MENVCFG_PBMTE 0x4000000000000000ul
#define MENVCFG_STCE 0x8000000000000000ul
enum { USER = 0, SUPERVISOR = 1, MACHINE = 3 };
