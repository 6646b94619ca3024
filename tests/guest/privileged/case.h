// One case of the privileged generator: random machine state, then up to eight units of CSR accesses and privileged instructions in M-, S-
// or U-mode, ended by the first trap that reaches M-mode. The result is all registers and all CSRs.
#pragma once
#include "runtime.h"

struct context { u64 x[32]; u64 saved[14]; };
void run_context(struct context *context, u64 pc);   // mstatus is as it shall be when the case has begun with an mret
extern char supervisor_vector[], other_vector[];     // tables of ecalls for stvec

// The units of a case, in order; the driver leaves them out by number.
enum kind { U_CSR, U_ANY_CSR, U_RETURN, U_ENVIRONMENT_CALL, U_BREAKPOINT, U_FENCE, U_CACHE, U_FLOAT, U_COUNTER, U_WAIT, U_ILLEGAL, UNIT_KINDS };

// ---- csrs.c ----
enum csr_flags {
  FREE = 0,
  PROBE = 1,         // written, read back and restored within three instructions: the generator lives by it
  VOLATILE = 2,      // what is read is not compared
  READ_ONLY_HERE = 4,   // not written, although it could be
  WRITE_ONLY = 8,    // csrrw alone: parts of its values are harmful
  IMMEDIATE = 16,    // the immediate forms as well
};
struct csr { u16 number; u8 flags; u64 mask; };      // mask: the bits that are written and compared
const struct csr *csr_find(u32 number);
const struct csr *csr_choose(u32 mode);              // one that is within reach of the mode, mostly
extern int external_pends;                           // in this case SEIP alone is pending, and mip is not written
u64 csr_value(const struct csr *csr);                // to write
void csrs_rest(void);                                // nothing enabled, nothing pending
void csrs_set_up(u32 mode);                          // random state
u64 csrs_result(u64 hash, int report);               // all of them, after the case; then back to rest
void put_setting(const char *label, const char *name, u64 value);
