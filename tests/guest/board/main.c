// Single accesses to devices of the virt board in every width, alignment and kind, and what moving mtime does: a line for each, to be compared with the oracle's.
// Nothing that is printed depends on when it is done.
#include "runtime.h"

#define CLINT 0x2000000ul
#define MTIMECMP (CLINT + 0x4000)
#define MTIME ((volatile u64 *)(CLINT + 0xbff8))
#define PLIC 0xc000000ul
#define RTC 0x101000ul
#define UART 0x10000000ul
#define SECOND 10000000ul

struct result { u64 value, cause, trap_value; };
#define ACCESS(name) void access_##name(u64 address, u64 value, u64 no_cause, u64 no_value, u64 status, struct result *result);
#define EVERY(X) X(lb) X(lbu) X(lh) X(lhu) X(lw) X(lwu) X(ld) X(sb) X(sh) X(sw) X(sd) X(lr_w) X(lr_d) X(sc_w) X(sc_d) \
  X(amoadd_w) X(amoadd_d) X(amoswap_w) X(amomaxu_w) X(cbo_zero)
EVERY(ACCESS)

static u64 status_bits;   // MPRV while translation is wanted

#define TRY(name, address, value) try_access(#name, access_##name, (u64)(address), value)
static struct result try_access(const char *name, void (*access)(u64, u64, u64, u64, u64, struct result *), u64 address, u64 value) {
  struct result result;
  access(address, value, 0, 0, status_bits, &result);
  put_text(name);
  put_character(' ');
  put_hex(address, 16);
  put_word("value", result.value);
  if (result.cause != ~0ul) {
    put_word("cause", result.cause);
    put_word("tval", result.trap_value);
  }
  put_character('\n');
  return result;
}

static void show(const char *name, u64 value) {
  put_text(name);
  put_word("is", value);
  put_character('\n');
}

static void loads(u64 address) {
  TRY(lb, address, 0);
  TRY(lbu, address, 0);
  TRY(lh, address, 0);
  TRY(lhu, address, 0);
  TRY(lw, address, 0);
  TRY(lwu, address, 0);
  TRY(ld, address, 0);
}

static void stores(u64 address, u64 value, volatile u64 *seen) {
  TRY(sb, address, value);
  show("sb", *seen);
  TRY(sh, address, value);
  show("sh", *seen);
  TRY(sw, address, value);
  show("sw", *seen);
  TRY(sd, address, value);
  show("sd", *seen);
}

static void device_accesses(void) {
  volatile u64 *compare = (volatile u64 *)MTIMECMP;
  volatile u32 *priority = (volatile u32 *)PLIC;
  *compare = 0x8877665544332211;
  priority[1] = 1;
  priority[2] = 2;
  priority[3] = 3;
  ((volatile u32 *)RTC)[3] = 0x11223344;
  ((volatile u32 *)RTC)[2] = 0x55667788;   // the alarm
  for (u64 offset = 0; offset < 9; offset++) {
    loads(MTIMECMP + offset);
    loads(PLIC + 4 + offset);
    loads(RTC + 8 + offset);
    loads(0x100000 + offset);
    TRY(lbu, UART + 3 + offset, 0);
    TRY(lhu, UART + 3 + offset, 0);
    *compare = 0x8877665544332211;
    stores(MTIMECMP + offset, 0xf1f2f3f4f5f6f7f8, compare);
  }
  for (u64 offset = 0x10; offset < 0x30; offset += 4) loads(RTC + offset);
  TRY(sd, RTC + 8, 0x99aabbccddeeff00);
  loads(RTC + 8);
  for (u64 offset = 0; offset < 9; offset++) {
    TRY(sw, PLIC + 4 + offset, 0x0506070405060704);
    TRY(sd, PLIC + 4 + offset, 0x0000000500000006);
    for (int i = 1; i < 6; i++) show("priority", priority[i]);
  }
  // Across the pages of one device, and of two; to nowhere; from RAM's end.
  for (u64 back = 1; back < 8; back++) {
    loads(PLIC + 0x1000 - back);
    loads(MTIMECMP - back);
    TRY(ld, 0x3000 - back, 0);
    TRY(sd, 0x3000 - back, 0);
    TRY(ld, 0x80000000 + (128 << 20) - back, 0);
    TRY(sd, 0x80000000 + (128 << 20) - back, 0x0102030405060708);
    TRY(ld, UART + 8 - back, 0);
  }
}

static void atomic_accesses(void) {
  volatile u32 *priority = (volatile u32 *)PLIC;
  volatile u64 *compare = (volatile u64 *)MTIMECMP;
  priority[1] = 3;
  TRY(lr_w, PLIC + 4, 0);
  TRY(sc_w, PLIC + 4, 5);
  show("priority", priority[1]);
  TRY(sc_w, PLIC + 4, 6);
  show("priority", priority[1]);
  TRY(lr_w, PLIC + 8, 0);
  TRY(sc_w, PLIC + 4, 6);
  show("priority", priority[1]);
  *compare = 0x8877665544332211;
  TRY(lr_d, MTIMECMP, 0);
  TRY(sc_d, MTIMECMP, 0x1122334455667788);
  show("compare", *compare);
  TRY(lr_d, MTIMECMP, 0);
  *compare = 5;
  TRY(sc_d, MTIMECMP, 7);
  show("compare", *compare);
  TRY(lr_w, MTIMECMP, 0);
  TRY(sc_w, MTIMECMP, 0xfffffffff0000001);
  show("compare", *compare);
  TRY(lr_d, PLIC + 8, 0);
  TRY(amoadd_w, PLIC + 4, 1);
  show("priority", priority[1]);
  TRY(amoswap_w, MTIMECMP + 4, 0x80000000);
  show("compare", *compare);
  TRY(amomaxu_w, MTIMECMP + 4, 0x90000000);
  show("compare", *compare);
  TRY(amoadd_d, MTIMECMP, 0x100000000);
  show("compare", *compare);
  TRY(amoadd_d, PLIC + 8, 1);
  TRY(amoadd_w, MTIMECMP + 2, 1);
  TRY(amoadd_w, 0x3000, 1);
  TRY(cbo_zero, PLIC + 0x40, 0);
  TRY(cbo_zero, MTIMECMP, 0);
  TRY(cbo_zero, 0x3000, 0);
}

// Sv39 by MPRV: pages of RAM and of devices next to each other, so that one access can touch both.
static u64 root[512] __attribute__((aligned(PAGE))), middle[512] __attribute__((aligned(PAGE))), leaves[512] __attribute__((aligned(PAGE)));
static u8 ram[4 * PAGE] __attribute__((aligned(PAGE)));

static void mixed_accesses(void) {
  const u64 base = 0x4000000000 / 2;   // entry 128 of the root
  u64 pages[] = { (u64)ram, PLIC, (u64)ram + PAGE, CLINT + 0x4000, (u64)ram + 2 * PAGE, 0, (u64)ram + 3 * PAGE, UART };
  for (u64 i = 0; i < COUNT(pages); i++) if (pages[i]) leaves[i] = (pages[i] >> 2) | 0xc7;
  root[128] = ((u64)middle >> 2) | 1;
  middle[0] = ((u64)leaves >> 2) | 1;
  csr_write(pmpaddr0, -1ul);
  csr_write(pmpcfg0, 0x1f);
  csr_write(satp, (8ul << 60) | ((u64)root >> 12));
  __asm__ volatile("sfence.vma");
  csr_clear(mstatus, MSTATUS_MPP);
  csr_set(mstatus, 0x800);   // MPP = S
  volatile u32 *priority = (volatile u32 *)PLIC;
  volatile u64 *compare = (volatile u64 *)MTIMECMP;
  *compare = 0x8877665544332211;
  for (u64 page = 1; page < COUNT(pages); page++) {
    for (u64 back = 1; back < 8; back++) {
      for (u64 i = 0; i < COUNT(ram); i++) ram[i] = (u8)(i * 7 + (i >> 8));
      u64 address = base + page * PAGE - back;
      csr_clear(mstatus, MSTATUS_MPP);
      csr_set(mstatus, 0x800);
      status_bits = MSTATUS_MPRV;
      TRY(lhu, address, 0);
      csr_clear(mstatus, MSTATUS_MPP); csr_set(mstatus, 0x800);
      TRY(lw, address, 0);
      csr_clear(mstatus, MSTATUS_MPP); csr_set(mstatus, 0x800);
      TRY(ld, address, 0);
      if (page < 7) {   // not to the console
        csr_clear(mstatus, MSTATUS_MPP); csr_set(mstatus, 0x800);
        TRY(sh, address, 0x0201);
        csr_clear(mstatus, MSTATUS_MPP); csr_set(mstatus, 0x800);
        TRY(sw, address, 0x04030201);
        csr_clear(mstatus, MSTATUS_MPP); csr_set(mstatus, 0x800);
        TRY(sd, address, 0x0807060504030201);
      }
      status_bits = 0;
      u64 hash = 0;
      for (u64 i = 0; i < COUNT(ram); i++) hash = mix(hash, ram[i]);
      show("ram", hash);
      show("priority", priority[0] | ((u64)priority[1] << 8) | ((u64)priority[0x400] << 32));
      show("compare", *compare);
    }
  }
  csr_write(satp, 0);
  csr_set(mstatus, MSTATUS_MPP);
}

static int follows(u64 written) {
  u64 time = csr_read(time), machine = *MTIME;
  return time - written < 10 * SECOND && machine - time < 10 * SECOND;
}

#define STIP() ((csr_read(mip) >> 5) & 1)
#define MTIP() ((csr_read(mip) >> 7) & 1)

static void moved_time(void) {
  csr_set(menvcfg, MENVCFG_STCE);
  csr_write(mcounteren, 7);
  volatile u32 *halves = (volatile u32 *)MTIME;
  volatile u64 *compare = (volatile u64 *)MTIMECMP;
  u64 moments[] = { 1ul << 40, 0, 123456789, 1ul << 63, 0x123456789abcdef0 };
  for (u64 i = 0; i < COUNT(moments); i++) {
    *MTIME = moments[i];
    show("follows", (u64)follows(moments[i]));
  }
  *MTIME = 0x500000000;
  halves[1] = 7;
  show("follows", (u64)follows(0x700000000));
  halves[0] = 0x12345678;
  show("follows", (u64)follows(0x712345678));

  // Both comparators look again when time is moved, forwards and backwards. (QEMU 10 leaves stimecmp's timer where it was: lines that begin with "stimecmp".)
  *MTIME = 1000 * SECOND;
  csr_write(stimecmp, 2000 * SECOND);
  *compare = 3000 * SECOND;
  const u64 times[] = { 1000, 2000, 3000, 2500, 1000 };
  for (u64 i = 0; i < COUNT(times); i++) {
    *MTIME = times[i] * SECOND;
    show("stimecmp", STIP());
    show("mtimecmp", MTIP());
  }

  // And they come when time gets there by itself, however late a busy host is.
  *compare = 2000 * SECOND + 20000;
  *MTIME = 2000 * SECOND - 20000;
  while (!STIP() && csr_read(time) < 2003 * SECOND) { }
  show("stimecmp", STIP());
  show("in time", csr_read(time) >= 2000 * SECOND);
  while (!MTIP() && csr_read(time) < 2020 * SECOND) { }
  show("mtimecmp", MTIP());
  show("in time", csr_read(time) >= 2000 * SECOND + 20000);
  csr_write(stimecmp, -1ul);
  show("never", STIP());
  csr_write(mie, 0x20);
  csr_write(stimecmp, csr_read(time) + 10000);
  __asm__ volatile("wfi");
  show("wfi", STIP());
}

int main(void) {
  csr_set(menvcfg, MENVCFG_CBO);
  device_accesses();
  atomic_accesses();
  mixed_accesses();
  moved_time();
  put_text("end\n");
  finish(0);
}
