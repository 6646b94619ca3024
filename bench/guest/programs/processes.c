/* What the guest's kernel does between processes and threads. */
#define _GNU_SOURCE
#include "programs.h"
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t forked(void) {
  pid_t child = fork();
  if (child < 0) fail("fork");
  return child;
}

static u64 ended(pid_t child) {
  int status = -1;
  waitpid(child, &status, 0);
  return status == 0;
}

static u64 forks(u64 rounds) {
  u64 well = 0;
  while (rounds--) {
    pid_t child = forked();
    if (child == 0) _exit(0);
    well += ended(child);
  }
  return well;
}

u64 run_apart(char *const arguments[]) {
  pid_t child = vfork();
  if (child == 0) {
    execv("/proc/self/exe", arguments);
    _exit(1);
  }
  return ended(child);
}

static u64 forkexec(u64 rounds) {
  char *const arguments[] = { "programs", "nothing", 0 };
  u64 well = 0;
  while (rounds--) well += run_apart(arguments);
  return well;
}

static int there[2], back[2];

static void answer(u64 rounds) {
  u8 byte;
  while (rounds--)
    if (read(there[0], &byte, 1) != 1 || (byte++, write(back[1], &byte, 1) != 1)) _exit(1);
}

static u64 ask(u64 rounds) {
  u64 sum = 0;
  u8 byte = 0;
  while (rounds--) {
    if (write(there[1], &byte, 1) != 1 || read(back[0], &byte, 1) != 1) fail("pipe");
    sum += byte;
  }
  return sum;
}

static u64 pipes(u64 rounds) {
  if (pipe(there) || pipe(back)) fail("pipe");
  pid_t child = forked();
  if (child == 0) {
    answer(rounds);
    _exit(0);
  }
  return ask(rounds) + ended(child);
}

static void *answer_all(void *rounds) {
  answer((u64)rounds);
  return 0;
}

static u64 threadpp(u64 rounds) {
  pthread_t thread;
  if (pipe(there) || pipe(back) || pthread_create(&thread, 0, answer_all, (void *)rounds)) fail("pthread_create");
  u64 sum = ask(rounds);
  pthread_join(thread, 0);
  return sum;
}

static void *nothing(void *argument) { return argument; }

static u64 threads(u64 rounds) {
  u64 sum = 0;
  while (rounds--) {
    pthread_t thread;
    void *answered = 0;
    if (pthread_create(&thread, 0, nothing, (void *)rounds)) fail("pthread_create");
    pthread_join(thread, &answered);
    sum += (u64)answered;
  }
  return sum;
}

static u64 unixsock(u64 rounds) {
  static u8 buffer[65536];
  int ends[2];
  u64 sum = 0;
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends)) fail("socketpair");
  pid_t child = forked();
  if (child == 0) {
    close(ends[0]);
    while (rounds--)
      for (u64 sent = 0; sent < sizeof buffer;) {
        ssize_t now = write(ends[1], buffer + sent, sizeof buffer - sent);
        if (now < 0) _exit(1);
        sent += (u64)now;
      }
    _exit(0);
  }
  close(ends[1]);
  for (ssize_t now; (now = read(ends[0], buffer, sizeof buffer)) > 0;) sum += (u64)now;
  return sum + ended(child);
}

static u64 yields(u64 rounds) {
  pid_t child = forked();
  u64 sum = rounds;
  while (rounds--) sched_yield();
  if (child == 0) _exit(0);
  return sum + ended(child);
}

const struct program process_programs[] = {
  { "fork", forks }, { "forkexec", forkexec }, { "pipes", pipes }, { "threadpp", threadpp }, { "threads", threads },
  { "unixsock", unixsock }, { "yields", yields }, { 0, 0 },
};
