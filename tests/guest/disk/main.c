// A hostile driver of the disk in virtio-mmio slot 0: it looks at buffers while the device may be writing them, changes what it has asked to be
// written, and asks for overlapping things at once. All that it sees goes into one hash: on a deterministic machine that may not depend on the host.
// Virtio 1.3, sections 2.7 (split virtqueues), 4.2 (MMIO), 5.2 (block device).
#include "runtime.h"

#define DEVICE ((volatile u32 *)0x10001000)
enum { MAGIC = 0, DEVICE_ID = 2, DRIVER_FEATURES = 8, DRIVER_FEATURES_SELECT = 9, QUEUE_SELECT = 12, QUEUE_SIZE = 14, QUEUE_READY = 17,
       QUEUE_NOTIFY = 20, STATUS = 28, DESCRIPTORS = 32, DRIVER_AREA = 36, DEVICE_AREA = 40 };
enum { NEXT = 1, WRITABLE = 2 };
enum { IN = 0, OUT = 1 };
enum { QUEUE = 64, REQUESTS = QUEUE / 4, SECTOR = 512, MOST = 96 * 1024, DISK_SECTORS = 4096 };

static struct descriptor { u64 address; u32 length; u16 flags, next; } table[QUEUE] __attribute__((aligned(4096)));
static struct { volatile u16 flags, index, ring[QUEUE], used_event; } available __attribute__((aligned(4096)));
static struct { volatile u16 flags, index; struct { volatile u32 id, length; } ring[QUEUE]; u16 event; } used __attribute__((aligned(4096)));
static struct { u32 type, reserved; u64 sector; } headers[REQUESTS];
static volatile u8 statuses[REQUESTS];
static u8 buffers[REQUESTS][MOST] __attribute__((aligned(4096)));
static u32 lengths[REQUESTS];

static void set_address(int low, void *address) {
  DEVICE[low] = (u32)(u64)address;
  DEVICE[low + 1] = (u32)((u64)address >> 32);
}

static void start(void) {
  if (DEVICE[MAGIC] != 0x74726976 || DEVICE[DEVICE_ID] != 2) finish(2);
  DEVICE[STATUS] = 0;
  DEVICE[STATUS] = 1;
  DEVICE[STATUS] = 3;
  DEVICE[DRIVER_FEATURES_SELECT] = 1;
  DEVICE[DRIVER_FEATURES] = 1;   // VERSION_1
  DEVICE[STATUS] = 11;
  DEVICE[QUEUE_SELECT] = 0;
  DEVICE[QUEUE_SIZE] = QUEUE;
  set_address(DESCRIPTORS, table);
  set_address(DRIVER_AREA, &available);
  set_address(DEVICE_AREA, &used);
  DEVICE[QUEUE_READY] = 1;
  DEVICE[STATUS] = 15;
}

// Request i has the descriptors 4 i to 4 i + 3: header, two buffers, status.
static void ask(int i, u32 type, u64 sector, u32 length) {
  u32 first = length > SECTOR ? (below(length / SECTOR - 1) + 1) * SECTOR - 256 : length / 2;
  u16 access = type == IN ? WRITABLE : 0;
  headers[i].type = type;
  headers[i].sector = sector;
  lengths[i] = length;
  statuses[i] = 0xaa;
  table[4 * i] = (struct descriptor){ (u64)&headers[i], 16, NEXT, (u16)(4 * i + 1) };
  table[4 * i + 1] = (struct descriptor){ (u64)buffers[i], first, access | NEXT, (u16)(4 * i + 2) };
  table[4 * i + 2] = (struct descriptor){ (u64)buffers[i] + first, length - first, access | NEXT, (u16)(4 * i + 3) };
  table[4 * i + 3] = (struct descriptor){ (u64)&statuses[i], 1, WRITABLE, 0 };
  available.ring[available.index % QUEUE] = (u16)(4 * i);
  __asm__ volatile("fence" ::: "memory");
  available.index++;
}

int main(void) {
  u64 hash = 0;
  start();
  for (u64 round = 0; round < parameters.count; round++) {
    rng_start(parameters.seed, round);
    u16 before = used.index;
    int count = 1 + (int)below(REQUESTS);
    u64 where = below(DISK_SECTORS - MOST / SECTOR);
    for (int i = 0; i < count; i++) {
      u32 length = (1 + below(one_in(3) ? MOST / SECTOR : 4)) * SECTOR;
      u64 sector = one_in(2) ? where : below(DISK_SECTORS - MOST / SECTOR);
      u32 type = below(2);
      if (type == OUT) for (u32 j = 0; j < length; j += 8) *(u64 *)(buffers[i] + j) = random64();
      ask(i, type, sector, length);
    }
    __asm__ volatile("fence" ::: "memory");
    DEVICE[QUEUE_NOTIFY] = 0;
    // Looks at all the buffers until everything has ended, and writes to those that the device was told to read.
    for (u64 looks = 0; (u16)(used.index - before) != count; looks++) {
      int i = (int)below((u32)count);
      volatile u64 *place = (volatile u64 *)(buffers[i] + below(lengths[i] / 8) * 8);
      hash = mix(hash, *place);
      if (headers[i].type == OUT && one_in(2)) *place = hash;
      hash = mix(hash, statuses[i] + ((u64)used.index << 8) + (looks << 32));
    }
    for (int i = 0; i < count; i++) {
      hash = mix(hash, statuses[i]);
      for (u32 j = 0; j < lengths[i]; j += 64) hash = mix(hash, *(volatile u64 *)(buffers[i] + j));
    }
  }
  put_hex(hash, 16);
  put_character('\n');
  finish(0);
}
