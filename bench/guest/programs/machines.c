/* A small machine's code, interpreted twice: by a switch in a loop and by jumps to computed labels. */
#include "programs.h"

enum operation { PUSH, ADD, SUB, MUL, XOR, LOAD, STORE, LESS, JUMP_IF, JUMP, DUP, DROP, AND, HALT };

/* i = N; s = 1; do { s = (s * 5 + i) ^ (i & 3); i = i - 1; } while (0 < i) */
#define PROGRAM(n) { PUSH, n, STORE, 0, PUSH, 1, STORE, 1, \
  LOAD, 1, PUSH, 5, MUL, LOAD, 0, ADD, LOAD, 0, PUSH, 3, AND, XOR, STORE, 1, \
  LOAD, 0, PUSH, 1, SUB, DUP, STORE, 0, PUSH, 0, LESS, JUMP_IF, 8, LOAD, 1, HALT }

static const i64 code[] = PROGRAM(1000);

static APART i64 by_switch(const i64 *program) {
  i64 stack[16], variables[4] = { 0 }, *top = stack;
  const i64 *pc = program;
  for (;;) {
    switch ((enum operation)*pc++) {
      case PUSH: *top++ = *pc++; break;
      case ADD: top--; top[-1] += *top; break;
      case SUB: top--; top[-1] -= *top; break;
      case MUL: top--; top[-1] = (i64)((u64)top[-1] * (u64)*top); break;
      case XOR: top--; top[-1] ^= *top; break;
      case AND: top--; top[-1] &= *top; break;
      case LOAD: *top++ = variables[*pc++]; break;
      case STORE: variables[*pc++] = *--top; break;
      case LESS: top--; top[-1] = *top < top[-1]; break;
      case JUMP_IF: pc = *--top ? program + *pc : pc + 1; break;
      case JUMP: pc = program + *pc; break;
      case DUP: *top = top[-1]; top++; break;
      case DROP: top--; break;
      case HALT: return top[-1];
    }
  }
}

static APART i64 by_labels(const i64 *program) {
  static const void *const labels[] = { &&push, &&add, &&sub, &&mul, &&xor, &&load, &&store, &&less, &&jump_if, &&jump, &&dup, &&drop, &&and, &&halt };
  i64 stack[16], variables[4] = { 0 }, *top = stack;
  const i64 *pc = program;
#define NEXT goto *labels[*pc++]
  NEXT;
  push: *top++ = *pc++; NEXT;
  add: top--; top[-1] += *top; NEXT;
  sub: top--; top[-1] -= *top; NEXT;
  mul: top--; top[-1] = (i64)((u64)top[-1] * (u64)*top); NEXT;
  xor: top--; top[-1] ^= *top; NEXT;
  and: top--; top[-1] &= *top; NEXT;
  load: *top++ = variables[*pc++]; NEXT;
  store: variables[*pc++] = *--top; NEXT;
  less: top--; top[-1] = *top < top[-1]; NEXT;
  jump_if: pc = *--top ? program + *pc : pc + 1; NEXT;
  jump: pc = program + *pc; NEXT;
  dup: *top = top[-1]; top++; NEXT;
  drop: top--; NEXT;
  halt: return top[-1];
}

static u64 vmswitch(u64 rounds) {
  u64 sum = 0;
  while (rounds--) sum = mix(sum, (u64)by_switch(code));
  return sum;
}

static u64 vmgoto(u64 rounds) {
  u64 sum = 0;
  while (rounds--) sum = mix(sum, (u64)by_labels(code));
  return sum;
}

const struct program machine_programs[] = { { "vmswitch", vmswitch }, { "vmgoto", vmgoto }, { 0, 0 } };
