/* Scalar floating point. The compiler contracts to fused operations where the processor's base set has them: results then differ (nbody, ray …). */
#include "programs.h"
#include <math.h>

static u64 nbody(u64 rounds) {
  enum { N = 5 };
  static double p[N][3] = { { 0, 0, 0 }, { 4.84, -1.16, -0.10 }, { 8.34, 4.12, -0.40 }, { 12.89, -15.11, -0.22 }, { 15.37, -25.91, 0.17 } };
  static double v[N][3] = { { 0, 0, 0 }, { 0.60, 2.81, -0.02 }, { -1.01, 1.82, 0.008 }, { 1.08, 0.86, -0.01 }, { 0.97, 0.59, -0.03 } };
  static const double mass[N] = { 39.47, 0.037, 0.011, 0.0017, 0.002 };
  while (rounds--) {
    for (int i = 0; i < N; i++)
      for (int j = i + 1; j < N; j++) {
        double d[3], square = 0;
        for (int k = 0; k < 3; k++) d[k] = p[i][k] - p[j][k], square += d[k] * d[k];
        double size = 0.001 / (square * sqrt(square));
        for (int k = 0; k < 3; k++) v[i][k] -= d[k] * mass[j] * size, v[j][k] += d[k] * mass[i] * size;
      }
    for (int i = 0; i < N; i++)
      for (int k = 0; k < 3; k++) p[i][k] += 0.001 * v[i][k];
  }
  return bits_of(p[0][0] + p[1][1] + p[2][2]);
}

static double element(int i, int j) { return 1.0 / ((i + j) * (i + j + 1) / 2 + i + 1); }

static void times(int n, const double *in, double *out, int across) {
  for (int i = 0; i < n; i++) {
    double sum = 0;
    for (int j = 0; j < n; j++) sum += (across ? element(j, i) : element(i, j)) * in[j];
    out[i] = sum;
  }
}

static u64 spectral(u64 rounds) {
  enum { N = 100 };
  static double u[N], v[N], t[N];
  for (int i = 0; i < N; i++) u[i] = 1;
  while (rounds--) {
    times(N, u, t, 0);
    times(N, t, v, 1);
    times(N, v, t, 0);
    times(N, t, u, 1);
    double largest = u[0];
    for (int i = 0; i < N; i++) u[i] /= largest;
  }
  return bits_of(u[N / 2] * v[N / 3]);
}

static u64 mandelbrot(u64 rounds) {
  u64 inside = 0;
  while (rounds--)
    for (int y = 0; y < 64; y++)
      for (int x = 0; x < 64; x++) {
        double a = x / 25.0 - 2, b = y / 25.0 - 1.28, re = 0, im = 0;
        int i = 0;
        for (; i < 100; i++) {
          double squares = re * re + im * im;
          if (squares > 4) break;
          double next = re * re - im * im + a;
          im = 2 * re * im + b;
          re = next;
        }
        inside += (u64)i;
      }
  return inside;
}

static u64 fft(u64 rounds) {
  enum { N = 1024 };
  static double re[N], im[N], cosine[N / 2], sine[N / 2];
  for (int i = 0; i < N / 2; i++) cosine[i] = cos(6.283185307179586 * i / N), sine[i] = sin(6.283185307179586 * i / N);
  for (int i = 0; i < N; i++) re[i] = i % 17 - 8, im[i] = i % 5;
  while (rounds--) {
    for (u32 i = 1, j = 0; i < N; i++) {
      u32 bit = N >> 1;
      for (; j & bit; bit >>= 1) j ^= bit;
      j ^= bit;
      if (i < j) {
        double t = re[i]; re[i] = re[j]; re[j] = t;
        t = im[i]; im[i] = im[j]; im[j] = t;
      }
    }
    for (int length = 2; length <= N; length <<= 1)
      for (int start = 0; start < N; start += length)
        for (int k = 0; k < length / 2; k++) {
          int a = start + k, b = a + length / 2, turn = k * (N / length);
          double x = re[b] * cosine[turn] - im[b] * sine[turn], y = re[b] * sine[turn] + im[b] * cosine[turn];
          re[b] = re[a] - x; im[b] = im[a] - y;
          re[a] += x; im[a] += y;
        }
    for (int i = 0; i < N; i++) re[i] *= 0.03125, im[i] *= 0.03125;
  }
  return bits_of(re[3] + im[5]);
}

static u64 matmul(u64 rounds) {
  enum { N = 96 };
  static double a[N][N], b[N][N], c[N][N];
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++) a[i][j] = i + j * 0.5, b[i][j] = i - j * 0.25;
  while (rounds--) {
    for (int i = 0; i < N; i++)
      for (int j = 0; j < N; j++) {
        double sum = 0;
        for (int k = 0; k < N; k++) sum += a[i][k] * b[k][j];
        c[i][j] = sum;
      }
    a[rounds % N][rounds * 7 % N] = c[5][7] * 1e-6;
  }
  return bits_of(c[1][2] + c[N - 1][3]);
}

static u64 lu(u64 rounds) {
  enum { N = 64 };
  static double a[N][N], original[N][N];
  u64 x = 4;
  double sum = 0;
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++) original[i][j] = (double)(next_random(&x) >> 40) * 1e-6 + (i == j) * 30;
  while (rounds--) {
    for (int i = 0; i < N; i++)
      for (int j = 0; j < N; j++) a[i][j] = original[i][j];
    for (int k = 0; k < N; k++) {
      int pivot = k;
      for (int i = k + 1; i < N; i++) if (fabs(a[i][k]) > fabs(a[pivot][k])) pivot = i;
      for (int j = 0; j < N && pivot != k; j++) {
        double t = a[k][j];
        a[k][j] = a[pivot][j];
        a[pivot][j] = t;
      }
      for (int i = k + 1; i < N; i++) {
        double factor = a[i][k] /= a[k][k];
        for (int j = k + 1; j < N; j++) a[i][j] -= factor * a[k][j];
      }
    }
    sum += a[N - 1][N - 1];
    original[rounds % N][3] += 0.001;
  }
  return bits_of(sum);
}

static u64 divsqrt(u64 rounds) {
  double x = 2, sum = 0;
  float y = 3, few = 0;
  while (rounds--) {
    sum += sqrt(x) / (x + 1);
    few += sqrtf(y) / (y + 2);
    x = x * 1.0000001 + 1e-9;
    y = y > 1e6f ? 3 : y * 1.0001f;
  }
  return bits_of(sum) ^ bits_of(few);
}

static u64 convert(u64 rounds) {
  u64 x = 11, sum = 0;
  double total = 0;
  while (rounds--) {
    u64 v = next_random(&x);
    double d = (double)(i64)v * 1e-6;
    float f = (float)d;
    sum += (u64)(i64)d ^ (u64)(u32)(int)(f * 1e-10f);
    total += (double)(int)v + (double)(u32)(v >> 32) + f;
    sum ^= (u64)(d < f) << 7;
  }
  return sum ^ bits_of(total);
}

static u64 libm(u64 rounds) {
  double x = 0.1, sum = 0;
  while (rounds--) {
    sum += sin(x) * exp(-x) + log(x + 1) + pow(x, 0.3) + atan2(x, 2) + cosh(x * 0.1);
    x += 0.37;
    if (x > 30) x = 0.1;
  }
  return bits_of(sum);
}

struct vector { double x, y, z; };
static struct vector plus(struct vector a, struct vector b, double f) { return (struct vector){ a.x + b.x * f, a.y + b.y * f, a.z + b.z * f }; }
static double dot(struct vector a, struct vector b) { return a.x * b.x + a.y * b.y + a.z * b.z; }

/* Where a ray first meets one of the spheres; negative if nowhere. */
static APART double meet(struct vector from, struct vector along, const struct vector *centres, int count, int *which) {
  double nearest = -1;
  for (int i = 0; i < count; i++) {
    struct vector to = plus(centres[i], from, -1);
    double b = dot(to, along), d = b * b - dot(to, to) + 1;
    if (d <= 0) continue;
    double t = b - sqrt(d);
    if (t > 1e-6 && (nearest < 0 || t < nearest)) nearest = t, *which = i;
  }
  return nearest;
}

static u64 ray(u64 rounds) {
  enum { SIZE = 48, SPHERES = 8 };
  struct vector centres[SPHERES];
  for (int i = 0; i < SPHERES; i++) centres[i] = (struct vector){ (i & 3) * 2.1 - 3, (i >> 2) * 2.2 - 1, 6 + (i % 3) };
  double light = 0;
  while (rounds--)
    for (int y = 0; y < SIZE; y++)
      for (int x = 0; x < SIZE; x++) {
        struct vector from = { 0, 0, 0 }, along = { (x - SIZE / 2) / 30.0, (y - SIZE / 2) / 30.0, 1 };
        double weight = 1;
        for (int bounce = 0; bounce < 4; bounce++) {
          int which = 0;
          along = plus((struct vector){ 0, 0, 0 }, along, 1 / sqrt(dot(along, along)));
          double t = meet(from, along, centres, SPHERES, &which);
          if (t < 0) {
            light += weight * (along.y + 1);
            break;
          }
          from = plus(from, along, t);
          struct vector normal = plus(from, centres[which], -1);
          along = plus(along, normal, -2 * dot(along, normal));
          weight *= 0.7;
        }
      }
  return bits_of(light);
}

const struct program floating_programs[] = {
  { "nbody", nbody }, { "spectral", spectral }, { "mandelbrot", mandelbrot }, { "fft", fft }, { "matmul", matmul }, { "lu", lu },
  { "divsqrt", divsqrt }, { "convert", convert }, { "libm", libm }, { "ray", ray }, { 0, 0 },
};
