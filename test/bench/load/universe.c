// The prefixes of a run: blocks of the clients, and a synthetic full table with the lengths of today's Internet.
// The same seed gives the same prefixes.

#include "load.h"
#include <arpa/inet.h>
#include <stdlib.h>

universe_t universe;

#define MAX_BLOCKS4 131072u // 10.128.0.0/9 in /26
#define MAX_BLOCKS6 (1u << 24)
#define MAX_TABLE ((1u << 26) - 2 - MAX_BLOCKS4)

uint32_t lookup6(uint64_t high, uint64_t low, int length) {
  if (high == BLOCK_HIGH) {
    uint64_t i = low >> 6;
    return length == 122 && i < universe.blocks ? (uint32_t)i : NO_PREFIX;
  }
  if (!universe.hash || low) return NO_PREFIX;
  uint32_t mask = universe.hash_mask;
  for (uint32_t h = (uint32_t)mix64(high) & mask; universe.hash[h].index1; h = (h + 1) & mask) {
    if (universe.hash[h].high != high) continue;
    uint32_t i = universe.hash[h].index1 - 1;
    return universe.length[i] == length ? i : NO_PREFIX;
  }
  return NO_PREFIX;
}

// Prefixes that a speaker may refuse as martian.
static bool is_special4(uint32_t address, int length) {
  static const struct { uint32_t address; int length; } special[] = {
      {0x00000000, 8},  {0x0a000000, 8},  {0x64400000, 10}, {0x7f000000, 8},  {0xa9fe0000, 16},
      {0xac100000, 12}, {0xc0000000, 24}, {0xc0000200, 24}, {0xc0586300, 24}, {0xc0a80000, 16},
      {0xc6120000, 15}, {0xc6336400, 24}, {0xcb007100, 24}, {0xe0000000, 3}};
  for (size_t i = 0; i < sizeof special / sizeof *special; i++) {
    int shorter = length < special[i].length ? length : special[i].length;
    uint32_t mask = 0xffffffffu << (32 - shorter);
    if ((address & mask) == (special[i].address & mask)) return true;
  }
  return false;
}

// Random prefixes of every length in their proportions; at most a third of what a length has room for.
static void draw_table4(uint32_t *address, uint8_t *length) {
  static const int per_10000[25] = {[8] = 1,    [9] = 1,    [10] = 1,   [11] = 2,   [12] = 4,    [13] = 6,
                                    [14] = 12,  [15] = 20,  [16] = 140, [17] = 85,  [18] = 140,  [19] = 250,
                                    [20] = 430, [21] = 500, [22] = 1100, [23] = 1000, [24] = 6308};
  uint32_t count = universe.table, n = 0;
  for (int l = 8; l <= 24; l++) {
    uint32_t want = l == 24 ? count - n : (uint32_t)((uint64_t)count * (unsigned)per_10000[l] / 10000);
    uint32_t room = (1u << l) / 3;
    if (l == 24 && want > room) die("a table of %u prefixes does not fit", count);
    if (want > room) want = room;
    for (uint32_t k = 0; k < want;) {
      uint32_t a = random_below(1u << l) << (32 - l);
      if (is_special4(a, l) || universe.by_slash24[a >> 8]) continue;
      universe.by_slash24[a >> 8] = 1;
      address[n] = a;
      length[n++] = (uint8_t)l;
      k++;
    }
  }
  for (uint32_t i = count - 1; i > 0; i--) {
    uint32_t j = random_below(i + 1), a = address[i];
    uint8_t l = length[i];
    address[i] = address[j], length[i] = length[j];
    address[j] = a, length[j] = l;
  }
}

static void make_table4(void) {
  uint32_t first = universe.blocks;
  universe.by_slash24 = allocate(1u << 24, sizeof *universe.by_slash24);
  draw_table4(universe.address + first, universe.length + first);
  for (uint32_t i = first; i < universe.total; i++)
    universe.by_slash24[universe.address[i] >> 8] = (i + 1) | (uint32_t)universe.length[i] << 26;
}

static void make_table6(void) {
  static const uint8_t lengths[] = {48, 48, 48, 48, 48, 32, 32, 44, 40, 36, 33, 47, 46, 29};
  uint32_t size = 1;
  while (size < universe.table * 2) size <<= 1;
  universe.hash = allocate(size, sizeof *universe.hash);
  universe.hash_mask = size - 1;
  for (uint32_t i = universe.blocks; i < universe.total;) {
    uint8_t l = lengths[random_below(sizeof lengths)];
    uint64_t high = (0x2000000000000000ull | (random64() & 0x0fffffffffffffffull)) & (~0ull << (64 - l));
    // 2001::/16 holds documentation and Teredo, 2002::/16 is 6to4.
    if ((high >> 48) == 0x2001 || (high >> 48) == 0x2002) continue;
    uint32_t h = (uint32_t)mix64(high) & universe.hash_mask;
    while (universe.hash[h].index1 && universe.hash[h].high != high) h = (h + 1) & universe.hash_mask;
    if (universe.hash[h].index1) continue;
    universe.hash[h].high = high;
    universe.hash[h].index1 = i + 1;
    universe.high[i] = high;
    universe.length[i++] = l;
  }
}

void make_universe(void) {
  universe.blocks = (uint32_t)opt.senders * (uint32_t)opt.blocks;
  universe.table = (uint32_t)opt.table;
  universe.total = universe.blocks + universe.table;
  uint32_t limit = opt.family == 4 ? MAX_BLOCKS4 : MAX_BLOCKS6;
  if (universe.blocks > limit) die("%u blocks are more than %u", universe.blocks, limit);
  if (universe.table > MAX_TABLE) die("a table of %u prefixes is too long", universe.table);
  universe.address = allocate(universe.total, sizeof *universe.address);
  universe.high = allocate(universe.total, sizeof *universe.high);
  universe.length = allocate(universe.total, sizeof *universe.length);
  for (uint32_t i = 0; i < universe.blocks; i++) {
    universe.address[i] = BLOCK_BASE + (i << 6);
    universe.length[i] = opt.family == 4 ? 26 : 122;
  }
  random_from(opt.seed * 77 + 5);
  if (universe.table && opt.family == 4) make_table4();
  if (universe.table && opt.family == 6) make_table6();
}

static void prefix_octets(uint8_t out[16], uint32_t index) {
  if (opt.family == 4) put32(out, universe.address[index]);
  else if (index < universe.blocks) put64(put64(out, BLOCK_HIGH), (uint64_t)index << 6);
  else put64(put64(out, universe.high[index]), 0);
}

size_t encode_prefix(uint8_t *out, uint32_t index) {
  uint8_t octets[16];
  size_t significant = (universe.length[index] + 7u) / 8;
  prefix_octets(octets, index);
  out[0] = universe.length[index];
  memcpy(out + 1, octets, significant);
  return 1 + significant;
}

void format_prefix(char *out, size_t room, uint32_t index) {
  uint8_t octets[16] = {0};
  char text[INET6_ADDRSTRLEN];
  prefix_octets(octets, index);
  inet_ntop(opt.family == 4 ? AF_INET : AF_INET6, octets, text, sizeof text);
  snprintf(out, room, "%s/%u", text, universe.length[index]);
}
