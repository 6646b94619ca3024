// Programs for several harts. Exit code 0: all is well; otherwise the line of the check that failed, or 30000 + the cause of an unexpected trap.
typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long u64;
typedef long s64;

struct parameters { u64 test, count, harts, options; };
extern const volatile struct parameters parameters;
extern void secondary(void);

enum { PAGING = 1 };  // options: Sv39 is on
enum { PAGE = 4096, MAX_HARTS = 8, FRESH_PAGES = 256 };

u8 stacks[MAX_HARTS * 0x4000] __attribute__((aligned(4096)));

// Pages beyond the image that the host replaces the frames of (SmpTests.cs has the same addresses).
#define MAIL ((volatile u64 *)0x81000000ul)
#define DATA ((volatile u64 *)0x81001000ul)
#define CODE ((volatile u32 *)0x81002000ul)
#define FRESH ((volatile u64 *)0x81010000ul)

static volatile u64 arrived[MAX_HARTS], finished[MAX_HARTS];
static volatile u64 turn, answer;

static void finish(u64 code) {
  *(volatile u32 *)0x100000 = code == 0 ? 0x5555 : (u32)(code << 16) | 0x3333;
  for (;;) __asm__ volatile("wfi");
}
#define CHECK(condition) do { if (!(condition)) finish(__LINE__); } while (0)

void unexpected_trap(u64 cause, u64 pc, u64 value) {
  MAIL[500] = cause, MAIL[501] = pc, MAIL[502] = value;
  finish(30000 + (cause & 0xff));
}

static inline u64 hart_id(void) { u64 id; __asm__ volatile("mv %0, tp" : "=r"(id)); return id; }
static inline void fence(void) { __asm__ volatile("fence rw, rw" : : : "memory"); }
static inline void fence_i(void) { __asm__ volatile("fence.i" : : : "memory"); }
static inline void fence_page(u64 address) { __asm__ volatile("sfence.vma %0" : : "r"(address) : "memory"); }
static inline void fence_all(void) { __asm__ volatile("sfence.vma" : : : "memory"); }
__attribute__((unused)) static void delay(u64 rounds) { for (u64 i = 0; i < rounds; i++) __asm__ volatile("" : : "r"(i)); }
static void wait_for(volatile u64 *place, u64 value) { while (*place != value) { } fence(); }

#ifdef MACHINE
#define MSIP ((volatile u32 *)0x2000000)
static void send_ipi(u64 hart) { MSIP[hart] = 1; }
static void take_ipi(void) {
  __asm__ volatile("csrs mie, %0" : : "r"(8ul));
  for (;;) {
    u64 pending;
    __asm__ volatile("csrr %0, mip" : "=r"(pending));
    if (pending & 8) break;
    __asm__ volatile("wfi");
  }
  MSIP[hart_id()] = 0;
  fence();
}
#else
struct answer { s64 error; u64 value; };
static struct answer sbi(u64 extension, u64 function, u64 x0, u64 x1, u64 x2, u64 x3) {
  register u64 a0 __asm__("a0") = x0;
  register u64 a1 __asm__("a1") = x1;
  register u64 a2 __asm__("a2") = x2;
  register u64 a3 __asm__("a3") = x3;
  register u64 a6 __asm__("a6") = function;
  register u64 a7 __asm__("a7") = extension;
  __asm__ volatile("ecall" : "+r"(a0), "+r"(a1) : "r"(a2), "r"(a3), "r"(a6), "r"(a7) : "memory");
  return (struct answer){(s64)a0, a1};
}
static struct answer hart_start(u64 hart, u64 address, u64 opaque) { return sbi(0x48534d, 0, hart, address, opaque, 0); }
static struct answer hart_status(u64 hart) { return sbi(0x48534d, 2, hart, 0, 0, 0); }
static void hart_stop(void) { sbi(0x48534d, 1, 0, 0, 0, 0); finish(__LINE__); }
static void send_ipi(u64 hart) { CHECK(sbi(0x735049, 0, 1, hart, 0, 0).error == 0); }
static void remote_fence_i(u64 hart) { CHECK(sbi(0x52464e43, 0, 1ul << hart, 0, 0, 0).error == 0); }
static void remote_fence(u64 mask, u64 base, u64 address, u64 size) { CHECK(sbi(0x52464e43, 1, mask, base, address, size).error == 0); }
static void take_ipi(void) {
  __asm__ volatile("csrs sie, %0" : : "r"(2ul));
  for (;;) {
    u64 pending;
    __asm__ volatile("csrr %0, sip" : "=r"(pending));
    if (pending & 2) break;
    __asm__ volatile("wfi");
  }
  __asm__ volatile("csrc sip, %0" : : "r"(2ul));
  fence();
}

// Sv39: RAM and the low gigabyte map to themselves; 4 KiB pages from WINDOW on are the tests' own.
#define WINDOW 0x100000000ul
enum { V = 1, R = 2, W = 4, X = 8, A = 64, D = 128, LEAF = V | R | W | X | A | D };
static volatile u64 root[512] __attribute__((aligned(4096))), middle[512] __attribute__((aligned(4096))), leaves[512] __attribute__((aligned(4096)));
static volatile u64 targets[2 * MAX_HARTS][512] __attribute__((aligned(4096)));
static void map(u64 slot, volatile void *page) { leaves[slot] = ((u64)page >> 12 << 10) | LEAF; }
static void paging_on(void) {
  if (!(parameters.options & PAGING)) return;
  __asm__ volatile("csrw satp, %0\n sfence.vma" : : "r"(8ul << 60 | (u64)root >> 12) : "memory");
}
static void make_tables(void) {
  root[0] = 0ul >> 2 | LEAF;
  root[2] = 0x80000000ul >> 2 | LEAF;
  root[4] = ((u64)middle >> 12 << 10) | V;
  middle[0] = ((u64)leaves >> 12 << 10) | V;
  fence();
}
#endif

static void start_others(void) {
#ifndef MACHINE
  for (u64 hart = 1; hart < parameters.harts; hart++) CHECK(hart_start(hart, (u64)secondary, hart).error == 0);
#endif
  for (u64 hart = 1; hart < parameters.harts; hart++) wait_for(&arrived[hart], 1);
}
static void meet(void) {
  arrived[hart_id()] = 1;
  fence();
  for (u64 hart = 0; hart < parameters.harts; hart++) while (arrived[hart] != 1) { }
  fence();
}
static void all_finished(void) {
  finished[hart_id()] = 1;
  fence();
  if (hart_id() != 0) return;
  for (u64 hart = 1; hart < parameters.harts; hart++) wait_for(&finished[hart], 1);
  finish(0);
}

#ifndef MACHINE
// SBI 2.0, chapter 9: a hart is started, finds its argument, stops itself, and is started again.
static void starts_and_stops(u64 hart, u64 opaque) {
  if (hart != 0) {
    CHECK(opaque == turn * 1000 + hart);
    u64 satp;
    __asm__ volatile("csrr %0, satp" : "=r"(satp));
    CHECK(satp == 0);
    answer = turn;
    hart_stop();
  }
  CHECK(hart_status(0).value == 0);
  CHECK(hart_start(0, (u64)secondary, 0).error == -6);
  CHECK(hart_start(parameters.harts, (u64)secondary, 0).error == -3);
  CHECK(hart_start(1, 0x1000, 0).error == -5);
  for (u64 i = 1; i <= parameters.count; i++) {
    for (u64 other = 1; other < parameters.harts; other++) {
      CHECK(hart_status(other).value == 1);
      answer = 0;
      turn = i;
      fence();
      CHECK(hart_start(other, (u64)secondary, i * 1000 + other).error == 0);
      wait_for(&answer, i);
      while (hart_status(other).value != 1) { }
    }
  }
  finish(0);
}

// SBI 2.0, chapter 8: after the call has returned, hart 1 sees the new mapping without a fence of its own.
static void remote_fences(u64 hart) {
  if (hart == 0) {
    make_tables();
    for (int i = 0; i < 2; i++) targets[i][0] = i;
    map(0, targets[0]);
    start_others();
  }
  paging_on();
  meet();
  volatile u64 *window = (volatile u64 *)WINDOW;
  if (hart == 0) {
    for (u64 i = 1; i <= parameters.count; i++) {
      map(0, targets[i & 1]);
      if (i % 3 == 0) remote_fence(0, -1ul, 0, -1ul);
      else remote_fence(1, 1, WINDOW, PAGE);
      turn = i;
      wait_for(&answer, i);
    }
  } else if (hart == 1) {
    for (u64 i = 1; i <= parameters.count; i++) {
      u64 ignored = 0;
      while (turn != i) ignored += *window;
      fence();
      CHECK(*window == (i & 1));
      answer = i;
    }
  }
  all_finished();
}

// Privileged specification 1.13, section 4.2.1: a hart's own fence holds wherever it runs next. More harts than carriers make it move.
static void local_fences(u64 hart) {
  if (hart == 0) {
    make_tables();
    for (u64 i = 0; i < 2 * parameters.harts; i++) targets[i][0] = i;
    for (u64 i = 0; i < parameters.harts; i++) map(i, targets[2 * i]);
    start_others();
  }
  paging_on();
  meet();
  volatile u64 *window = (volatile u64 *)(WINDOW + hart * PAGE);
  for (u64 i = 1; i <= parameters.count; i++) {
    u64 expected = 2 * hart + (i & 1);
    map(hart, targets[expected]);
    if (i % 16 == 0) fence_all();
    else fence_page((u64)window);
    delay(3000);
    CHECK(*window == expected);
    delay(1000);
    CHECK(*window == expected);
  }
  all_finished();
}

// Zifencei: hart 0 writes a function, hart 1 calls it after fence.i; told by a flag, by an interrupt, and by a remote fence.i.
static void writes_code(u64 hart) {
  if (hart == 0) {
    make_tables();
    start_others();
  }
  paging_on();
  meet();
  for (u64 i = 1; i <= parameters.count && hart < 2; i++) {
    if (hart == 0) {
      CODE[(i & 7) * 64] = 0x00000537 | (u32)(i << 12);  // lui a0, i
      CODE[(i & 7) * 64 + 1] = 0x00008067;               // ret
      fence();
      if (i % 3 == 1) remote_fence_i(1);
      turn = i;
      if (i % 3 == 2) send_ipi(1);
      wait_for(&answer, i);
    } else {
      if (i % 3 == 2) take_ipi();
      wait_for(&turn, i);
      if (i % 3 != 1) fence_i();
      CHECK(((u64(*)(void))(u64)&CODE[(i & 7) * 64])() == i << 12);
      answer = i;
    }
  }
  all_finished();
}
#else
static void paging_on(void) { }
#endif

// One hart wakes the other from WFI, to and fro.
static void interrupts(u64 hart) {
  if (hart == 0) start_others();
  meet();
  for (u64 i = 1; i <= parameters.count && hart < 2; i++) {
    if (hart == 0) {
      turn = i;
      fence();
      send_ipi(1);
      take_ipi();
      CHECK(answer == i);
    } else {
      take_ipi();
      CHECK(turn == i);
      answer = i;
      fence();
      send_ipi(0);
    }
  }
  all_finished();
}

// Message passing over pages whose frames the host replaces: data first, then the flag. Fresh pages are read (as zero) before they are first written.
static void messages(u64 hart) {
#ifndef MACHINE
  if (hart == 0) make_tables();
#endif
  if (hart == 0) start_others();
  paging_on();
  meet();
  for (u64 i = 1; i <= parameters.count && hart < 2; i++) {
    volatile u64 *fresh = FRESH + (i % FRESH_PAGES) * (PAGE / 8);
    u64 before = i > FRESH_PAGES ? i - FRESH_PAGES : 0;
    if (hart == 0) {
      for (int k = 0; k < 8; k++) DATA[(i * 8 + k) % 512] = i * 77 + k;
      *fresh = i;
      MAIL[1] = ~i;
      fence();
      MAIL[0] = i;
      while (MAIL[2] != i) { }
      fence();
      CHECK(MAIL[3] == i * 3);
    } else {
      u64 seen = *fresh;
      CHECK(seen == before || seen == i);
      while (MAIL[0] != i) { }
      fence();
      CHECK(MAIL[1] == ~i);
      CHECK(*fresh == i);
      for (int k = 0; k < 8; k++) CHECK(DATA[(i * 8 + k) % 512] == i * 77 + k);
      MAIL[3] = i * 3;
      fence();
      MAIL[2] = i;
    }
  }
  all_finished();
}

// Every hart counts in the same places by every means; no count may be lost.
static void contention(u64 hart) {
#ifndef MACHINE
  if (hart == 0) make_tables();
#endif
  if (hart == 0) start_others();
  paging_on();
  meet();
  volatile u64 *place = MAIL;
  for (u64 i = 0; i < parameters.count; i++) {
    u64 old, failed;
    do __asm__ volatile("lr.d %0, (%2)\n addi %0, %0, 1\n sc.d %1, %0, (%2)" : "=&r"(old), "=&r"(failed) : "r"(place) : "memory"); while (failed);
    do __asm__ volatile("lr.w %0, (%2)\n addiw %0, %0, 1\n sc.w %1, %0, (%2)" : "=&r"(old), "=&r"(failed) : "r"(place + 1) : "memory"); while (failed);
    __asm__ volatile("amoadd.d zero, %0, (%1)" : : "r"(3ul), "r"(place + 8) : "memory");
    __asm__ volatile("amoadd.w zero, %0, (%1)" : : "r"(5ul), "r"(place + 9) : "memory");
    __asm__ volatile("amoxor.d zero, %0, (%1)" : : "r"(1ul << hart), "r"(place + 10) : "memory");
    __asm__ volatile("amomaxu.d zero, %0, (%1)" : : "r"(i * 8 + hart), "r"(place + 11) : "memory");
    do __asm__ volatile("amoswap.w.aq %0, %1, (%2)" : "=&r"(old) : "r"(1ul), "r"(place + 16) : "memory"); while ((u32)old);
    DATA[0]++;
    DATA[100]--;
    __asm__ volatile("amoswap.w.rl zero, zero, (%0)" : : "r"(place + 16) : "memory");
  }
  finished[hart] = 1;
  fence();
  if (hart != 0) return;
  for (u64 other = 0; other < parameters.harts; other++) wait_for(&finished[other], 1);
  u64 total = parameters.count * parameters.harts;
  CHECK(place[0] == total);
  CHECK((u32)place[1] == (u32)total);
  CHECK(place[8] == 3 * total);
  CHECK((u32)place[9] == (u32)(5 * total));
  CHECK(place[10] == (parameters.count & 1 ? (1ul << parameters.harts) - 1 : 0));
  CHECK(place[11] == (parameters.count - 1) * 8 + parameters.harts - 1);
  CHECK(DATA[0] == total);
  CHECK(DATA[100] == -total);
  finish(0);
}

// Works for ever, on every hart, until the host stops it: registers, memory and its own code.
static void endless(u64 hart) {
  if (hart == 0) start_others();
  meet();
  for (u64 i = 0;; i++) {
    MAIL[hart] += i;
    FRESH[(i * 521) % (FRESH_PAGES * 512)] = i;
    if (hart == 1 && i % 1000 == 0) send_ipi(0);
  }
}

void run(u64 hart, u64 opaque) {
  (void)opaque;
  if (hart != 0 && parameters.test != 1) arrived[hart] = 1;
  switch (parameters.test) {
    case 2: interrupts(hart); break;
    case 5: messages(hart); break;
    case 6: contention(hart); break;
    case 8: endless(hart); break;
#ifndef MACHINE
    case 1: starts_and_stops(hart, opaque); break;
    case 3: remote_fences(hart); break;
    case 4: local_fences(hart); break;
    case 7: writes_code(hart); break;
#endif
    default: finish(__LINE__);
  }
}
