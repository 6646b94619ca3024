/* What the guest's kernel does for one process. */
#define _GNU_SOURCE
#include "programs.h"
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static u64 getppids(u64 rounds) {
  u64 same = 0;
  long parent = getppid();
  while (rounds--) same += syscall(SYS_getppid) == parent;
  return same;
}

static u64 clockget(u64 rounds) {
  struct timespec before = { 0, 0 }, now;
  u64 ordered = 0;
  while (rounds--) {
    clock_gettime(CLOCK_MONOTONIC, &now);
    ordered += now.tv_sec > before.tv_sec || (now.tv_sec == before.tv_sec && now.tv_nsec >= before.tv_nsec);
    before = now;
  }
  return ordered;
}

static volatile u64 taken;
static void take(int number) { taken += (u64)number; }

static u64 signals(u64 rounds) {
  struct sigaction action = { .sa_handler = take };
  sigaction(SIGUSR1, &action, 0);
  pid_t self = getpid();
  while (rounds--) kill(self, SIGUSR1);
  return taken;
}

static u8 *guarded;
static void open_page(int number) {
  taken += (u64)number;
  mprotect(guarded, 4096, PROT_READ | PROT_WRITE);
}

static u64 segv(u64 rounds) {
  struct sigaction action = { .sa_handler = open_page };
  sigaction(SIGSEGV, &action, 0);
  guarded = pages(4096);
  while (rounds--) {
    mprotect(guarded, 4096, PROT_NONE);
    *(volatile u8 *)guarded = 1;
  }
  return taken;
}

static u64 mprotects(u64 rounds) {
  u8 *memory = pages(16 << 12);
  u64 sum = 0;
  for (u64 i = 0; i < rounds; i++) {
    u8 *page = memory + (i & 15) * 4096;
    mprotect(page, 4096, PROT_READ);
    sum += *(volatile u8 *)page;
    mprotect(page, 4096, PROT_READ | PROT_WRITE);
    *(volatile u8 *)page = (u8)i;
  }
  return sum;
}

/* Anonymous pages of 4 KiB, each touched and given back. */
static u64 faults(u64 rounds) {
  u64 bytes = 1 << 20, sum = 0;
  while (rounds--) {
    u8 *memory = mmap(0, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) fail("mmap");
    madvise(memory, bytes, MADV_NOHUGEPAGE);
    for (u64 i = 0; i < bytes; i += 4096) sum += memory[i]++ + 1u;
    munmap(memory, bytes);
  }
  return sum;
}

static u64 devzero(u64 rounds) {
  static u8 buffer[65536];
  int file = open("/dev/zero", O_RDONLY);
  u64 sum = 0;
  while (rounds--) sum += (u64)read(file, buffer, sizeof buffer);
  return sum;
}

static u64 tmpfile_copies(u64 rounds) {
  static u8 buffer[16384];
  const char *path = "/dev/shm/strata-bench-file";
  int file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
  if (file < 0) fail(path);
  unlink(path);
  u64 sum = 0;
  for (u64 i = 0; i < rounds; i++) {
    buffer[5] = (u8)i;
    off_t at = (off_t)(i & 63) * (off_t)sizeof buffer;
    sum += (u64)pwrite(file, buffer, sizeof buffer, at);
    sum += (u64)pread(file, buffer, sizeof buffer, at) + buffer[5];
  }
  return sum;
}

static u64 stats(u64 rounds) {
  struct stat about;
  u64 sum = 0;
  while (rounds--) sum += (u64)(stat("/proc/self/../../dev/null", &about) == 0);
  return sum;
}

const struct program kernel_programs[] = {
  { "getppid", getppids }, { "clockget", clockget }, { "signal", signals }, { "segv", segv }, { "mprotect", mprotects },
  { "faults", faults }, { "devzero", devzero }, { "tmpfile", tmpfile_copies }, { "stat", stats }, { 0, 0 },
};
