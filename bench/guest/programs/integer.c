/* Integer loops: little memory, few calls. */
#include "programs.h"
#include <string.h>

static u64 alu(u64 rounds) {
  u64 a = 1, b = 0x9e3779b97f4a7c15, c = 7;
  u32 w = 11;
  while (rounds--) {
    next_random(&a);
    b = (b ^ a >> 29) + (a << 3);
    w = (w << 5) - w + (u32)a;
    c += (a & ~b) | w >> 3;
    c -= (b < c) + ((i64)a >> 5);
  }
  return a ^ b ^ c ^ w;
}

static u64 bitops(u64 rounds) {
  u64 x = 0x0123456789abcdef, sum = 0;
  while (rounds--) {
    u64 v = next_random(&x);
    v = (v >> 1 & 0x5555555555555555) | (v & 0x5555555555555555) << 1;        /* reversed */
    v = (v >> 2 & 0x3333333333333333) | (v & 0x3333333333333333) << 2;
    v = (v >> 4 & 0x0f0f0f0f0f0f0f0f) | (v & 0x0f0f0f0f0f0f0f0f) << 4;
    sum += v;
    v -= v >> 1 & 0x5555555555555555;                                          /* counted */
    v = (v & 0x3333333333333333) + (v >> 2 & 0x3333333333333333);
    v = (v + (v >> 4)) & 0x0f0f0f0f0f0f0f0f;
    sum ^= v * 0x0101010101010101 >> 56;
    sum = sum << 7 | sum >> 57;
  }
  return sum;
}

static u64 muldiv(u64 rounds) {
  u64 x = 88172645463325252, sum = 0;
  while (rounds--) {
    u64 v = next_random(&x);
    sum += v / (x >> 40 | 1);
    sum ^= (u32)v % ((u32)(v >> 32) | 1);
    sum += (i64)v * (i64)sum;
    sum ^= (u64)((unsigned __int128)v * sum >> 64);
  }
  return sum;
}

static u64 crc32(u64 rounds) {
  static u32 table[256];
  static u8 text[65536];
  for (u32 i = 0; i < 256; i++) {
    u32 value = i;
    for (int bit = 0; bit < 8; bit++) value = value & 1 ? value >> 1 ^ 0xedb88320 : value >> 1;
    table[i] = value;
  }
  u64 x = 1;
  for (u32 i = 0; i < sizeof text; i++) text[i] = (u8)next_random(&x);
  u32 crc = ~0u;
  while (rounds--)
    for (u32 i = 0; i < sizeof text; i++) crc = table[(crc ^ text[i]) & 255] ^ crc >> 8;
  return ~crc;
}

static u32 turned(u32 x, int n) { return x >> n | x << (32 - n); }

/* FIPS 180-4, section 6.2.2; the constants are made from the primes' cube roots there, here from a recurrence: only the work counts. */
static u64 sha256(u64 rounds) {
  u32 state[8] = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19 };
  u32 k[64], w[64];
  u64 x = 12345;
  for (int i = 0; i < 64; i++) k[i] = (u32)next_random(&x);
  while (rounds--) {
    for (int i = 0; i < 16; i++) w[i] = state[i & 7] * 2654435761u + (u32)i;
    for (int i = 16; i < 64; i++) {
      u32 s0 = turned(w[i - 15], 7) ^ turned(w[i - 15], 18) ^ w[i - 15] >> 3;
      u32 s1 = turned(w[i - 2], 17) ^ turned(w[i - 2], 19) ^ w[i - 2] >> 10;
      w[i] = w[i - 16] + s0 + w[i - 7] + s1;
    }
    u32 a = state[0], b = state[1], c = state[2], d = state[3], e = state[4], f = state[5], g = state[6], h = state[7];
    for (int i = 0; i < 64; i++) {
      u32 one = h + (turned(e, 6) ^ turned(e, 11) ^ turned(e, 25)) + ((e & f) ^ (~e & g)) + k[i] + w[i];
      u32 two = (turned(a, 2) ^ turned(a, 13) ^ turned(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
      h = g; g = f; f = e; e = d + one;
      d = c; c = b; b = a; a = one + two;
    }
    state[0] += a; state[1] += b; state[2] += c; state[3] += d; state[4] += e; state[5] += f; state[6] += g; state[7] += h;
  }
  return (u64)state[0] << 32 | state[7];
}

static u64 matrix(u64 rounds) {
  enum { N = 120 };
  static int a[N][N], b[N][N], c[N][N];
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++) a[i][j] = i * 3 + j, b[i][j] = i - 2 * j;
  while (rounds--) {
    for (int i = 0; i < N; i++)
      for (int j = 0; j < N; j++) {
        int sum = 0;
        for (int k = 0; k < N; k++) sum += a[i][k] * b[k][j];
        c[i][j] = sum;
      }
    a[rounds % N][(rounds * 7) % N] ^= c[3][5];
  }
  u64 sum = 0;
  for (int i = 0; i < N; i++) sum = mix(sum, (u64)c[i][i]);
  return sum;
}

static u64 life(u64 rounds) {
  enum { N = 256 };
  static u8 cells[2][N + 2][N + 2];
  u64 x = 7;
  for (int i = 1; i <= N; i++)
    for (int j = 1; j <= N; j++) cells[0][i][j] = next_random(&x) >> 63;
  int now = 0;
  while (rounds--) {
    for (int i = 1; i <= N; i++)
      for (int j = 1; j <= N; j++) {
        u8 (*c)[N + 2] = &cells[now][i - 1];
        int n = c[0][j - 1] + c[0][j] + c[0][j + 1] + c[1][j - 1] + c[1][j + 1] + c[2][j - 1] + c[2][j] + c[2][j + 1];
        cells[now ^ 1][i][j] = n == 3 || (n == 2 && c[1][j]);
      }
    now ^= 1;
  }
  u64 sum = 0;
  for (int i = 1; i <= N; i++)
    for (int j = 1; j <= N; j++) sum += cells[now][i][j] * (u64)(i * N + j);
  return sum;
}

static u64 sieve(u64 rounds) {
  enum { N = 1 << 20 };
  static u8 composite[N];
  u64 count = 0;
  while (rounds--) {
    memset(composite, 0, N);
    for (u32 i = 2; i * i < N; i++)
      if (!composite[i])
        for (u32 j = i * i; j < N; j += i) composite[j] = 1;
    for (u32 i = 2; i < N; i++) count += !composite[i];
  }
  return count;
}

/* Numbers, signs, points and exponents in a text, told apart as a lexer does. */
static u64 states(u64 rounds) {
  enum state { START, SIGN, WHOLE, POINT, FRACTION, EXPONENT, EXPONENT_SIGN, SCIENTIFIC, INVALID, STATES };
  static const char words[] = "5012,1234,-874,+122,35.54400,.1234500,-110.700,+0.64400,5.500e+3,-.123e-2,-87e+832,+0.6e-12,T0.3e-1F,-T.T++Tq,1T3.4e4z,34.0e-T^,";
  u64 counts[STATES] = { 0 }, steps = 0;
  while (rounds--) {
    enum state state = START;
    for (const char *p = words; *p; p++, steps++) {
      char c = *p;
      int digit = c >= '0' && c <= '9';
      if (c == ',') {
        counts[state]++;
        state = START;
        continue;
      }
      switch (state) {
        case START: state = digit ? WHOLE : c == '+' || c == '-' ? SIGN : c == '.' ? POINT : INVALID; break;
        case SIGN: state = digit ? WHOLE : c == '.' ? POINT : INVALID; break;
        case WHOLE: state = digit ? WHOLE : c == '.' ? FRACTION : c == 'e' ? EXPONENT : INVALID; break;
        case POINT: state = digit ? FRACTION : INVALID; break;
        case FRACTION: state = digit ? FRACTION : c == 'e' ? EXPONENT : INVALID; break;
        case EXPONENT: state = digit ? SCIENTIFIC : c == '+' || c == '-' ? EXPONENT_SIGN : INVALID; break;
        case EXPONENT_SIGN: case SCIENTIFIC: state = digit ? SCIENTIFIC : INVALID; break;
        default: break;
      }
    }
  }
  u64 sum = steps;
  for (int i = 0; i < STATES; i++) sum = mix(sum, counts[i]);
  return sum;
}

const struct program integer_programs[] = {
  { "alu", alu }, { "bitops", bitops }, { "muldiv", muldiv }, { "crc32", crc32 }, { "sha256", sha256 }, { "matrix", matrix },
  { "life", life }, { "sieve", sieve }, { "states", states }, { 0, 0 },
};
