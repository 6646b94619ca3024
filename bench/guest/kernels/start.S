# Linux Documentation/arch/riscv/boot-image-header.rst: in S-mode behind any SBI, paging off, a0 = hart. One hart runs main().
  .option norvc
  .section .text.start
  .globl _start
_start:
  j 1f
  .word 0
  .dword 0x200000             # text offset: as link.ld
  .dword image_end - _start
  .dword 0                    # flags
  .word 2, 0                  # version
  .dword 0
  .ascii "RISCV\0\0\0"
  .ascii "RSC\5"
  .word 0
1:
  csrw sie, zero
  la t0, bss_start
  la t1, image_end
2:
  sd zero, 0(t0)
  addi t0, t0, 8
  bltu t0, t1, 2b
  la sp, stack + 0x10000
  la t0, trap
  csrw stvec, t0
  li t0, 0x6000               # sstatus.FS: the floating-point registers may be used
  csrs sstatus, t0
  csrw fcsr, zero
  call main
3:
  wfi
  j 3b

# No kernel traps to us: one that does is a defect, and said.
  .balign 4
trap:
  csrr a0, scause
  csrr a1, sepc
  csrr a2, stval
  call unexpected_trap
  j 3b

  .bss
  .balign 16
stack:
  .space 0x10000
