// Random 32-bit words, most of them illegal. A legal one must not lead out of the case: the registers all point into the window, so
// loads, stores, branches and jalr stay there; what could go elsewhere, or change the state of the machine, is left out.
#include "case.h"

static int leads_out(u32 word) {
  u32 funct3 = word >> 12 & 7, funct7 = word >> 25;
  switch (word & 0x7f) {
    case 0x6f: return 1;                                                       // jal reaches ±1 MiB
    case 0x73:
      if (funct3 == 4) return 0;                                               // hypervisor loads, may-be-operations: illegal here
      if (funct3 != 0) return 1;                                               // CSRs have a generator of their own
      return funct7 == 0x00 || funct7 == 0x08 || funct7 == 0x18 || funct7 == 0x09 || funct7 == 0x0b || funct7 == 0x0c;
    case 0x2f: return word >> 27 == 0x03 && (word >> 15 & 31) == 0;            // an SC to 0, where there is no memory: it need not fault without its LR
    case 0x63: return (word & 0xfe000e80) == 0;                                // a branch to itself or into itself
    default: return 0;
  }
}

// The 49,152 words that are no halves of longer instructions, in order, without the jumps to themselves.
u32 all_16_bit(u32 index) {
  u32 half = (index / 3 << 2 | index % 3) & 0xffff;
  int jumps_to_itself = half == 0xa001 || (half & 0xfc7f) == 0xe001;
  return jumps_to_itself ? 0x0001 : half;
}

u32 wild_word(void) {
  u32 word;
  do {
    word = (u32)(random64() >> 32) | 3;
    if (one_in(2)) {                                                           // near the encodings that exist
      static const u8 majors[] = { 0x03, 0x07, 0x0f, 0x13, 0x1b, 0x23, 0x27, 0x2f, 0x33, 0x3b, 0x43, 0x53, 0x63, 0x67, 0x73 };
      word = (word & ~0x7fu) | majors[below(COUNT(majors))];
      if (one_in(2)) word &= 0xfe1fffff;
    }
  } while (leads_out(word));
  return word;
}
