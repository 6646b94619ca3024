# Linux Documentation/arch/riscv/boot-image-header.rst; SBI specification 2.0, chapter 9. Every hart comes in with a0 = its number.
  .option norvc
  .section .text.start
  .globl _start, secondary, parameters
_start:
  j secondary
  .word 0
  .dword 0                    # text offset
  .dword image_end - _start
  .dword 0                    # flags
  .word 2, 0                  # version
  .dword 0
  .ascii "RISCV\0\0\0"
  .ascii "RSC\5"
  .word 0
parameters:                   # offset 64, patched by the test: test, count, harts, options
  .dword 0, 0, 0, 0
secondary:
#ifdef MACHINE
  csrr a0, mhartid
#endif
  slli t0, a0, 14
  la sp, stacks + 0x4000
  add sp, sp, t0
  mv tp, a0
  la t0, trap
#ifdef MACHINE
  csrw mtvec, t0
#else
  csrw stvec, t0
#endif
  call run
1:
  wfi
  j 1b
  .balign 4
trap:
#ifdef MACHINE
  csrr a0, mcause
  csrr a1, mepc
  csrr a2, mtval
#else
  csrr a0, scause
  csrr a1, sepc
  csrr a2, stval
#endif
  j unexpected_trap
