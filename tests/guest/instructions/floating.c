// Pools of floating-point instructions: F, D, the four of Zfhmin, loads and stores, and the fcsr.
#include "case.h"

// Operands: f = floating-point register, x = integer register; the first is the destination. RM: has a rounding mode.
enum format { FFF_RM, FFF, FF_RM, FFFF_RM, XF_RM, XF, FX_RM, FX, XFF };
struct row { u32 bits; u8 format; };

// The rows of F; bit 25 makes the D form of each (fmt = D).
static const struct row arithmetic[] = {
  { 0x00000053, FFF_RM },   // fadd
  { 0x08000053, FFF_RM },   // fsub
  { 0x10000053, FFF_RM },   // fmul
  { 0x18000053, FFF_RM },   // fdiv
  { 0x58000053, FF_RM },    // fsqrt
  { 0x20000053, FFF },      // fsgnj
  { 0x20001053, FFF },      // fsgnjn
  { 0x20002053, FFF },      // fsgnjx
  { 0x28000053, FFF },      // fmin
  { 0x28001053, FFF },      // fmax
  { 0x00000043, FFFF_RM },  // fmadd
  { 0x00000047, FFFF_RM },  // fmsub
  { 0x0000004b, FFFF_RM },  // fnmsub
  { 0x0000004f, FFFF_RM },  // fnmadd
  { 0xc0000053, XF_RM },    // fcvt.w
  { 0xc0100053, XF_RM },    // fcvt.wu
  { 0xc0200053, XF_RM },    // fcvt.l
  { 0xc0300053, XF_RM },    // fcvt.lu
  { 0xd0000053, FX_RM },    // fcvt from w
  { 0xd0100053, FX_RM },    // fcvt from wu
  { 0xd0200053, FX_RM },    // fcvt from l
  { 0xd0300053, FX_RM },    // fcvt from lu
  { 0xa0002053, XFF },      // feq
  { 0xa0001053, XFF },      // flt
  { 0xa0000053, XFF },      // fle
  { 0xe0001053, XF },       // fclass
  { 0xe0000053, XF },       // fmv to x
  { 0xf0000053, FX },       // fmv from x
};

static const struct row between[] = {
  { 0x40100053, FF_RM },    // fcvt.s.d
  { 0x42000053, FF_RM },    // fcvt.d.s
};

static const struct row half[] = {
  { 0x40200053, FF_RM },    // fcvt.s.h
  { 0x44000053, FF_RM },    // fcvt.h.s
  { 0x42200053, FF_RM },    // fcvt.d.h
  { 0x44100053, FF_RM },    // fcvt.h.d
  { 0xe4000053, XF },       // fmv.x.h
  { 0xf4000053, FX },       // fmv.h.x
};

// Static modes, the dynamic one (7), rarely a reserved one.
static u32 rounding_mode(void) {
  if (one_in(40)) return (5 + below(2)) << 12;
  return (one_in(3) ? 7 : below(5)) << 12;
}

static u32 make(u32 bits, enum format format) {
  switch (format) {
    case FFF_RM: return r_type(bits, any_f(), any_f(), any_f()) | rounding_mode();
    case FFF: return r_type(bits, any_f(), any_f(), any_f());
    case FF_RM: return r_type(bits, any_f(), any_f(), 0) | rounding_mode();
    case FFFF_RM: return r_type(bits, any_f(), any_f(), any_f()) | any_f() << 27 | rounding_mode();
    case XF_RM: return r_type(bits, any_rd(), any_f(), 0) | rounding_mode();
    case XF: return r_type(bits, any_rd(), any_f(), 0);
    case FX_RM: return r_type(bits, any_f(), any_x(), 0) | rounding_mode();
    case FX: return r_type(bits, any_f(), any_x(), 0);
    default: return r_type(bits, any_rd(), any_f(), any_f());
  }
}

void emit_float(void) {
  const struct row *row = one_in(12) ? &between[below(COUNT(between))] : &arithmetic[below(COUNT(arithmetic))];
  u32 is_double = row->bits < 0x40000000 || row->bits > 0x50000000 ? below(2) << 25 : 0;
  emit32(make(row->bits | is_double, row->format));
}

void emit_half(void) {
  const struct row *row = &half[below(COUNT(half))];
  emit32(make(row->bits, row->format));
}

// flh, flw, fld and their stores.
void emit_float_memory(void) {
  u32 width = parameters.pools >> POOL_HALF & 1 ? 1 + below(3) : 2 + below(2);
  struct target to = memory_target(1u << width, one_in(2));
  if (one_in(2)) emit32(i_type(0x07 | width << 12, any_f(), to.base, to.displacement));
  else emit32(s_type(0x27 | width << 12, to.base, any_f(), to.displacement));
}

// csrrw … csrrci on fflags, frm and fcsr (1–3).
void emit_fcsr(void) {
  u32 funct3 = 1 + below(3) + (one_in(2) ? 4 : 0);
  emit32(i_type(0x73 | funct3 << 12, any_rd(), any_x(), (int)(1 + below(3))));
}
