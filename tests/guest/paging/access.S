# make_access(a0 outcome, a1 kind, a2 address, a3 mstatus, a4 operand, a5 returning): one access under translation, ended by a trap.
# Under MPRV the instruction runs in M-mode and only its data access is translated; when returning, the page of stubs is entered in the
# mode of MPP, at its own address (space.c maps it there). A trap makes MPP = M, so MPRV has no effect in the handler.
  .option arch, +a

.macro stub instruction:vararg
  .balign 16
  \instruction
  ecall
.endm

  .section .text.stubs, "ax"
  .balign 4096
stubs:                             # in the order of enum kind
  stub lb a0, 0(a2)
  stub lh a0, 0(a2)
  stub lw a0, 0(a2)
  stub ld a0, 0(a2)
  stub lbu a0, 0(a2)
  stub lhu a0, 0(a2)
  stub lwu a0, 0(a2)
  stub sb a4, 0(a2)
  stub sh a4, 0(a2)
  stub sw a4, 0(a2)
  stub sd a4, 0(a2)
  stub lr.w a0, (a2)
  stub amoadd.w a0, a4, (a2)
  stub amoor.d a0, a4, (a2)
  .balign 4096

  .text
  .globl make_access
make_access:
  addi sp, sp, -48
  sd ra, 0(sp)
  sd s0, 8(sp)
  sd gp, 16(sp)
  sd tp, 24(sp)
  sd a0, 32(sp)
  csrw mscratch, sp
  la t0, access_trap
  csrw mtvec, t0
  la t0, stubs
  slli t1, a1, 4
  add t0, t0, t1
  li t1, 14                        # FETCH
  bne a1, t1, 1f
  mv t0, a2
1:
  csrw mepc, t0
  li a0, 0
  csrw mstatus, a3
  bnez a5, 2f
  jr t0
2:
  mret

  .balign 4
access_trap:
  csrrw sp, mscratch, sp
  li t0, 0x20000                   # MPRV
  csrrc t2, mstatus, t0
  ld t1, 32(sp)
  sd a0, 16(t1)
  sd t2, 32(t1)
  csrr t0, mcause
  sd t0, 0(t1)
  csrr t0, mtval
  sd t0, 8(t1)
  csrr t0, mepc
  sd t0, 24(t1)
  la t0, fatal_trap
  csrw mtvec, t0
  ld ra, 0(sp)
  ld s0, 8(sp)
  ld gp, 16(sp)
  ld tp, 24(sp)
  addi sp, sp, 48
  ret
