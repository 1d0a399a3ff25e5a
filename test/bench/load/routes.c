// What the senders announce, encoded before the clock starts, and the model of what the others must hear.
//
// Internal peers are clients of the speaker as a route reflector (RFC 4456): attributes unchanged, ORIGINATOR_ID and
// CLUSTER_LIST added. External peers (RFC 4271 §5): the speaker's AS in front, its next hop or that of the third party,
// no LOCAL_PREF, no MED of others. A byte relay (--relay) changes nothing.

#include "load.h"
#include <arpa/inet.h>
#include <stdlib.h>

enum { ORIGIN = 1, AS_PATH = 2, NEXT_HOP = 3, MED = 4, LOCAL_PREF = 5, AGGREGATOR = 7, COMMUNITIES = 8,
       ORIGINATOR_ID = 9, CLUSTER_LIST = 10, MP_REACH_NLRI = 14, MP_UNREACH_NLRI = 15, LARGE_COMMUNITIES = 32 };
enum { TRANSITIVE = 0x40, OPTIONAL = 0x80, EXTENDED_LENGTH = 0x10 };

#define MAX_AS_PATH 20
#define MAX_SET 800 // prefixes that share one attribute set

// Per prefix: the sum of terms of what must be heard. In runs with several paths that of the best one.
typedef struct {
  uint64_t rest, next_hop_kept;
} model_t;
static model_t *model;
uint16_t *winner;
static uint8_t *best_length; // with several paths: of the best one, per table prefix
static uint64_t next_hop_self;
expected_t *expected;

// ---- The model --------------------------------------------------------------------------------------------------

void make_model(void) {
  uint8_t self[16];
  model = allocate(universe.total, sizeof *model);
  expected = allocate(universe.total, sizeof *expected);
  inet_pton(opt.family == 4 ? AF_INET : AF_INET6, opt.family == 4 ? opt.dut4 : opt.dut6, self);
  next_hop_self = term(NEXT_HOP, self, opt.family == 4 ? 4 : 16);
  if (opt.paths < 2) return;
  winner = allocate(universe.table, sizeof *winner);
  best_length = allocate(universe.table, sizeof *best_length);
}

// A path of this session. AS paths of different senders never have the same length, so RFC 4271 §9.1.2.2 (a) decides.
static void propose(const session_t *s, uint32_t from, uint32_t count, const attribute_set_t *set) {
  for (uint32_t i = from; i < from + count; i++) {
    if (winner) {
      uint32_t t = i - universe.blocks;
      if (best_length[t] && best_length[t] <= set->path_length) continue;
      best_length[t] = (uint8_t)set->path_length;
      winner[t] = (uint16_t)s->id;
    }
    model[i] = (model_t){set->heard, set->next_hop_kept};
  }
}

int owner_of_block(uint32_t index) { return (int)(index / (uint32_t)opt.blocks); }

static uint64_t community_term(uint32_t community) {
  uint8_t octets[4];
  put32(octets, community);
  return term(COMMUNITIES, octets, 4);
}

// From now on prefix `index` must carry this marker; 0: none.
void expect_marker(uint32_t index, uint32_t marker) {
  uint64_t rest = model[index].rest + (marker ? community_term(marker) : 0);
  uint32_t kept = digest(rest + model[index].next_hop_kept);
  bool may_be_self = opt.ebgp && !opt.relay;
  expected[index] = (expected_t){may_be_self ? digest(rest + next_hop_self) : kept, kept};
}

void expect_marker_everywhere(uint32_t marker) {
  for (uint32_t i = 0; i < universe.total; i++) expect_marker(i, marker);
}

// How many prefixes each session must hold: all but those whose best path is its own.
void count_expected(void) {
  uint32_t *won = allocate((size_t)session_count, sizeof *won);
  if (winner)
    for (uint32_t i = 0; i < universe.table; i++) won[winner[i]]++;
  for (int k = 0; k < session_count; k++) {
    session_t *s = &sessions[k];
    s->expected = universe.total - (winner && s->sends_table ? won[k] : s->count);
  }
  free(won);
}

// ---- Attribute sets ---------------------------------------------------------------------------------------------

static uint8_t *begin_attribute(attribute_set_t *set, uint8_t flags, uint8_t type, size_t length) {
  uint8_t *p = set->octets + set->length;
  p[0] = flags, p[1] = type, p[2] = (uint8_t)length;
  set->length += 3 + length;
  return p + 3;
}

static void add_attribute(attribute_set_t *set, uint8_t flags, uint8_t type, const uint8_t *value, size_t length) {
  memcpy(begin_attribute(set, flags, type, length), value, length);
}

static void hear(attribute_set_t *set, uint8_t type, const uint8_t *value, size_t length) {
  set->heard += term(type, value, length);
}

static uint32_t random_as(void) {
  if (random_below(4) == 0) return 196608 + random_below(200000);
  uint32_t as = 1000 + random_below(60000);
  return as == 23456 ? 3356 : as; // RFC 6793: AS_TRANS is nobody's
}

// Lengths of AS paths as seen in the default-free zone. With several senders the length modulo their number is the
// sender's own, so that no two are alike.
static int draw_path(const session_t *s, uint32_t path[MAX_AS_PATH]) {
  static const uint8_t distances[] = {1, 2, 2, 3, 3, 3, 3, 4, 4, 4, 5, 5, 6, 7};
  int n = 0;
  if (opt.ebgp) path[n++] = s->as;
  if (!s->sends_table) return n;
  int more;
  if (opt.paths > 1) more = 1 + (s->id - opt.clients) + opt.paths * (int)random_below(2);
  else more = distances[random_below(sizeof distances)] + 1;
  while (more-- > 0) path[n++] = random_as();
  if (opt.paths > 1 || random_below(10) != 0) return n;
  path[n] = path[n - 1]; // somebody prepends
  return n + 1;
}

static size_t write_path(uint8_t *out, const uint32_t *path, int n, bool add_dut) {
  if (n == 0 && !add_dut) return 0;
  uint8_t *p = out;
  *p++ = 2; // AS_SEQUENCE
  *p++ = (uint8_t)(n + add_dut);
  if (add_dut) p = put32(p, opt.dut_as);
  for (int i = 0; i < n; i++) p = put32(p, path[i]);
  return (size_t)(p - out);
}

static void add_path(attribute_set_t *set, const uint32_t *path, int n) {
  uint8_t octets[2 + 4 * (MAX_AS_PATH + 1)];
  size_t length = write_path(octets, path, n, false);
  add_attribute(set, TRANSITIVE, AS_PATH, octets, length);
  length = write_path(octets, path, n, opt.ebgp && !opt.relay);
  hear(set, AS_PATH, octets, length);
}

uint32_t next_hop4(const session_t *s, uint32_t set_number) {
  if (!opt.third_next_hop) return s->router_id;
  return (s->router_id & 0xffff0000u) + 256u * (200 + set_number / 250) + 1 + set_number % 250;
}

static void add_next_hop(attribute_set_t *set, const session_t *s, uint32_t number) {
  uint8_t octets[16];
  if (opt.family == 4) {
    put32(octets, next_hop4(s, number));
    add_attribute(set, TRANSITIVE, NEXT_HOP, octets, 4);
  } else { // travels in MP_REACH_NLRI, which emit() writes
    struct sockaddr_storage address;
    socklen_t length;
    client_address(s->id, &address, &length);
    memcpy(octets, ((struct sockaddr_in6 *)&address)->sin6_addr.s6_addr, 16);
  }
  set->next_hop_kept = term(NEXT_HOP, octets, opt.family == 4 ? 4 : 16);
}

static void add_number(attribute_set_t *set, uint8_t flags, uint8_t type, uint32_t value, bool is_heard) {
  uint8_t octets[4];
  put32(octets, value);
  add_attribute(set, flags, type, octets, 4);
  if (is_heard) hear(set, type, octets, 4);
}

static void add_communities(attribute_set_t *set, const session_t *s, uint32_t number, bool marked) {
  if (marked) { // its term is added by expect_marker
    uint8_t *value = begin_attribute(set, OPTIONAL | TRANSITIVE, COMMUNITIES, 4);
    set->marker_at = (size_t)(value - set->octets);
    put32(value, MARKER_BASE);
    return;
  }
  bool has = s->sends_table ? random_below(10) < 6 : opt.attrs > 1 && !opt.third_next_hop;
  if (!has) return;
  int n = s->sends_table ? 1 + (int)random_below(6) : 1;
  uint32_t community = s->sends_table ? 0x03000000u + random_below(0x40000000) : 0x20000000u + number;
  uint8_t *value = begin_attribute(set, OPTIONAL | TRANSITIVE, COMMUNITIES, 4 * (size_t)n);
  for (int i = 0; i < n; i++, community += 1 + random_below(100000)) {
    value = put32(value, community);
    set->heard += community_term(community);
  }
}

static void add_reflection(attribute_set_t *set, const session_t *s) {
  uint8_t octets[4];
  if (opt.ebgp || opt.relay) return;
  put32(octets, s->router_id);
  hear(set, ORIGINATOR_ID, octets, 4);
  inet_pton(AF_INET, opt.dut4, octets);
  hear(set, CLUSTER_LIST, octets, 4);
}

// Attribute set `number` of a session, the same for the same seed. MP_REACH_NLRI is left to emit().
void make_attributes(attribute_set_t *set, session_t *s, uint32_t number, bool marked) {
  uint32_t path[MAX_AS_PATH];
  bool table = s->sends_table;
  *set = (attribute_set_t){.length = 0};
  random_from(mix64(opt.seed * 1000003 + ((uint64_t)s->id << 32) + number));
  uint8_t origin = table && random_below(8) == 0 ? 2 : 0;
  add_attribute(set, TRANSITIVE, ORIGIN, &origin, 1);
  hear(set, ORIGIN, &origin, 1);
  int n = draw_path(s, path);
  set->path_length = n;
  add_path(set, path, n);
  add_next_hop(set, s, number);
  if (table && random_below(5) == 0) {
    uint32_t med = random_below(1000);
    // RFC 4271 §5.1.4: the MED of one neighbouring AS is not told to another. 0 is as good as none.
    add_number(set, OPTIONAL, MED, med, med != 0 && (!opt.ebgp || opt.relay));
  }
  if (!opt.ebgp) add_number(set, TRANSITIVE, LOCAL_PREF, 100, true);
  if (table && random_below(20) == 0) {
    uint8_t aggregator[8];
    put32(put32(aggregator, path[n - 1]), 0x01000000u + random_below(0x70000000));
    add_attribute(set, OPTIONAL | TRANSITIVE, AGGREGATOR, aggregator, 8);
    hear(set, AGGREGATOR, aggregator, 8);
  }
  add_communities(set, s, number, marked);
  if (table && random_below(20) == 0) {
    uint8_t large[12];
    put32(large, path[n - 1]);
    put32(large + 4, random_below(1000));
    put32(large + 8, random_below(1000));
    add_attribute(set, OPTIONAL | TRANSITIVE, LARGE_COMMUNITIES, large, 12);
    hear(set, LARGE_COMMUNITIES, large, 12);
  }
  add_reflection(set, s);
}

bool gateway_is_right(uint32_t index, const uint8_t *gateway) {
  return term(NEXT_HOP, gateway, opt.family == 4 ? 4 : 16) == model[index].next_hop_kept;
}

// ---- Messages ---------------------------------------------------------------------------------------------------

static uint8_t *begin_update(uint8_t *message) {
  memset(message, 0xff, 16);
  message[18] = 2;
  return message + HEADER_OCTETS;
}

static void finish(uint8_t *message, const uint8_t *end, buffer_t *b) {
  put16(message + 16, (uint32_t)(end - message));
  append(b, message, (size_t)(end - message));
}

static uint8_t *put_octets(uint8_t *p, const uint8_t *octets, size_t length) {
  memcpy(p, octets, length);
  return p + length;
}

static uint8_t *put_family6(uint8_t *p) {
  p = put16(p, 2);
  *p++ = 1;
  return p;
}

static uint8_t *write_withdrawal(uint8_t *p, const uint8_t *nlri, size_t length) {
  if (opt.family == 4) return put16(put_octets(put16(p, (uint32_t)length), nlri, length), 0);
  p = put16(p, 0);
  p = put16(p, (uint32_t)(4 + 3 + length));
  *p++ = OPTIONAL | EXTENDED_LENGTH, *p++ = MP_UNREACH_NLRI;
  p = put_family6(put16(p, (uint32_t)(3 + length)));
  return put_octets(p, nlri, length);
}

static uint8_t *write_announcement(uint8_t *p, const session_t *s, const attribute_set_t *set, const uint8_t *nlri,
                                   size_t length) {
  p = put16(p, 0);
  if (opt.family == 4) {
    p = put_octets(put16(p, (uint32_t)set->length), set->octets, set->length);
    return put_octets(p, nlri, length);
  }
  struct sockaddr_storage address;
  socklen_t address_length;
  client_address(s->id, &address, &address_length);
  p = put_octets(put16(p, (uint32_t)(set->length + 4 + 21 + length)), set->octets, set->length);
  *p++ = OPTIONAL | EXTENDED_LENGTH, *p++ = MP_REACH_NLRI;
  p = put_family6(put16(p, (uint32_t)(21 + length)));
  *p++ = 16;
  p = put_octets(p, ((struct sockaddr_in6 *)&address)->sin6_addr.s6_addr, 16);
  *p++ = 0;
  return put_octets(p, nlri, length);
}

static void remember_marker(session_t *s, size_t offset) {
  uint32_t *grown = realloc(s->markers, (s->marker_count + 1) * sizeof *grown);
  if (!grown) die("out of memory");
  s->markers = grown;
  s->markers[s->marker_count++] = (uint32_t)offset;
}

// Appends the UPDATEs for `count` prefixes; `set` is not looked at for withdrawals.
void emit(session_t *s, buffer_t *b, direction_t direction, uint32_t from, uint32_t count, const attribute_set_t *set) {
  uint8_t message[MAX_MESSAGE], nlri[MAX_MESSAGE];
  int most = opt.pack > 0 ? opt.pack : 1 << 30;
  size_t attributes = direction == ANNOUNCE ? set->length : 0;
  size_t room = MAX_MESSAGE - 23 - attributes - (opt.family == 6 ? 4 + 21 : 0) - 4;
  for (uint32_t i = from, end = from + count; i < end;) {
    size_t length = 0;
    for (int n = 0; i < end && n < most && length + 18 <= room; n++) length += encode_prefix(nlri + length, i++);
    uint8_t *p = begin_update(message);
    if (direction == WITHDRAW) {
      p = write_withdrawal(p, nlri, length);
      s->withdraw_updates++;
    } else {
      // Attributes begin behind the two length fields.
      if (set->marker_at) remember_marker(s, b->length + HEADER_OCTETS + 4 + set->marker_at);
      p = write_announcement(p, s, set, nlri, length);
      s->announce_updates++;
    }
    finish(message, p, b);
  }
}

static void emit_end_of_rib(buffer_t *b) {
  uint8_t message[64], *p = put16(begin_update(message), 0);
  if (opt.family == 4) p = put16(p, 0);
  else {
    p = put16(p, 6);
    *p++ = OPTIONAL, *p++ = MP_UNREACH_NLRI, *p++ = 3;
    p = put_family6(p);
  }
  finish(message, p, b);
}

// The full table: groups of prefixes, geometrically long with mean per_attr, one attribute set each.
static void encode_table(session_t *s, bool marked) {
  attribute_set_t set;
  uint64_t r = opt.seed * 31 + 7 + 1000u * (uint64_t)(s->id - opt.clients);
  uint32_t number = 0;
  for (uint32_t i = 0, n; i < s->count; i += n) {
    n = 1;
    while (n < MAX_SET && (r = mix64(r), (double)(r >> 11) / 9007199254740992.0) < 1.0 - 1.0 / opt.per_attr) n++;
    if (n > s->count - i) n = s->count - i;
    make_attributes(&set, s, number++, marked);
    emit(s, &s->announce, ANNOUNCE, s->first + i, n, &set);
    propose(s, s->first + i, n, &set);
  }
}

static void encode_blocks(session_t *s, bool marked) {
  attribute_set_t set;
  uint32_t sets = (uint32_t)opt.attrs < s->count ? (uint32_t)opt.attrs : s->count;
  for (uint32_t k = 0; k < sets; k++) {
    uint32_t from = (uint32_t)((uint64_t)s->count * k / sets), to = (uint32_t)((uint64_t)s->count * (k + 1) / sets);
    make_attributes(&set, s, k, marked);
    emit(s, &s->announce, ANNOUNCE, s->first + from, to - from, &set);
    propose(s, s->first + from, to - from, &set);
  }
}

// Encodes everything that the session will announce and withdraw; an End-of-RIB closes what is announced, except where
// the same octets are sent again and again.
void encode_session(session_t *s, bool marked) {
  if (s->count && s->sends_table) encode_table(s, marked);
  if (s->count && !s->sends_table) encode_blocks(s, marked);
  if (!marked || !s->count) emit_end_of_rib(&s->announce);
  if (s->count) emit(s, &s->withdraw, WITHDRAW, s->first, s->count, NULL);
}
