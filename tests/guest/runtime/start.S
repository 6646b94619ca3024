# Entry of every guest program: one hart runs main() in M-mode on a stack of its own, the others wait for ever.
  .section .text.start
  .globl _start
_start:
  csrr t0, mhartid
  bnez t0, 2f
  la t0, bss_start
  la t1, bss_end
1:
  sd zero, 0(t0)
  addi t0, t0, 8
  bltu t0, t1, 1b
  la sp, stack_top
  la t0, fatal_trap
  csrw mtvec, t0
  call main
  call finish
2:
  wfi
  j 2b

# A trap outside any case is a bug of the generator, or of the machine under test: said, and the run ends.
  .balign 4
  .globl fatal_trap
fatal_trap:
  la sp, stack_top
  csrr a0, mcause
  csrr a1, mepc
  csrr a2, mtval
  j report_fatal_trap
