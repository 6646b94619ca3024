/* Integer programs with data structures: sorting, searching, lists, trees, tables. */
#include "programs.h"
#include <stdlib.h>

static void sort(u32 *a, i64 low, i64 high) {
  while (low < high) {
    u32 pivot = a[(low + high) >> 1];
    i64 i = low, j = high;
    while (i <= j) {
      while (a[i] < pivot) i++;
      while (a[j] > pivot) j--;
      if (i <= j) {
        u32 t = a[i];
        a[i++] = a[j];
        a[j--] = t;
      }
    }
    if (j - low < high - i) {
      sort(a, low, j);
      low = i;
    } else {
      sort(a, i, high);
      high = j;
    }
  }
}

static u64 quicksort(u64 rounds) {
  enum { N = 50000 };
  static u32 a[N];
  u64 x = 99, sum = 0;
  while (rounds--) {
    for (int i = 0; i < N; i++) a[i] = (u32)next_random(&x);
    sort(a, 0, N - 1);
    for (int i = 0; i < N; i += 997) sum = mix(sum, a[i]);
  }
  return sum;
}

static int place(int n, u32 columns, u32 left, u32 right) {
  u32 all = (1u << n) - 1;
  if (columns == all) return 1;
  int count = 0;
  for (u32 open = all & ~(columns | left | right); open; open &= open - 1) {
    u32 bit = open & -open;
    count += place(n, columns | bit, (left | bit) << 1, (right | bit) >> 1);
  }
  return count;
}

static u64 queens(u64 rounds) {
  u64 count = 0;
  while (rounds--) count += (u64)place(9, 0, 0, 0);
  return count;
}

/* Open addressing, linear probing. */
static u64 hashtable(u64 rounds) {
  enum { SLOTS = 1 << 14 };
  static u64 keys[SLOTS], values[SLOTS];
  u64 x = 5, found = 0;
  while (rounds--) {
    u64 key = next_random(&x) % 9973 + 1;
    u64 slot = key * 0x9e3779b97f4a7c15 >> 50;
    while (keys[slot] && keys[slot] != key) slot = (slot + 1) & (SLOTS - 1);
    found += keys[slot] == key;
    keys[slot] = key;
    values[slot] += x >> 60;
  }
  u64 sum = found;
  for (int i = 0; i < SLOTS; i++) sum = mix(sum, keys[i] + values[i]);
  return sum;
}

struct tree { struct tree *left, *right; };

static struct tree *grow(int depth) {
  struct tree *t = malloc(sizeof *t);
  if (!t) fail("malloc");
  t->left = depth ? grow(depth - 1) : 0;
  t->right = depth ? grow(depth - 1) : 0;
  return t;
}

static u64 fell(struct tree *t) {
  u64 count = 1;
  if (t->left) count += fell(t->left) + fell(t->right);
  free(t);
  return count;
}

static u64 bintrees(u64 rounds) {
  u64 count = 0;
  while (rounds--) count += fell(grow(12));
  return count;
}

struct item { struct item *next; i64 key, value; };

static struct item *merge(struct item *a, struct item *b) {
  struct item *head = 0, **end = &head;
  while (a && b) {
    struct item **lower = a->key <= b->key ? &a : &b;
    *end = *lower;
    end = &(*lower)->next;
    *lower = *end;
  }
  *end = a ? a : b;
  return head;
}

static struct item *sorted(struct item *list, u32 count) {
  if (count < 2) return list;
  struct item *last = list;
  for (u32 i = 1; i < count / 2; i++) last = last->next;
  struct item *rest = last->next;
  last->next = 0;
  return merge(sorted(list, count / 2), sorted(rest, count - count / 2));
}

static u64 lists(u64 rounds) {
  enum { N = 2000 };
  static struct item items[N];
  u64 x = 3, sum = 0;
  while (rounds--) {
    for (int i = 0; i < N; i++) items[i] = (struct item){ i + 1 < N ? &items[i + 1] : 0, (i64)(next_random(&x) >> 40), i };
    struct item *list = sorted(items, N), *back = 0;
    for (struct item *next; list; back = list, list = next) {       /* turned round, looked through */
      next = list->next;
      list->next = back;
    }
    for (int i = 0; i < 20; i++) {
      struct item *p = back;
      while (p && p->value != i * 97) p = p->next;
      sum = mix(sum, p ? (u64)p->key : 1);
    }
  }
  return sum;
}

const struct program sorting_programs[] = {
  { "quicksort", quicksort }, { "queens", queens }, { "hashtable", hashtable }, { "bintrees", bintrees }, { "lists", lists }, { 0, 0 },
};
