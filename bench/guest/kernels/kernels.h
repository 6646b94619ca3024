// Small loops, each of one class, that are run by name over the serial port.
#pragma once

typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long u64;

// All memory is there twice, so far apart (64 MiB).
#define ALIAS_DISTANCE (64ul << 20)

// Each runs `rounds` rounds and answers a checksum that every machine must agree on.
u64 run_integer(u64 rounds);     // arithmetic between registers
u64 run_branches(u64 rounds);    // conditional branches that depend on data
u64 run_calls(u64 rounds);       // recursion, calls through pointers
u64 run_memory(u64 rounds);      // loads and stores of all widths within 32 KiB
u64 run_pages(u64 rounds);       // one access in each of 4,096 pages, in a scattered order
u64 run_floating(u64 rounds);    // double precision: add, multiply, fused, divide, compare
u64 run_fresh(u64 rounds);       // 65,536 blocks of code that were just written, each called once a round
u64 run_brief(u64 rounds);       // the same with shorter ones
u64 run_copied(u64 rounds);      // these in pages that all hold the same
u64 run_walks(u64 rounds);       // loads at two addresses of each of 256 pages, ALIAS_DISTANCE apart
u64 run_hits(u64 rounds);        // the same at one address
u64 run_ecall(u64 rounds);       // sbi_get_spec_version
