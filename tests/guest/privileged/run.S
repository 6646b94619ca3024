# run_context(a0 context, a1 pc): runs a case until a trap reaches M-mode. All of x1–x31 are the case's; mscratch is ours.
#define EACH(m) m(3) m(4) m(5) m(6) m(7) m(8) m(9) m(11) m(12) m(13) m(14) m(15) m(16) m(17) m(18) m(19) m(20) m(21) m(22) \
  m(23) m(24) m(25) m(26) m(27) m(28) m(29) m(30) m(31)
#define LOAD_X(n) ld x##n, 8*n(a0);
#define STORE_X(n) sd x##n, 8*n(a0);
#define SAVED(m) m(ra,0) m(sp,1) m(gp,2) m(tp,3) m(s0,4) m(s1,5) m(s2,6) m(s3,7) m(s4,8) m(s5,9) m(s6,10) m(s7,11) m(s8,12) m(s9,13)
#define SAVE(r,n) sd r, 256+8*n(a0);
#define RESTORE(r,n) ld r, 256+8*n(a0);

  .text
  .globl run_context
run_context:
  addi sp, sp, -16
  sd s10, 0(sp)
  sd s11, 8(sp)
  SAVED(SAVE)
  csrw mscratch, a0
  la t0, case_trap
  csrw mtvec, t0
  csrw mepc, a1
  ld x1, 8(a0)
  ld x2, 16(a0)
  EACH(LOAD_X)
  ld a0, 80(a0)
  mret

  .balign 4
case_trap:
  csrrw a0, mscratch, a0
  sd x1, 8(a0)
  sd x2, 16(a0)
  EACH(STORE_X)
  csrr t0, mscratch
  sd t0, 80(a0)
  la t0, fatal_trap
  csrw mtvec, t0
  SAVED(RESTORE)
  ld s10, 0(sp)
  ld s11, 8(sp)
  addi sp, sp, 16
  ret

# Where traps go that are delegated to S-mode: mepc tells which entry was taken.
  .balign 256
  .globl supervisor_vector, other_vector
supervisor_vector:
  .rept 64
  ecall
  .endr
  .balign 256
other_vector:
  .rept 64
  ecall
  .endr
