// One case: a graph of short pieces of code ("nodes") over four pages, run until its fuel or its traps are spent. The pages exist in
// two versions with the same layout, so that whatever remaps, copies or patches them, control stays on instruction boundaries.
// Instructions, registers and operands are those of tests/guest/instructions.
#pragma once
#include "case.h"

enum program_mode { IN_M, IN_M_MPRV, IN_S_SV39, IN_U_SV39, IN_U_SV48, IN_S_SV57 };
static inline int is_supervisor(void) { return parameters.mode == IN_S_SV39 || parameters.mode == IN_S_SV57; }
static inline int is_user(void) { return parameters.mode == IN_U_SV39 || parameters.mode == IN_U_SV48; }
static inline int is_machine(void) { return parameters.mode <= IN_M_MPRV; }
static inline int is_paged(void) { return parameters.mode != IN_M; }

// Features, bits of parameters.pools above those of instructions.
enum feature { F_PATCH = 32, F_FAULT, F_SPACE, F_FETCH_FAULT, F_PMP, F_STATUS, F_COPY, F_SPLIT, F_DELEGATE, F_CODE_UNSEEN };
static inline int has(enum feature feature) { return parameters.pools >> feature & 1; }

// ---- physical memory, in regions of 2 MiB beyond the program ----
enum { CODE_PAGES = 4, VERSIONS = 2, CODE_SIZE = CODE_PAGES * PAGE, DATA_PAGES = 8, SPACES = 2 };
#define CODE_PHYSICAL 0x80400000ul    // version 0, then version 1
#define DATA_PHYSICAL 0x80600000ul
#define POOL_PHYSICAL 0x80800000ul    // constants of the case, the supervisor's trap handler, the page tables
static inline u8 *code_byte(u32 version, u32 offset) { return (u8 *)(CODE_PHYSICAL + version * CODE_SIZE + offset); }
static inline u64 *data_word(u32 index) { return (u64 *)DATA_PHYSICAL + index; }

// ---- virtual memory: the same in all spaces; the pool is where it is, all others not ----
enum region { CODE, ALIAS, DATA, REGIONS };      // ALIAS shows the pages of CODE again
extern u64 region_base[REGIONS];                 // as the case sees them
#define HANDLER (POOL_PHYSICAL + PAGE)           // one ecall, where delegated traps go

// ---- the pool: 8-byte constants that code loads through x29 ----
enum { FUEL = 30, SERVICE = 31, POOL = 29, LINK = 1, LINK_2 = 5 };
#define PINNED_BY_PROGRAM (1u << FUEL | 1u << SERVICE | 1u << POOL | 1u << LINK | 1u << LINK_2)
u32 pool_add(u64 value);                         // its displacement
void pool_set(u32 displacement, u64 value);
void load_from_pool(u32 rd, u32 displacement);
extern u32 pool_count;

// ---- space.c ----
enum { V = 1, R = 2, W = 4, X = 8, U = 16, G = 32, A = 64, D = 128 };
void spaces_start(void);                         // once
void spaces_make(void);                          // for a case
u64 space_satp(u32 space);
u64 *space_entry(u32 space, enum region region, u32 page);
u64 *space_region_entry(u32 space, enum region region);
u64 region_table_entry(u32 space, enum region region, int as_leaf);
u64 user_bit(void);
// What lies at a virtual address by the tables (0: nothing).
u64 physical_of(u64 satp, u64 address);
// A fence that covers a change of the leaf for `address` in `space`; how 0: all, 1: by address, 2: by ASID, 3: both, 4: Svinval.
enum { FENCES = 5 };
void fence(u32 how, u64 address, u64 asid);
u32 fence_word(u32 how, u32 address, u32 asid);

// ---- nodes.c ----
struct spot { u16 at; u8 straddles; };           // an offset in the code, of an instruction of four bytes
extern struct spot spots[64];                    // instructions that may be replaced by others
extern u32 spot_count;
u32 spot_word(const struct spot *spot);          // an instruction that may stand there
extern u32 code_end;                             // how much of the pages is in use
extern u32 program_units;
void program_make(void);
void program_put(void);                          // prints version 0
u64 any_target(void);                            // the address of some boundary between units
void emit_spot(void);                            // (units.c calls it)
u32 reserve_target(void);                        // a constant of the pool that will be such an address

// ---- units.c ----
void emit_program_unit(void);
u64 edited_entry(u32 space, enum region region, u32 page, int keeps_executing);

// ---- serve.c: what M-mode does when asked, and after faults ----
enum service_kind { S_NONE, S_EDIT, S_EDIT_GLOBAL, S_SPLIT, S_SWITCH, S_PMP, S_STATUS, S_COPY, S_PATCH };
struct service { u8 kind, space, region, page, fence; u16 at; u64 value; };
enum { SERVICES_MAX = 24 };
extern struct service services[SERVICES_MAX];    // 0 ends the case
extern u32 service_count;
u32 service_add(void);                           // a random one; its number, 0 if there is none
extern int pmp_is_used;
int serve(struct context *context, u64 *hash, u32 traps);   // 0: the case is over
// What the rows of the plan are tested with: what this program leaves out or does wrong when parameters.fault says so (ProgramFaultTests).
enum fault {
  NO_FAULT, NO_FENCE, NO_FENCE_BY_ADDRESS, NO_FENCE_BY_ASID, NO_PATCH, NO_PMP, NO_STATUS, NO_SWITCH, WRONG_TURN, EARLY_WRITE, LOST_FLAGS,
};
static inline int fault_is(enum fault fault) { return parameters.fault == fault; }
