// The CSRs: which values are written to them and which bits compared. Where QEMU keeps a bit that the specification makes read-only, or
// the other way round, the mask leaves it out; docs/compatibility.md has these as rows marked "ours".
#include "case.h"

#define ALL ~0ul
#define INTERRUPTS 0x222ul                         // supervisor software, timer, external
#define STATUS ~(0xful << 32)                      // all but UXL and SXL: QEMU lets UXL become 32 bits
// Exceptions that may be delegated: not the fetch faults (1, 12), whose handler could not be fetched either, not the calls that end a case.
#define DELEGABLE 0xa1fdul

static const struct csr table[] = {
  // Unprivileged
  { 0x001, IMMEDIATE, ALL }, { 0x002, IMMEDIATE, ALL }, { 0x003, IMMEDIATE, ALL },              // fflags frm fcsr
  { 0xc00, VOLATILE, ALL }, { 0xc01, VOLATILE, ALL }, { 0xc02, VOLATILE, ALL },                 // cycle time instret
  // Supervisor
  { 0x100, IMMEDIATE, STATUS }, { 0x104, IMMEDIATE, ALL }, { 0x105, WRITE_ONLY, ALL }, { 0x106, IMMEDIATE, 7 },   // sstatus sie stvec scounteren
  { 0x10a, IMMEDIATE, ALL }, { 0x140, IMMEDIATE, ALL }, { 0x141, FREE, ~1ul }, { 0x142, IMMEDIATE, ALL },      // senvcfg sscratch sepc scause
  { 0x143, IMMEDIATE, ALL }, { 0x144, IMMEDIATE, INTERRUPTS }, { 0x14d, WRITE_ONLY, ALL }, { 0x180, WRITE_ONLY, ALL },   // stval sip stimecmp satp
  // Machine
  { 0x300, IMMEDIATE, STATUS }, { 0x301, FREE, ALL }, { 0x302, WRITE_ONLY, DELEGABLE }, { 0x303, WRITE_ONLY, INTERRUPTS },  // mstatus misa medeleg mideleg
  { 0x304, FREE, 0xaaa }, { 0x305, PROBE, ALL }, { 0x306, IMMEDIATE, 7 }, { 0x30a, FREE, ~(1ul << 60 | MENVCFG_STCE) },                 // mie mtvec mcounteren menvcfg
  { 0x320, FREE, 5 }, { 0x340, PROBE, ALL }, { 0x341, FREE, ~1ul }, { 0x342, FREE, ALL }, { 0x343, FREE, ALL },          // mcountinhibit mscratch mepc mcause mtval
  { 0x344, FREE, INTERRUPTS },                                                                                           // mip
  { 0x3a0, PROBE, 0x1f1f1f1f1f1f1f1f }, { 0x3a2, PROBE, 0x1f1f1f1f1f1f1f1f },                                            // pmpcfg
  { 0x3b0, PROBE, ALL >> 10 }, { 0x3b5, PROBE, ALL >> 10 }, { 0x3be, PROBE, ALL >> 10 },                                 // pmpaddr
  { 0xb00, VOLATILE, ALL }, { 0xb02, VOLATILE, ALL },                                                                    // mcycle minstret
  { 0xf11, VOLATILE, ALL }, { 0xf12, VOLATILE, ALL }, { 0xf13, VOLATILE, ALL }, { 0xf14, FREE, ALL }, { 0xf15, VOLATILE, ALL },   // identity
};

static const struct csr counter = { 0, VOLATILE | READ_ONLY_HERE, ALL };
static const struct csr locked = { 0, PROBE, 0 };
static const struct csr unknown = { 0, FREE, ALL };

const struct csr *csr_find(u32 number) {
  for (u32 i = 0; i < COUNT(table); i++) if (table[i].number == number) return &table[i];
  if ((number >= 0xc03 && number < 0xc20) || (number >= 0xb03 && number < 0xb20) || (number >= 0x323 && number < 0x340)) return &counter;
  if (number >= 0x3a0 && number < 0x3f0) return &locked;                        // other PMP registers: read and written as they are
  return &unknown;
}

const struct csr *csr_choose(u32 mode) {
  const struct csr *csr;
  do csr = &table[below(COUNT(table))]; while ((csr->number >> 8 & 3) > mode && !one_in(8));
  return csr;
}

// QEMU takes the interrupt with the lowest number first, the specification SEI, SSI, STI: SEI is never pending beside another one.
int external_pends;

u64 csr_value(const struct csr *csr) {
  u64 value = random_integer();
  switch (csr->number) {
    case 0x344: case 0x144: return value & (external_pends ? 0x200 : 0x022);
    case 0x105: {                                                               // stvec: our tables, or where no memory is
      static const u64 nowhere[] = { 0, 0x40, 0xfffffffffffff000, 0x0100000000000000 };
      u64 base = value & 3 ? (u64)(value & 1 ? supervisor_vector : other_vector) : nowhere[value >> 2 & 3];
      return base | (value >> 8 & 3);
    }
    case 0x14d: return value & 1 ? ALL : 0;                                     // stimecmp: never, or long ago
    case 0x180: return (value & 0x30 ? value >> 8 & 15 : 0) << 60 | (value & 0xffff) << 44 | 1ul << 33;   // satp: no table is there
    case 0x302: case 0x303: return value & random64() & csr->mask;
    case 0x3a0: case 0x3a2: value |= value >> 1 & 0x0101010101010101; break;    // no W without R
    case 0x300: case 0x100: if (one_in(2)) value = random64(); break;
    default: break;
  }
  return value & csr->mask;
}

void put_setting(const char *label, const char *name, u64 value) {
  put_text(label);
  put_word(name, value);
  put_character('\n');
}

// Those that are set before a case, compared after it and put to rest then.
#define STATE(m) m(medeleg) m(mideleg) m(menvcfg) m(mie) m(mip) m(mcounteren) m(scounteren) m(senvcfg) m(stvec) m(sscratch) m(sepc) \
  m(scause) m(stval)
static const u16 state_numbers[] = { 0x302, 0x303, 0x30a, 0x304, 0x344, 0x306, 0x106, 0x10a, 0x105, 0x140, 0x141, 0x142, 0x143 };

void csrs_rest(void) {
#define REST(name) csr_write(name, 0);
  STATE(REST)
  csr_write(satp, 0);
  csr_write(mcountinhibit, 0);
  csr_write(menvcfg, MENVCFG_STCE);
  csr_write(stimecmp, ALL);                                                     // (QEMU drops STIP here even without STCE)
  csr_write(menvcfg, 0);
}

void csrs_set_up(u32 mode) {
  u32 i = 0;
  u64 value;
  external_pends = one_in(3);
#define SET(name) value = csr_value(csr_find(state_numbers[i++])); if (state_numbers[i - 1] == 0x30a && one_in(4)) value |= MENVCFG_STCE; \
  csr_write(name, value); if (parameters.verbosity >= STATES) put_setting("set", #name, value);
  STATE(SET)
  value = (random64() & STATUS & ~(MSTATUS_MPP | MSTATUS_SD)) | (u64)mode << 11;
  csr_write(mstatus, value & ~MSTATUS_MIE);
  if (parameters.verbosity >= STATES) put_setting("set", "mstatus", csr_read(mstatus));
}

u64 csrs_result(u64 hash, int report) {
  u64 value;
#define RESULT(name, mask) value = csr_read(name) & (mask); hash = mix(hash, value); if (report) put_setting("after", #name, value);
  RESULT(mstatus, STATUS & ~(MSTATUS_FS | MSTATUS_SD)) RESULT(mepc, ALL) RESULT(mcause, ALL) RESULT(mtval, ALL) RESULT(satp, ALL) RESULT(mcountinhibit, 5)
  u32 i = 0;
#define RESULT_STATE(name) RESULT(name, csr_find(state_numbers[i++])->mask)
  STATE(RESULT_STATE)
  csr_set(mstatus, MSTATUS_FS);
  RESULT(fcsr, ALL)
  csr_write(fcsr, 0);
  csrs_rest();
  return hash;
}
