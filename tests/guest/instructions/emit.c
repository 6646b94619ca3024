// Emission of one case's code into a buffer, unit by unit, with forward jumps patched when their target is known.
#include "case.h"

u16 code[CODE_MAX / 2];
u32 code_size;
struct unit units[UNITS_MAX];
u32 unit_count;

static struct { u16 at; u8 kind, left; } jumps[UNITS_MAX];
static u32 jump_count;

void begin_code(void) { code_size = unit_count = jump_count = 0; }

void emit16(u32 half) {
  code[code_size / 2] = (u16)half;
  code_size += 2;
}

void emit32(u32 word) {
  emit16(word & 0xffff);
  emit16(word >> 16);
}

void patch16(u32 at, u32 half) { code[at / 2] = (u16)half; }

void patch32(u32 at, u32 word) {
  patch16(at, word & 0xffff);
  patch16(at + 2, word >> 16);
}

u32 code32(u32 at) { return code[at / 2] | (u32)code[at / 2 + 1] << 16; }

void load_constant(u32 rd, u32 value) {
  emit32(u_type(0x37, rd, (value + 0x800) >> 12));                            // lui
  emit32(i_type(0x1b, rd, rd, (int)(value << 20) >> 20));                     // addiw
}

void forward_jump(u32 at, enum jump kind) {
  jumps[jump_count].at = (u16)at;
  jumps[jump_count].kind = (u8)kind;
  jumps[jump_count++].left = (u8)(1 + below(3) + 1);                          // (the unit it stands in ends first)
}

// Completes the jump at `at` with the distance to the current end of the code.
static void patch_jump(u32 at, enum jump kind) {
  int offset = (int)(code_size - at);
  u32 o = (u32)offset;
  switch (kind) {
    case JUMP_BRANCH: patch32(at, b_type(code32(at), 0, 0, offset)); break;
    case JUMP_JAL: patch32(at, j_type(code32(at), 0, offset)); break;
    case JUMP_JALR: patch32(at + 4, code32(at + 4) + (o << 20)); break;       // counted from the auipc at `at`
    case JUMP_C_BRANCH:
      if (offset > 254) offset = 2, o = 2;
      patch16(at, code[at / 2] | ((o >> 8) & 1) << 12 | ((o >> 3) & 3) << 10 | ((o >> 6) & 3) << 5 | ((o >> 1) & 3) << 3 | ((o >> 5) & 1) << 2);
      break;
    case JUMP_C_J:
      patch16(at, code[at / 2] | ((o >> 11) & 1) << 12 | ((o >> 4) & 1) << 11 | ((o >> 8) & 3) << 9 | ((o >> 10) & 1) << 8 |
                  ((o >> 6) & 1) << 7 | ((o >> 7) & 1) << 6 | ((o >> 1) & 7) << 3 | ((o >> 5) & 1) << 2);
      break;
  }
}

static void close_unit(int last) {
  if (unit_count > 0) units[unit_count - 1].length = (u16)(code_size - units[unit_count - 1].at);
  for (u32 i = 0; i < jump_count; i++) {
    if (jumps[i].left == 0 || (--jumps[i].left > 0 && !last)) continue;
    patch_jump(jumps[i].at, jumps[i].kind);
    jumps[i].left = 0;
  }
}

void begin_unit(enum pool pool) {
  close_unit(0);
  units[unit_count].at = (u16)code_size;
  units[unit_count++].pool = (u8)pool;
}

void end_code(void) {
  close_unit(1);
  for (u32 i = 0; i < unit_count; i++) {
    if (!(parameters.skip >> i & 1)) continue;
    for (u32 at = units[i].at; at < (u32)units[i].at + units[i].length; at += 2) patch16(at, 0x0001);   // c.nop
  }
  emit32(0x00000073);                                                         // ecall
}

// ---- report ----
static const char *const pool_names[] = {
  "integer", "multiply", "memory", "atomic", "float", "float-memory", "half", "compressed", "bits",
  "cache", "fcsr", "forward", "loop", "indirect", "self-modify", "wild", "all-16-bit",
};

void put_unit(const struct unit *unit) {
  put_text("unit ");
  put_decimal((u64)(unit - units));
  put_character(' ');
  put_hex(unit->at, 4);
  put_character(' ');
  put_decimal(unit->length);
  put_character(' ');
  put_text(pool_names[unit->pool]);
  put_character('\n');
}
