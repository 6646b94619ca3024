// The console's side: a line "NAME ROUNDS" is answered by "end NAME CHECKSUM INSTRUCTIONS" (hexadecimal). Between lines the hart waits in WFI,
// so that the host process uses no time then. Sv39 is on with 4 KiB pages (privileged specification 1.13, section 12.4).
#include "kernels.h"

#define UART ((volatile u8 *)0x10000000)                  // NS16550A: 0 data, 1 interrupt enable, 5 line status
#define PLIC(offset) (*(volatile u32 *)(0x0c000000 + (offset)))
enum { UART_SOURCE = 10, SUPERVISOR_CONTEXT = 1 };

// ---- console ----
static void put(char c) {
  while (!(UART[5] & 0x20)) { }
  UART[0] = (u8)c;
}

static void put_text(const char *text) {
  while (*text) put(*text++);
}

static void put_hex(u64 value) {
  put(' ');
  for (int shift = 60; shift >= 0; shift -= 4) put("0123456789abcdef"[(value >> shift) & 15]);
}

static char get(void) {
  while (!(UART[5] & 1)) {
    __asm__ volatile("wfi");
    u32 source = PLIC(0x200004 + SUPERVISOR_CONTEXT * 0x1000);
    if (source) PLIC(0x200004 + SUPERVISOR_CONTEXT * 0x1000) = source;
  }
  return (char)UART[0];
}

// WFI ends when the interrupt is pending; sstatus.SIE stays off, so it is never taken.
static void listen(void) {
  PLIC(UART_SOURCE * 4) = 1;
  PLIC(0x2000 + SUPERVISOR_CONTEXT * 0x80) = 1u << UART_SOURCE;
  PLIC(0x200000 + SUPERVISOR_CONTEXT * 0x1000) = 0;
  UART[1] = 1;
  __asm__ volatile("csrs sie, %0" :: "r"(1ul << 9));
}

void unexpected_trap(u64 cause, u64 pc, u64 value) {
  put_text("trap");
  put_hex(cause);
  put_hex(pc);
  put_hex(value);
  put('\n');
}

// ---- paging ----
enum { LEAF_TABLES = 16 };                                // 32 MiB from the image's start
static u64 root[512] __attribute__((aligned(4096)));
static u64 middle[512] __attribute__((aligned(4096)));
static u64 leaves[LEAF_TABLES][512] __attribute__((aligned(4096)));
extern char _start[];

static void switch_paging_on(void) {
  enum { POINTER = 1, LEAF = 0xcf };                      // V; V R W X A D
  u64 start = (u64)_start;
  root[0] = LEAF;                                         // devices: one page of 1 GiB
  root[start >> 30] = (u64)middle >> 12 << 10 | POINTER;
  for (int i = 0; i < LEAF_TABLES; i++) {
    u64 part = start + ((u64)i << 21);
    middle[part >> 21 & 511] = (u64)leaves[i] >> 12 << 10 | POINTER;
    middle[(part + ALIAS_DISTANCE) >> 21 & 511] = (u64)leaves[i] >> 12 << 10 | POINTER;
    for (int j = 0; j < 512; j++) leaves[i][j] = ((part >> 12) + (u64)j) << 10 | LEAF;
  }
  __asm__ volatile("csrw satp, %0\n sfence.vma" :: "r"(8ul << 60 | (u64)root >> 12) : "memory");
}

// ---- commands ----
static const struct { const char *name; u64 (*run)(u64 rounds); } kernels[] = {
  { "integer", run_integer }, { "branches", run_branches }, { "calls", run_calls }, { "memory", run_memory },
  { "pages", run_pages }, { "floating", run_floating }, { "fresh", run_fresh }, { "brief", run_brief },
  { "copied", run_copied }, { "walks", run_walks }, { "hits", run_hits }, { "ecall", run_ecall },
};

static int is_equal(const char *one, const char *other) {
  while (*one && *one == *other) one++, other++;
  return *one == *other;
}

static u64 instructions(void) {
  u64 count;
  __asm__ volatile("rdinstret %0" : "=r"(count));
  return count;
}

int main(void) {
  switch_paging_on();
  listen();
  put_text("ready\n");
  for (;;) {
    char name[32];
    int length = 0;
    u64 rounds = 0;
    char c;
    while ((c = get()) > ' ') if (length < 31) name[length++] = c;
    name[length] = 0;
    while (c != '\n' && c != '\r') if ((c = get()) >= '0' && c <= '9') rounds = rounds * 10 + (u64)(c - '0');
    for (u32 i = 0; i < sizeof kernels / sizeof *kernels; i++) {
      if (!is_equal(name, kernels[i].name)) continue;
      u64 before = instructions();
      u64 sum = kernels[i].run(rounds);
      u64 after = instructions();
      put_text("end ");
      put_text(name);
      put_hex(sum);
      put_hex(after - before);
      put('\n');
    }
  }
}
