// One case: a short program of random instructions ("units") with random registers and memory, run once, its whole result hashed.
#pragma once
#include "runtime.h"

// The pools, a bit each in parameters.pools. The driver's InstructionPools has the same list.
enum pool {
  POOL_INTEGER, POOL_MULTIPLY, POOL_MEMORY, POOL_ATOMIC, POOL_FLOAT, POOL_FLOAT_MEMORY, POOL_HALF, POOL_COMPRESSED, POOL_BITS,
  POOL_CACHE, POOL_FCSR, POOL_FORWARD, POOL_LOOP, POOL_INDIRECT, POOL_SELF_MODIFY, POOL_WILD, POOL_ALL_16_BIT, POOLS,
};

// Modes of parameters.mode.
enum mode { MODE_M, MODE_S_SV39, MODE_U_SV39, MODE_U_SV48, MODE_S_SV57 };

// What run.S loads before a case and stores after it. Offsets are known to run.S.
struct context {
  u64 x[32];
  u64 f[32];
  u64 fcsr, pc, cause, tval, status;
  u64 saved[14];               // the generator's own registers while the case runs
  u64 interrupts, interrupt_rng;   // how many timer interrupts may still come in this case; the state of their moments
};
void run_context(struct context *context);

// ---- the code being made (emit.c) ----
enum { CODE_MAX = 2048, UNITS_MAX = 64 };
struct unit { u16 at, length; u8 pool; };
extern u16 code[CODE_MAX / 2];
extern u32 code_size;          // bytes emitted
extern struct unit units[UNITS_MAX];
extern u32 unit_count;

void begin_code(void);
void begin_unit(enum pool pool);
void end_code(void);           // patches the open forward jumps, appends ecall, applies parameters.skip
void emit16(u32 half);
void emit32(u32 word);
void patch16(u32 at, u32 half);
void patch32(u32 at, u32 word);
u32 code32(u32 at);
// A jump emitted at `at` that skips the next 1–3 units.
enum jump { JUMP_BRANCH, JUMP_JAL, JUMP_JALR, JUMP_C_BRANCH, JUMP_C_J };
void forward_jump(u32 at, enum jump kind);

// ---- registers and operands (operands.c) ----
// Pinned registers hold pointers into the scratch memory or count loops: no unit writes them.
extern u32 pinned;
extern u32 pointer_count;
extern struct pointer { u8 reg; int offset; } pointers[8];   // offset of its value in the scratch memory
void choose_registers(void);
u32 any_x(void);               // a source
u32 any_rd(void);              // a destination: not pinned, may be x0
u32 free_x(void);              // a destination: not pinned, not x0
u32 free_x_but(u32 other);
u32 compact_x(void);           // x8–x15
u32 compact_rd(void);          // x8–x15, not pinned
u32 any_f(void);
u64 random_float(void);
void fill_registers(struct context *context);

enum { SCRATCH_SIZE = 2 * PAGE };
// A target for an access of `size` bytes through a pinned pointer: its register and immediate (±2047).
struct target { u32 base; int displacement; };
struct target memory_target(u32 size, int aligned);

// ---- instruction formats ----
static inline u32 r_type(u32 bits, u32 rd, u32 rs1, u32 rs2) { return bits | rd << 7 | rs1 << 15 | rs2 << 20; }
static inline u32 i_type(u32 bits, u32 rd, u32 rs1, int imm) { return bits | rd << 7 | rs1 << 15 | (u32)imm << 20; }
static inline u32 s_type(u32 bits, u32 rs1, u32 rs2, int imm) {
  return bits | ((u32)imm & 31) << 7 | rs1 << 15 | rs2 << 20 | (((u32)imm >> 5) & 127) << 25;
}
static inline u32 u_type(u32 bits, u32 rd, u32 imm20) { return bits | rd << 7 | imm20 << 12; }
static inline u32 b_type(u32 bits, u32 rs1, u32 rs2, int offset) {
  u32 o = (u32)offset;
  return bits | rs1 << 15 | rs2 << 20 | ((o >> 11) & 1) << 7 | ((o >> 1) & 15) << 8 | ((o >> 5) & 63) << 25 | ((o >> 12) & 1) << 31;
}
static inline u32 j_type(u32 bits, u32 rd, int offset) {
  u32 o = (u32)offset;
  return bits | rd << 7 | ((o >> 12) & 255) << 12 | ((o >> 11) & 1) << 20 | ((o >> 1) & 1023) << 21 | ((o >> 20) & 1) << 31;
}
void load_constant(u32 rd, u32 value);         // lui and addiw: the value sign-extended

// ---- the pools: each emits one unit ----
void emit_integer(void);
void emit_multiply(void);
void emit_memory(void);
void emit_atomic(void);
void emit_float(void);
void emit_float_memory(void);
void emit_half(void);
void emit_compressed(void);
void emit_bits(void);
void emit_cache(void);
void emit_fcsr(void);
void emit_forward(void);
void emit_loop(void);
void emit_indirect(void);
void emit_self_modify(void);
void emit_simple(void);                        // any of the pools whose units are single instructions and never trap
u32 simple_word(void);                         // one 32-bit integer instruction that only writes a free register
u32 wild_word(void);                           // any 32-bit word that cannot lead the case out of its memory
u32 all_16_bit(u32 index);                     // the same for 16-bit words, in order
void put_unit(const struct unit *unit);

// ---- memory of the cases (space.c): the same virtual layout in all modes ----
enum { WINDOW_PAGES = 4, WINDOW_SIZE = WINDOW_PAGES * PAGE, FILL = 0x9002 };   // the window is full of c.ebreak
extern u64 window_address, scratch_address;    // as the case sees them
void space_start(void);
u16 *window_half(u32 offset);                  // as the generator sees them
u64 *scratch_word(u32 index);
u64 scratch_pristine(u32 index);
