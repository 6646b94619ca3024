// A supervisor whose trap handler traps at its first instruction: nothing retires any more, and only the machine's timer interrupt gets it out.
// Mode 0: the handler is an illegal instruction; 1: it lies where no memory is.
#include "runtime.h"

#define MTIMECMP ((volatile u64 *)0x2004000)
#define MTIME ((volatile u64 *)0x200bff8)

static u32 illegal[4] __attribute__((aligned(64)));

__attribute__((aligned(4))) static void end(void) { finish(csr_read(mcause) == ((1ul << 63) | 7) ? 0 : 4); }

int main(void) {
  u64 handler = parameters.mode == 0 ? (u64)illegal : 0x3000;
  csr_write(mtvec, end);
  csr_write(medeleg, 6);   // instruction access faults, illegal instructions
  csr_write(pmpaddr0, -1ul);
  csr_write(pmpcfg0, 0x1f);
  csr_write(stvec, handler);
  csr_write(mepc, handler);
  csr_clear(mstatus, MSTATUS_MPP);
  csr_set(mstatus, 0x800);
  *MTIMECMP = *MTIME + parameters.count;
  csr_write(mie, 0x80);
  __asm__ volatile("mret");
  finish(5);
}
