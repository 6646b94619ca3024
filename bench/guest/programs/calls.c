/* Calls, returns and indirect jumps. */
#include "programs.h"
#include <setjmp.h>
#include <stdlib.h>

static APART u64 fibonacci(u64 n) {
  if (n < 2) return n;
  u64 last = fibonacci(n - 1);
  KEEP(last);                               /* no loop is made of the second call */
  return last + fibonacci(n - 2);
}

static u64 fib(u64 rounds) {
  u64 sum = 0;
  while (rounds--) sum += fibonacci(24);
  return sum;
}

static APART u64 ack(u64 m, u64 n) { return m == 0 ? n + 1 : n == 0 ? ack(m - 1, 1) : ack(m - 1, ack(m, n - 1)); }

static u64 ackermann(u64 rounds) {
  u64 sum = 0;
  while (rounds--) sum += ack(2, 300) + ack(3, 5);
  return sum;
}

static APART int takeuchi(int x, int y, int z) {
  return y >= x ? z : takeuchi(takeuchi(x - 1, y, z), takeuchi(y - 1, z, x), takeuchi(z - 1, x, y));
}

static u64 tak(u64 rounds) {
  u64 sum = 0;
  while (rounds--) sum += (u64)takeuchi(18, 12, 6);
  return sum;
}

static int compare(const void *a, const void *b) {
  u32 x = *(const u32 *)a, y = *(const u32 *)b;
  return (x > y) - (x < y);
}

static u64 libqsort(u64 rounds) {
  enum { N = 20000 };
  static u32 a[N];
  u64 x = 99, sum = 0;
  while (rounds--) {
    for (int i = 0; i < N; i++) a[i] = (u32)next_random(&x);
    qsort(a, N, sizeof *a, compare);
    for (int i = 0; i < N; i += 997) sum = mix(sum, a[i]);
  }
  return sum;
}

struct shape;
struct methods { u64 (*area)(const struct shape *), (*grown)(struct shape *, u64); };
struct shape { const struct methods *methods; u64 a, b; };

static u64 area0(const struct shape *s) { return s->a * s->b; }
static u64 area1(const struct shape *s) { return s->a + s->b; }
static u64 area2(const struct shape *s) { return s->a << 1 ^ s->b; }
static u64 area3(const struct shape *s) { return s->b - s->a; }
static u64 grown0(struct shape *s, u64 by) { return s->a += by; }
static u64 grown1(struct shape *s, u64 by) { return s->b ^= by; }
static const struct methods methods[4] = { { area0, grown0 }, { area1, grown1 }, { area2, grown0 }, { area3, grown1 } };

static u64 call_all(u64 rounds, u64 (*kind)(u64 *)) {
  enum { N = 256 };
  static struct shape shapes[N];
  u64 x = 17, sum = 0;
  for (u64 i = 0; i < N; i++) shapes[i] = (struct shape){ &methods[kind(&x)], i, N - i };
  while (rounds--)
    for (int i = 0; i < N; i++) {
      struct shape *s = &shapes[i];
      sum += s->methods->area(s);
      sum ^= s->methods->grown(s, sum & 15);
    }
  return sum;
}

static u64 in_turn(u64 *x) { return (*x)++ & 3; }
static u64 at_random(u64 *x) { return next_random(x) >> 62; }
static u64 vcall(u64 rounds) { return call_all(rounds, in_turn); }
static u64 vcallrnd(u64 rounds) { return call_all(rounds, at_random); }

static jmp_buf back;
static u64 caught, left;

static APART void throw_from(u64 depth) {
  KEEP(depth);
  if (depth > 0) throw_from(depth - 1);
  else if (left) longjmp(back, 1);
  KEEP(depth);
}

static u64 longjmps(u64 rounds) {
  for (left = rounds; left; left--) {
    if (setjmp(back) == 0) throw_from(left & 7);
    else caught += left & 7;
  }
  return caught;
}

/* Small functions over short strings, written as C libraries without vector instructions have them. */
static APART u64 length(const char *s) {
  const char *p = s;
  while (*p) p++;
  return (u64)(p - s);
}

static APART int order(const char *a, const char *b) {
  while (*a && *a == *b) a++, b++;
  return (u8)*a - (u8)*b;
}

static APART const char *find(const char *s, char c) {
  while (*s && *s != c) s++;
  return *s ? s : 0;
}

static u64 strings(u64 rounds) {
  static const char *const words[] = { "alpha", "alphabet", "beta", "between", "gamma", "game", "delta", "deltoid", "epsilon", "zeta",
    "eta", "theta", "iota", "kappa", "lambda", "lamb", "mu", "nu", "xi", "omicron", "pi", "rho", "sigma", "sign", "tau", "upsilon",
    "phi", "chi", "psi", "omega", "omen", "" };
  u64 sum = 0;
  while (rounds--)
    for (int i = 0; i < 32; i++) {
      const char *w = words[i], *other = words[(i + rounds) & 31];
      sum += length(w);
      sum = sum * 31 + (u64)(order(w, other) > 0);
      const char *at = find(other, 'm');
      sum += at ? (u64)(at - other) : 3;
    }
  return sum;
}

const struct program call_programs[] = {
  { "fib", fib }, { "ackermann", ackermann }, { "tak", tak }, { "libqsort", libqsort }, { "vcall", vcall }, { "vcallrnd", vcallrnd },
  { "longjmp", longjmps }, { "strings", strings }, { 0, 0 },
};
