// What M-mode does between two parts of a case: the services that code asks for, and skipping, repairing or leaving an instruction
// that faulted. All of it follows from the case's number alone.
#include "program.h"

struct service services[SERVICES_MAX];
u32 service_count;
int pmp_is_used;

// ---- services ----
static enum service_kind choose_kind(void) {
  for (u32 tries = 0; tries < 64; tries++) {
    switch (below(8)) {
      case 0: case 1: if (has(F_SPACE) && is_paged()) return S_EDIT; break;
      case 2: if (has(F_SPACE) && is_paged()) return one_in(2) ? S_EDIT_GLOBAL : S_EDIT; break;
      case 3: if (has(F_SPLIT) && is_paged()) return S_SPLIT; break;
      case 4: if (has(F_SPACE) && is_paged()) return S_SWITCH; break;
      case 5: if (has(F_PMP) && parameters.mode != IN_M) return S_PMP; break;
      case 6: if (has(F_STATUS)) return S_STATUS; break;
      default: if (has(F_COPY)) return one_in(2) ? S_COPY : S_PATCH; break;
    }
  }
  return S_NONE;
}

static u64 pmp_entry(void) {
  u32 page = below(is_machine() ? DATA_PAGES : DATA_PAGES + 4), size = below(3);
  u64 base = page < DATA_PAGES ? DATA_PHYSICAL + page * PAGE : (u64)code_byte(0, (page - DATA_PAGES) * PAGE);
  static const u8 permissions[] = { 0, 1, 3, 4, 5, 5 };
  // NAPOT: a page, two pages, or half of one (data only).
  u64 bytes = size == 0 || page >= DATA_PAGES ? PAGE : size == 1 ? 2 * PAGE : PAGE / 2;
  if (size == 2 && one_in(2) && page < DATA_PAGES) base += PAGE / 2;
  return ((base & -bytes) >> 2 | (bytes / 8 - 1)) | (u64)permissions[below(COUNT(permissions))] << 60;
}

u32 service_add(void) {
  struct service *service = &services[service_count];
  if (service_count >= SERVICES_MAX) return 1 + below(service_count - 1);
  service->kind = (u8)choose_kind();
  if (service->kind == S_NONE) return 0;
  service->space = (u8)below(SPACES);
  service->region = (u8)(one_in(2) ? DATA : below(2));
  service->page = (u8)below(service->region == DATA ? DATA_PAGES - 1 : CODE_PAGES);
  service->fence = (u8)below(FENCES);
  service->at = (u16)below(PAGE);
  switch (service->kind) {
    case S_EDIT: service->value = edited_entry(service->space, service->region, service->page, service->region != DATA && !has(F_FETCH_FAULT)); break;
    case S_EDIT_GLOBAL: service->value = edited_entry(service->space, DATA, DATA_PAGES - 1, 0) | G; break;
    case S_PMP: service->value = pmp_entry(); break;
    case S_STATUS: {
      static const u32 bits[] = { MSTATUS_MXR, MSTATUS_SUM, MSTATUS_FS, MSTATUS_MPRV };
      service->value = bits[below(parameters.mode == IN_M_MPRV ? 4 : 3)];
      break;
    }
    case S_COPY: service->at = (u16)below(CODE_PAGES); service->value = random64(); break;
    case S_PATCH:
      if (spot_count == 0) { service->kind = S_COPY; service->at = 1; break; }
      u32 chosen = below(spot_count);
      service->at = spots[chosen].at;
      service->value = spot_word(&spots[chosen]) | (u64)below(VERSIONS) << 32;
      break;
    default: break;
  }
  return service_count++;
}

static void set_entry(u32 space, u32 region, u32 page, u64 value, u32 how, u32 offset) {
  *space_entry(space, region, page) = value;
  if (value & G) {
    for (u32 other = 0; other < SPACES; other++) *space_entry(other, region, page) = value;
    how &= 1;                                                                  // fences by ASID leave global entries
  }
  fence(how, region_base[region] + page * PAGE + offset, space_satp(space) >> 44 & 0xffff);
}

// QEMU needs no fence after it, and so neither do we: docs/compatibility.md.
static void set_pmp(u64 entry, int fences) {
  pmp_is_used = 1;
  if (fault_is(NO_PMP)) return;
  csr_write(pmpaddr0, entry & ((1ul << 54) - 1));
  csr_write(pmpcfg0, 0x18 | entry >> 60);
  if (fences) __asm__ volatile("sfence.vma" : : : "memory");
}

static void perform(const struct service *service, struct context *context) {
  switch (service->kind) {
    case S_EDIT: set_entry(service->space, service->region, service->page, service->value, service->fence, service->at); break;
    case S_EDIT_GLOBAL: set_entry(service->space, DATA, DATA_PAGES - 1, service->value, service->fence, service->at); break;
    case S_SPLIT: {
      u64 *entry = space_region_entry(service->space, service->region);
      *entry = region_table_entry(service->space, service->region, (*entry & R) == 0);
      fence(service->fence & 2, 0, space_satp(service->space) >> 44 & 0xffff);  // not by address: it is no leaf
      break;
    }
    case S_SWITCH: if (!fault_is(NO_SWITCH)) csr_write(satp, space_satp(service->space)); break;
    case S_PMP: set_pmp(service->value, service->fence & 1); break;
    case S_STATUS:
      if (fault_is(NO_STATUS)) break;
      // Off or not: which of the other states it is, is free.
      if (service->value == MSTATUS_FS) context->status = context->status & MSTATUS_FS ? context->status & ~MSTATUS_FS : context->status | MSTATUS_FS;
      else context->status ^= service->value;
      break;
    case S_COPY: {
      // Another version of a page, or of a part of it, over what is there: as a loader that uses a page again.
      u32 to = service->value & 1, from = (u32)service->at * PAGE, count = service->value & 2 ? PAGE : 256;
      if (count < PAGE) from += (service->value >> 8) % (PAGE / 256) * 256;
      for (u32 i = 0; i < count && !fault_is(NO_PATCH); i += 8) *(u64 *)code_byte(to, from + i) = *(u64 *)code_byte(!to, from + i);
      if (service->value & 4) __asm__ volatile("fence.i" : : : "memory");
      break;
    }
    case S_PATCH: {
      u8 *at = code_byte((u32)(service->value >> 32), service->at);
      if (!fault_is(NO_PATCH)) *(volatile u16 *)at = (u16)service->value, *(volatile u16 *)(at + 2) = (u16)(service->value >> 16);
      break;
    }
    default: break;
  }
}

// ---- faults ----
// The leaf that a fault is about gets all rights, and is fenced in one way or another. False: there is nothing to repair.
static int repair(u64 address, u64 cause, u32 drawn) {
  if (cause == 1 || cause == 5 || cause == 7) {                                // access faults: the PMP's entry is taken away
    if ((csr_read(pmpcfg0) & 0x18) == 0) return 0;
    csr_write(pmpcfg0, 0);
    __asm__ volatile("sfence.vma" : : : "memory");
    return 1;
  }
  if (cause < 12 || !is_paged()) return 0;
  u64 region = (address - region_base[DATA] + 0x400000) >> 21, page = address >> 12 & 511, satp = csr_read(satp);
  u32 space = satp == space_satp(1);
  if (region >= REGIONS || page >= (region == DATA ? DATA_PAGES : CODE_PAGES)) return 0;
  u64 entry = *space_entry(space, (u32)region, (u32)page) | V | R | W | X | A | D;
  entry = user_bit() ? entry | U : entry & ~(u64)U;
  set_entry(space, (u32)region, (u32)page, entry, drawn % FENCES, address & (PAGE - 1));
  return 1;
}

static u32 length_at(u64 pc) {
  u64 physical = physical_of(csr_read(satp), pc);
  if (physical < CODE_PHYSICAL || physical >= CODE_PHYSICAL + VERSIONS * CODE_SIZE) return 4;
  return (*(u16 *)physical & 3) == 3 ? 4 : 2;
}

static int is_amo(u64 pc) {
  u64 physical = physical_of(csr_read(satp), pc);
  return physical >= CODE_PHYSICAL && physical < CODE_PHYSICAL + VERSIONS * CODE_SIZE && (*(u16 *)physical & 0x7f) == 0x2f;
}

static void put_trap(const struct context *context, u32 traps) {
  put_text("trap ");
  put_decimal(traps);
  put_word("cause", context->cause);
  put_word("pc", context->pc);
  put_word("tval", context->tval);
  put_word("status", context->status);
  put_word("fcsr", context->fcsr);
  put_word("service", context->x[SERVICE]);
  put_character('\n');
  for (u32 i = 1; i < 64; i++) {
    put_text("trap ");
    put_decimal(traps);
    put_text(i < 32 ? " x" : " f");
    put_decimal(i & 31);
    put_word("value", i < 32 ? context->x[i] : context->f[i - 32]);
    put_character('\n');
  }
}

int serve(struct context *context, u64 *hash, u32 traps) {
  // A delegated trap went through the supervisor's handler: what it saw is what is compared.
  int delegated = context->cause == 9 && context->pc == HANDLER;
  if (delegated) {
    context->cause = csr_read(scause);
    context->pc = csr_read(sepc);
    context->tval = csr_read(stval);
    context->status = (context->status & ~(MSTATUS_MPP | 0x120ul)) | (context->status & 0x100) << 3;   // MPP = SPP; SPP = SPIE = 0
  }
  u64 cause = context->cause;
  // QEMU reports a store access fault for an AMO on a page that is not writable when the PMP denies reading: which of the two it is decides nothing below.
  int is_unsure_amo = pmp_is_used && (cause == 7 || cause == 15) && is_amo(context->pc);
  if (is_unsure_amo) context->cause = 7;
  // Which half of an access across pages is denied is reported as the address of the access, or of its second half.
  if ((cause == 5 || cause == 7) && (context->tval & (PAGE - 1)) > PAGE - 8) context->tval = (context->tval | (PAGE - 1)) + 1;
  // For a breakpoint QEMU reports the address at which it first translated the instruction.
  if (cause == 3) context->tval = 0;
  if (fault_is(EARLY_WRITE) && cause != 8 && cause != 9 && cause != 11) context->x[8]++;
  if (fault_is(LOST_FLAGS)) context->fcsr &= ~4ul;

  u64 h = *hash;
  for (u32 i = 1; i < 32; i++) h = mix(h, context->x[i]);
  for (u32 i = 0; i < 32; i++) h = mix(h, context->f[i]);
  h = mix(mix(mix(mix(h, context->fcsr), cause == 15 ? context->cause : cause), context->pc), context->tval);
  *hash = mix(h, context->status & ~(MSTATUS_FS | MSTATUS_SD));
  if (parameters.verbosity >= STATES) put_trap(context, traps);

  if (cause == 8 || cause == 9 || cause == 11) {
    u64 number = context->x[SERVICE];
    if (number == 0 || number >= service_count) return 0;
    perform(&services[number], context);
    context->pc += 4;
    return 1;
  }
  u64 drawn = mix(mix(parameters.seed, traps), context->pc);
  u32 how = drawn >> 32 & 3;
  if (cause == 1 || cause == 12) {                                             // nothing can be skipped that cannot be fetched
    if (!repair(context->tval, cause, (u32)drawn) || how == 0) context->pc = any_target();
    return 1;
  }
  // An SC without its LR: QEMU finds that it may not be made by page tables and PMP, but not that there is no memory.
  if (how == 1 || is_unsure_amo || (cause == 5 && is_amo(context->pc))) {
    context->pc = any_target();
  } else if (how > 1 && cause == 2 && (context->status & MSTATUS_FS) == 0) {
    context->status |= MSTATUS_FS;
  } else if (how == 0 || !repair(context->tval, cause, (u32)drawn)) {
    context->pc += length_at(context->pc);
  }
  return 1;
}
