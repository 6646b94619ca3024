# struct result access_KIND(address, value): one access, and what came of it. Traps skip the instruction, which has four bytes.
  .option norvc
  .text
  .macro access name, instruction:vararg
  .globl access_\name
access_\name:
  la t0, 1f
  csrw mtvec, t0
  li a2, -1                       # no trap
  li a3, 0
  mv t2, a0
  mv t3, a1
  li a0, 0x5a5a
  csrs mstatus, a4                # MPRV, if the caller wants translation
  \instruction
2:
  csrc mstatus, a4
  sd a0, 0(a5)
  sd a2, 8(a5)
  sd a3, 16(a5)
  la t0, fatal_trap
  csrw mtvec, t0
  ret
  .balign 4
1:
  csrr a2, mcause
  csrr a3, mtval
  la t0, 2b
  csrw mepc, t0
  li t0, 0x1800
  csrs mstatus, t0                # back to M-mode
  csrc mstatus, a4
  mret
  .endm

  access lb, lb a0, 0(t2)
  access lbu, lbu a0, 0(t2)
  access lh, lh a0, 0(t2)
  access lhu, lhu a0, 0(t2)
  access lw, lw a0, 0(t2)
  access lwu, lwu a0, 0(t2)
  access ld, ld a0, 0(t2)
  access sb, sb t3, 0(t2)
  access sh, sh t3, 0(t2)
  access sw, sw t3, 0(t2)
  access sd, sd t3, 0(t2)
  access lr_w, lr.w a0, (t2)
  access lr_d, lr.d a0, (t2)
  access sc_w, sc.w a0, t3, (t2)
  access sc_d, sc.d a0, t3, (t2)
  access amoadd_w, amoadd.w a0, t3, (t2)
  access amoadd_d, amoadd.d a0, t3, (t2)
  access amoswap_w, amoswap.w a0, t3, (t2)
  access amomaxu_w, amomaxu.w a0, t3, (t2)
  access cbo_zero, .word 0x0043a00f     # cbo.zero (t2)
