/* Runs programs when it is asked for them, as process 1 of a guest or as an ordinary process of the host.
 *
 *   programs NAME ROUNDS       runs one and prints what it computed
 *   programs                   prints "ready" and reads lines from its console, in a guest, or its standard input:
 *       alone NAME ROUNDS      runs a program, or the shell script of that name
 *       beside NAME ROUNDS     beside it another process wakes a hundred times a second, as on a system that lives
 *   and answers each by: end NAME STATUS HASH MICROSECONDS
 *     STATUS is the wait status, HASH that of all that was printed, MICROSECONDS the processor time of both processes and their children.
 *
 * Environment for scripts: ROUNDS; ROOT, the folder of the Debian packages; RUN, what starts a program of theirs (their loader; nothing in a guest). */
#define _GNU_SOURCE
#include "programs.h"
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

static const struct program *const tables[] = {
  integer_programs, sorting_programs, call_programs, machine_programs, floating_programs, memory_programs, kernel_programs, process_programs, code_programs,
};

void *pages(u64 bytes) {
  void *memory = mmap(0, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) fail("mmap");
  madvise(memory, bytes, MADV_NOHUGEPAGE);              /* pages of 4 KiB on every machine */
  return memory;
}

void fail(const char *what) {
  perror(what);
  exit(1);
}

static const struct program *find(const char *name) {
  for (unsigned i = 0; i < sizeof tables / sizeof *tables; i++)
    for (const struct program *program = tables[i]; program->name; program++)
      if (strcmp(program->name, name) == 0) return program;
  return 0;
}

static void start(const char *name, const char *rounds) {
  char script[256];
  if (find(name)) {
    execl("/proc/self/exe", "programs", name, rounds, (char *)0);
  } else {
    const char *root = getenv("ROOT"), *scripts = getenv("SCRIPTS");
    char shell[4096];
    setenv("ROUNDS", rounds, 1);
    snprintf(script, sizeof script, "%s/%s", scripts ? scripts : "/scripts", name);
    snprintf(shell, sizeof shell, "%s/usr/bin/busybox", root ? root : "");
    execl(shell, "sh", script, (char *)0);
  }
  perror(name);
  _exit(127);
}

static pid_t forked(void) {
  pid_t child = fork();
  if (child < 0) fail("fork");
  return child;
}

static pid_t wake_beside(void) {
  pid_t waker = forked();
  if (waker) return waker;
  const struct timespec pause = { 0, 10000000 };
  for (;;) nanosleep(&pause, 0);
}

static u64 used(void) {
  struct rusage usage;
  getrusage(RUSAGE_CHILDREN, &usage);
  return (u64)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 + (u64)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

static void measure(int beside, const char *name, const char *rounds) {
  int printed[2], status = -1;
  static u8 text[65536];
  u64 hash = 0xcbf29ce484222325, before = used();
  pid_t waker = beside ? wake_beside() : 0;             /* before the pipe, whose end it would hold */
  if (pipe2(printed, O_CLOEXEC)) fail("pipe");
  pid_t child = forked();
  if (child == 0) {
    dup2(printed[1], 1);
    start(name, rounds);
  }
  close(printed[1]);
  for (ssize_t now; (now = read(printed[0], text, sizeof text)) > 0;)
    for (ssize_t i = 0; i < now; i++) hash = (hash ^ text[i]) * 0x100000001b3;
  close(printed[0]);
  waitpid(child, &status, 0);
  if (waker) {
    kill(waker, SIGKILL);
    waitpid(waker, 0, 0);
  }
  printf("end %s %d %016llx %llu\n", name, status, (unsigned long long)hash, (unsigned long long)(used() - before));
}

static void become_first_process(void) {
  mkdir("/proc", 0755); mkdir("/sys", 0755); mkdir("/dev", 0755); mkdir("/tmp", 0777);
  mount("proc", "/proc", "proc", 0, 0);
  mount("sysfs", "/sys", "sysfs", 0, 0);
  mount("devtmpfs", "/dev", "devtmpfs", 0, 0);
  mkdir("/dev/shm", 01777);
  mount("tmpfs", "/dev/shm", "tmpfs", 0, 0);
  mount("tmpfs", "/tmp", "tmpfs", 0, 0);
  setenv("PATH", "/applets:/usr/bin", 1);
  setenv("ROOT", "", 1);
  setenv("RUN", "", 1);
  setenv("HOME", "/tmp", 1);
  const struct timespec pause = { 0, 10000000 };
  int console = -1;
  for (int i = 0; i < 1000 && (console = open("/dev/hvc0", O_RDWR)) < 0; i++) nanosleep(&pause, 0);
  if (console < 0) fail("/dev/hvc0");
  for (int i = 0; i < 3; i++) dup2(console, i);
  struct termios line;
  tcgetattr(0, &line);
  cfmakeraw(&line);
  tcsetattr(0, TCSANOW, &line);
  if (chdir("/tmp")) fail("/tmp");
}

/* One processor, of which the host has several. */
static void stay_here(void) {
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(sched_getcpu(), &one);
  sched_setaffinity(0, sizeof one, &one);
}

int main(int count, char **arguments) {
  if (count == 3) {
    const struct program *program = find(arguments[1]);
    if (!program) return 2;
    printf("%016llx\n", (unsigned long long)program->run(strtoull(arguments[2], 0, 10)));
    return 0;
  }
  if (count > 1) return 0;

  if (getpid() == 1) become_first_process();
  else stay_here();
  setvbuf(stdout, 0, _IOLBF, 1024);
  setvbuf(stdin, 0, _IONBF, 0);
  printf("ready\n");
  char how[16], name[32], rounds[32];
  while (scanf("%15s %31s %31s", how, name, rounds) == 3) measure(strcmp(how, "beside") == 0, name, rounds);
  if (getpid() == 1) for (;;) pause();
  return 0;
}
