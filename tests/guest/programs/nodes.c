// The graph: nodes of one to six units and an end that goes on to others, placed so that some straddle pages.
#include "program.h"

enum { NODES_MAX = 20, TARGETS_MAX = 160, RESERVED_MAX = 128 };
struct spot spots[64];
u32 spot_count, code_end, program_units;

static struct node { u16 at, size, end_at, end_size; u8 kind; u8 next[2]; } nodes[NODES_MAX];
static u32 node_count;
static u16 targets[TARGETS_MAX];                 // boundaries between units
static u32 target_count;
static u16 reserved[RESERVED_MAX];
static u32 reserved_count;
static u16 end_at;                               // the node that ends the case

// While a node is being made its spots lie in the buffer.
static struct { u16 at; } node_spots[16];
static u32 node_spot_count;

enum end { TO_NEXT, TO_BRANCH, TO_CALL, TO_RETURN, TO_TABLE, TO_TARGET, ENDS };

u32 reserve_target(void) {
  u32 displacement = pool_add(0);
  if (reserved_count < RESERVED_MAX) reserved[reserved_count++] = (u16)displacement;
  return displacement;
}

u64 any_target(void) {
  u32 at = targets[below(target_count)];
  return (!is_machine() && one_in(3) ? region_base[ALIAS] : region_base[CODE]) + at;
}

void emit_spot(void) {
  node_spots[node_spot_count++].at = (u16)code_size;
  emit32(simple_word());
}

// An instruction that straddles two pages may come to be made of halves of two words, so both halves fit all others.
u32 spot_word(const struct spot *spot) {
  static const u8 operations[] = { 0, 2, 3, 4, 6, 7 };                         // addi slti sltiu xori ori andi
  if (!spot->straddles) return simple_word();
  return i_type(0x13 | (u32)operations[below(6)] << 12, free_x(), any_x(), (int)below(4096));
}

static u32 branch_over(u32 bytes) {
  static const u8 conditions[] = { 0, 1, 4, 5, 6, 7 };
  return b_type(0x63 | (u32)conditions[below(6)] << 12, any_x(), any_x(), (int)bytes);
}

// Ends leave room for jumps whose targets are not placed yet; those have 20 bits.
static void emit_end(struct node *node) {
  u32 start = code_size, link = one_in(2) ? LINK : LINK_2, address = free_x();
  if (one_in(2)) emit16(0x1001 | FUEL << 7 | 31 << 2);                         // c.addi fuel, -1
  else emit32(i_type(0x13, FUEL, FUEL, -1));
  emit32(b_type(0x00005063, FUEL, 0, 8));                                      // bgez
  emit32(0x6f);                                                                // jal to the end: patched
  switch (node->kind) {
    case TO_NEXT: emit32(0x6f | (one_in(3) ? any_rd() : 0) << 7); break;
    case TO_BRANCH:
      emit32(branch_over(8));
      emit32(0x6f);
      emit32(0x6f);
      break;
    case TO_CALL:
      emit32(0x6f | link << 7);
      emit32(0x6f);
      break;
    case TO_RETURN:
      if (one_in(2)) emit16(0x8002 | link << 7);                               // c.jr
      else emit32(i_type(0x67, 0, link, 0));
      break;
    case TO_TABLE: {
      u32 first = reserve_target();
      for (u32 i = 1; i < 4; i++) reserve_target();
      emit32(i_type(0x7013, address, any_x(), 24));                            // andi
      emit32(r_type(0x33, address, address, POOL));
      emit32(i_type(0x3003, address, address, (int)first));                    // ld
      goto jump;
    }
    default:
      load_from_pool(address, reserve_target());
    jump:
      if (one_in(3)) emit16((one_in(2) ? 0x9002 : 0x8002) | address << 7);     // c.jalr, c.jr
      else emit32(i_type(0x67, one_in(3) ? address : one_in(2) ? link : 0, address, one_in(4)));
      emit32(0x6f);                                                            // where it comes back to
      break;
  }
  node->end_size = (u16)(code_size - start);
}

static void put(u32 version, u32 at, const u16 *from, u32 size) {
  for (u32 i = 0; i < size; i += 2) *(u16 *)code_byte(version, at + i) = from[i / 2];
}

static void put32(u32 version, u32 at, u32 word) {
  *(u16 *)code_byte(version, at) = (u16)word;
  *(u16 *)code_byte(version, at + 2) = (u16)(word >> 16);
}

static void put_both(u32 at, u32 word) {
  for (u32 version = 0; version < VERSIONS; version++) put32(version, at, word);
}

static u32 word_at(u32 at) { return *(u16 *)code_byte(0, at) | (u32)*(u16 *)code_byte(0, at + 2) << 16; }

static void put_jump(u32 at, u32 to) { put_both(at, (word_at(at) & 0xfff) | j_type(0, 0, (int)to - (int)at)); }

// Where a node of this size goes: behind the one before, or over the next end of a page.
static u32 place(u32 size) {
  u32 next_page = (code_end + PAGE - 1) & -(u32)PAGE;
  u32 at = code_end + (one_in(2) ? 0 : 2 * below(16));
  if (one_in(3) && next_page > 0 && next_page < CODE_SIZE && next_page + size < CODE_SIZE) {
    u32 over = next_page - 2 * below(size / 2);
    if (over >= code_end) at = over;
  }
  return at;
}

static void make_node(struct node *node) {
  begin_code();
  node_spot_count = 0;
  u16 boundary[8];
  u32 units_here = 1 + below(6);
  for (u32 i = 0; i < units_here; i++) {
    boundary[i] = (u16)code_size;
    emit_program_unit();
    if (program_units < 64 && parameters.skip >> program_units & 1)
      for (u32 at = boundary[i]; at < code_size; at += 2) patch16(at, 0x0001);
    program_units++;
  }
  u32 end = code_size;
  emit_end(node);
  node->at = (u16)place(code_size);
  node->size = (u16)code_size;
  node->end_at = (u16)(node->at + end);
  for (u32 version = 0; version < VERSIONS; version++) put(version, node->at, code, code_size);
  for (u32 i = 0; i < units_here && target_count < TARGETS_MAX; i++) targets[target_count++] = (u16)(node->at + boundary[i]);
  for (u32 i = 0; i < node_spot_count && spot_count < COUNT(spots); i++) {
    struct spot *spot = &spots[spot_count];
    spot->at = (u16)(node->at + node_spots[i].at);
    spot->straddles = (spot->at & (PAGE - 1)) == PAGE - 2;
    spot_count++;
    int left_out = word_at(spot->at) == 0x00010001;
    for (u32 version = 0; version < VERSIONS; version++) {
      u32 word = spot_word(spot);
      if (!left_out) put32(version, spot->at, word);
    }
  }
  code_end = node->at + node->size;
}

// Where jal words lie in an end, from its own end backwards.
static void link_node(const struct node *node) {
  u32 after = node->end_at + node->end_size;
  u32 out = node->end_at + ((word_at(node->end_at) & 3) == 3 ? 8 : 6);
  put_jump(out, end_at);
  if (node->kind != TO_RETURN && node->kind != TO_BRANCH && node->kind != TO_CALL) put_jump(after - 4, nodes[node->next[0]].at);
  if (node->kind != TO_BRANCH && node->kind != TO_CALL) return;
  put_jump(after - 4, one_in(3) ? targets[below(target_count)] : nodes[node->next[0]].at);
  put_jump(after - 8, nodes[node->next[fault_is(WRONG_TURN) ? 0 : 1]].at);
  int reach = (int)nodes[node->next[1]].at - (int)(after - 12);
  if (node->kind == TO_BRANCH && reach >= -4096 && reach < 4096 && one_in(2))  // a branch to the node itself
    put_both(after - 12, b_type(word_at(after - 12) & 0x01fff07f, 0, 0, reach));
}

void program_make(void) {
  code_end = PAGE - 512 + 2 * below(64);
  node_count = target_count = spot_count = reserved_count = program_units = 0;
  u32 wanted = 3 + below(parameters.length < NODES_MAX - 3 ? parameters.length : NODES_MAX - 3);
  while (node_count < wanted && code_end < CODE_SIZE - 1024) {
    struct node *node = &nodes[node_count++];
    node->kind = (u8)below(ENDS);
    if (one_in(3)) node->kind = TO_BRANCH;
    make_node(node);
  }
  end_at = (u16)(code_end + 2 * below(8));
  put_both(end_at, i_type(0x13, SERVICE, 0, 0));
  put_both(end_at + 4, 0x00000073);
  code_end = end_at + 8u;
  for (u32 i = 0; i < node_count; i++) {
    for (u32 k = 0; k < 2; k++) nodes[i].next[k] = (u8)below(node_count);
    if (one_in(2)) nodes[i].next[0] = (u8)(i + 1 < node_count ? i + 1 : 0);
    link_node(&nodes[i]);
  }
  for (u32 i = 0; i < reserved_count; i++) pool_set(reserved[i], any_target());
}

void program_put(void) {
  for (u32 i = 0; i < node_count; i++) {
    put_text("start");
    put_word("pc", region_base[CODE] + nodes[i].at);
    put_character('\n');
    put_text("code ");
    for (u32 at = nodes[i].at; at < (u32)nodes[i].at + nodes[i].size; at += 2) put_hex(*(u16 *)code_byte(0, at), 4);
    put_character('\n');
  }
}
