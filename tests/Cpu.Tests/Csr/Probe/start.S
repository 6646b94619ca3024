    .option norvc
    .globl _start, trapped, trap_value, slot, run_slot
    .section .text.start
_start:
    la sp, stack_top
    la t0, handler
    csrw mtvec, t0
    # PMP: everything for everyone, through the last entry, so that the table can play with the others.
    li t0, -1
    csrw pmpaddr15, t0
    li t0, 0x1f
    slli t0, t0, 56
    csrw pmpcfg2, t0
    call probe
1:  j 1b

# a0 argument, a1 mode: runs slot there; answers what it left in a0.
run_slot:
    addi sp, sp, -160
    sd ra, 0(sp)
    sd gp, 8(sp)
    sd tp, 16(sp)
    sd s0, 24(sp)
    sd s1, 32(sp)
    la t0, saved_sp
    sd sp, 0(t0)
    li t0, 3
    beq a1, t0, in_machine
    li t0, 0x1800
    csrc mstatus, t0
    slli a1, a1, 11
    csrs mstatus, a1
    la t0, slot
    csrw mepc, t0
    mret
in_machine:
    la t0, handler
    la t1, slot
    jr t1
    .align 4
slot:
    nop
    nop
    nop
    ebreak

    .align 4
handler:
    la t0, handler
    csrw mtvec, t0
    la t0, slot
    csrr t1, mepc
    sub t1, t1, t0
    li t2, 12
    beq t1, t2, done
    la t0, trapped
    csrr t1, mcause
    sd t1, 0(t0)
    la t0, trap_value
    csrr t1, mtval
    sd t1, 0(t0)
done:
    la t0, saved_sp
    ld sp, 0(t0)
    ld ra, 0(sp)
    ld gp, 8(sp)
    ld tp, 16(sp)
    ld s0, 24(sp)
    ld s1, 32(sp)
    addi sp, sp, 160
    ret

    .bss
    .align 4
trapped: .space 8
trap_value: .space 8
saved_sp: .space 8
    .space 8192
stack_top:
