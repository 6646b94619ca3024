// Prints what a hart makes of CSR accesses: reset values, which CSRs each mode can read, and for each line of the table what is read back after
// a write. Runs bare in M-mode on the virt board; the expected column of ../CsrVectors.txt is its output under QEMU 10.
typedef unsigned long u64;
typedef unsigned int u32;

static volatile unsigned char *const uart = (unsigned char *)0x10000000;
static void put(char c) { *uart = (unsigned char)c; }
static void text(const char *s) { while (*s) put(*s++); }
static void hex(u64 v)
{
    int digits = 1;
    while (digits < 16 && v >> (4 * digits)) digits++;
    while (digits--) put("0123456789abcdef"[(v >> (4 * digits)) & 15]);
}

// The trap handler of start.S writes the cause here and goes on behind the instruction.
extern volatile u64 trapped, trap_value;
extern u32 slot[4];
extern u64 run_slot(u64 argument, u64 mode);

// Runs two instructions; the third puts the trap vector back where the handler is.
static u64 access(u32 first, u32 second, u64 argument, u64 mode)
{
    slot[0] = first;
    slot[1] = second;
    slot[2] = mode == 3 ? 0x30529073 : 0x13; // csrw mtvec, t0 or nop
    asm volatile("fence.i" ::: "memory");
    trapped = ~0ul;
    return run_slot(argument, mode);
}

// csrrs a0, csr, x0 and csrrw x0, csr, a0
static u32 reads(u32 csr) { return csr << 20 | 2 << 12 | 10 << 7 | 0x73; }
static u32 writes(u32 csr) { return csr << 20 | 10 << 15 | 1 << 12 | 0x73; }
static u64 read(u32 csr, u64 mode) { return access(0x13, reads(csr), 0, mode); }
static u64 write(u32 csr, u64 value, u64 mode) { return access(writes(csr), reads(csr), value, mode); }

struct line { u32 csr; u32 mode; u64 value; };
extern const struct line table[];

void probe(void)
{
    text("[reset]\n");
    for (u32 csr = 0; csr < 4096; csr++) {
        if (csr >= 0x7a0 && csr < 0x7b0) continue;
        u64 v = read(csr, 3);
        if (trapped == ~0ul && v) { hex(csr); put(' '); hex(v); put('\n'); }
    }
    // Counters open, floating point on, so that only the mode decides.
    write(0x306, ~0ul, 3); write(0x106, ~0ul, 3); write(0x30a, 1ul << 63, 3); write(0x300, 0x2000, 3);
    for (u64 mode = 0; mode <= 3; mode++) {
        if (mode == 2) continue;
        text("[readable in "); hex(mode); text("]\n");
        for (u32 csr = 0; csr < 4096; csr++) {
            (void)read(csr, mode);
            if (trapped == ~0ul) { hex(csr); put('\n'); }
        }
    }
    text("[writes]\n");
    for (const struct line *l = table; l->csr != 0xffff; l++) {
        u64 v = write(l->csr, l->value, l->mode);
        hex(l->mode); put(' '); hex(l->csr); put(' '); hex(l->value); put(' ');
        if (trapped != ~0ul) { text("trap "); hex(trapped); } else hex(v);
        put('\n');
    }
    *(volatile u32 *)0x100000 = 0x5555;
}
