# run_context(a0 = context): loads the state of a case, runs it until it traps, stores its state and returns.
# Timer interrupts that come meanwhile are taken and leave no trace. Offsets as in case.h.
#define CTX_F 256
#define CTX_FCSR 512
#define CTX_PC 520
#define CTX_CAUSE 528
#define CTX_TVAL 536
#define CTX_STATUS 544
#define CTX_SAVED 552
#define CTX_INTERRUPTS 664
#define CTX_RNG 672
#define EACH(m) m(3) m(4) m(5) m(6) m(7) m(8) m(9) m(11) m(12) m(13) m(14) m(15) m(16) m(17) m(18) m(19) m(20) m(21) m(22) \
  m(23) m(24) m(25) m(26) m(27) m(28) m(29) m(30) m(31)
#define LOAD_X(n) ld x##n, 8*n(a0);
#define STORE_X(n) sd x##n, 8*n(a0);
#define EACH_F(m) m(0) m(1) m(2) m(3) m(4) m(5) m(6) m(7) m(8) m(9) m(10) m(11) m(12) m(13) m(14) m(15) m(16) m(17) m(18) m(19) \
  m(20) m(21) m(22) m(23) m(24) m(25) m(26) m(27) m(28) m(29) m(30) m(31)
#define LOAD_F(n) fld f##n, CTX_F+8*n(a0);
#define STORE_F(n) fsd f##n, CTX_F+8*n(a0);
#define SAVED(m) m(ra,0) m(sp,1) m(gp,2) m(tp,3) m(s0,4) m(s1,5) m(s2,6) m(s3,7) m(s4,8) m(s5,9) m(s6,10) m(s7,11) m(s8,12) m(s9,13)
#define SAVE(r,n) sd r, CTX_SAVED+8*n(a0);
#define RESTORE(r,n) ld r, CTX_SAVED+8*n(a0);

  .option arch, +f, +d
  .text
  .globl run_context
run_context:
  addi sp, sp, -16
  sd s10, 0(sp)
  sd s11, 8(sp)
  SAVED(SAVE)
  csrw mscratch, a0
  la t0, trap
  csrw mtvec, t0
  li t0, 0x6000                    # FS: the case's own may be off
  csrs mstatus, t0
  EACH_F(LOAD_F)
  ld t0, CTX_FCSR(a0)
  fscsr t0
  ld t0, CTX_STATUS(a0)
  csrw mstatus, t0
  ld t0, CTX_PC(a0)
  csrw mepc, t0
  la t0, dummy
  sc.d zero, zero, (t0)            # no reservation is left from an earlier case
  ld x1, 8(a0)
  ld x2, 16(a0)
  EACH(LOAD_X)
  ld a0, 80(a0)
  mret

  .balign 4
trap:
  csrrw a0, mscratch, a0
  sd t0, 40(a0)
  csrr t0, mcause
  bltz t0, interrupt
  ld t0, 40(a0)
  sd x1, 8(a0)
  sd x2, 16(a0)
  EACH(STORE_X)
  csrr t0, mscratch
  sd t0, 80(a0)
  csrr t0, mstatus
  sd t0, CTX_STATUS(a0)
  li t0, 0x6000
  csrs mstatus, t0
  EACH_F(STORE_F)
  frcsr t0
  sd t0, CTX_FCSR(a0)
  csrr t0, mepc
  sd t0, CTX_PC(a0)
  csrr t0, mcause
  sd t0, CTX_CAUSE(a0)
  csrr t0, mtval
  sd t0, CTX_TVAL(a0)
  la t0, fatal_trap
  csrw mtvec, t0
  SAVED(RESTORE)
  ld s10, 0(sp)
  ld s11, 8(sp)
  addi sp, sp, 16
  ret

# The next interrupt comes after 0–15, rarely 2000, ticks; none when the case has had its share.
interrupt:
  sd t1, 48(a0)
  sd t2, 56(a0)
  li t1, -1
  ld t0, CTX_INTERRUPTS(a0)
  beqz t0, 2f
  addi t0, t0, -1
  sd t0, CTX_INTERRUPTS(a0)
  ld t0, CTX_RNG(a0)
  li t1, 0x5851f42d4c957f2d
  mul t0, t0, t1
  addi t0, t0, 1
  sd t0, CTX_RNG(a0)
  srli t1, t0, 60
  srli t0, t0, 52
  andi t0, t0, 63
  bnez t0, 1f
  li t0, 125
  mul t1, t1, t0
1:
  li t0, 0x200bff8                 # mtime
  ld t0, 0(t0)
  add t1, t1, t0
2:
  li t0, 0x2004000                 # mtimecmp of hart 0
  sd t1, 0(t0)
  ld t2, 56(a0)
  ld t1, 48(a0)
  ld t0, 40(a0)
  csrrw a0, mscratch, a0
  mret

  .globl fatal_trap
  .bss
  .balign 8
dummy: .zero 8
