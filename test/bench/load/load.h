// The load generator: one process, one thread, one epoll, that plays every peer of the speaker under test.
//
//   main.c      options, the order of things          receive.c   messages in, the view of each session
//   base.c      clock, random numbers, octets         fib.c       the kernel's routes, watched by netlink
//   universe.c  the prefixes there are                meter.c     CPU, memory, JSON
//   routes.c    UPDATEs and the model                 phases.c    what each kind of run does
//   session.c   sessions and the event loop
//
// The *universe* is the list of all prefixes of a run; a prefix is an index into it. The *view* of a session is a word
// per prefix: 0, or a digest of the attributes that it heard last. The *model* says which digest each prefix must have
// in the end, so a run is complete when every view equals the model, not when some number of routes went by.

#pragma once
#define _GNU_SOURCE
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define NO_PREFIX 0xffffffffu
#define HEADER_OCTETS 19
#define MAX_MESSAGE 4096 // RFC 4271 §4.1; senders never use more
#define MAX_EXTENDED 65535
#define MAX_PATHS 7

// A marker is a community 4096:x … 8191:x, none of which is well known. It tells announcements of one prefix apart.
#define MARKER_BASE 0x10000000u
#define MARKER_FINAL 0x1fffffffu

// ---- Options (main.c) -------------------------------------------------------------------------------------------

typedef struct {
  const char *kind;          // converge, withdraw, reconnect, flap, churn, kernel
  const char *dut4, *dut6;   // addresses of the speaker; its IPv4 address is also its cluster id
  uint32_t dut_as;
  int port, family;
  bool ebgp, extended, third_next_hop, quick_ack, relay, verbose;
  int clients, senders, blocks, attrs, pack, table, paths, rate, inflight;
  double per_attr;
  double timeout, connect_timeout, handshake_timeout, settle, linger, spread, flap_seconds, rest;
  uint64_t seed, events;
  const char *pids, *netns;
} options_t;
extern options_t opt;

// ---- Clock, random numbers, octets (base.c) ---------------------------------------------------------------------

extern uint64_t now; // nanoseconds, as of the last event
uint64_t clock_ns(void);
_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));
void *allocate(size_t count, size_t size);
uint64_t mix64(uint64_t z);
void random_from(uint64_t seed);
uint64_t random64(void);
uint32_t random_below(uint32_t n);

static inline uint16_t get16(const uint8_t *p) { return (uint16_t)(p[0] << 8 | p[1]); }
static inline uint32_t get32(const uint8_t *p) {
  return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}
static inline uint8_t *put16(uint8_t *p, uint32_t v) {
  p[0] = (uint8_t)(v >> 8), p[1] = (uint8_t)v;
  return p + 2;
}
static inline uint8_t *put32(uint8_t *p, uint32_t v) { return put16(put16(p, v >> 16), v); }
static inline uint8_t *put64(uint8_t *p, uint64_t v) { return put32(put32(p, (uint32_t)(v >> 32)), (uint32_t)v); }

typedef struct {
  uint8_t *octets;
  size_t length, capacity;
} buffer_t;
void append(buffer_t *b, const void *octets, size_t length);

// ---- The universe (universe.c) ----------------------------------------------------------------------------------

// Indices 0 … blocks-1 are /26 (IPv6: /122) blocks of the clients, the rest a synthetic full table.
typedef struct {
  uint32_t blocks, table, total;
  uint32_t *address; // IPv4
  uint64_t *high;    // IPv6: upper half
  uint8_t *length;
  uint32_t *by_slash24;                            // IPv4 table: length << 26 | index + 1
  struct { uint64_t high; uint32_t index1; } *hash; // IPv6 table: open addressing, index + 1
  uint32_t hash_mask;
} universe_t;
extern universe_t universe;

#define BLOCK_BASE 0x0a800000u // 10.128.0.0/9
#define BLOCK_HIGH 0xfd80001000000000ull

void make_universe(void);
size_t encode_prefix(uint8_t *out, uint32_t index);
void format_prefix(char *out, size_t room, uint32_t index);

// Blocks are arithmetic, the table is one look into an array: no search, whatever the size.
static inline uint32_t lookup4(uint32_t address, int length) {
  if ((address & 0xff800000u) == BLOCK_BASE) {
    uint32_t i = (address - BLOCK_BASE) >> 6;
    return length == 26 && i < universe.blocks ? i : NO_PREFIX;
  }
  if (!universe.by_slash24) return NO_PREFIX;
  uint32_t v = universe.by_slash24[address >> 8];
  if (!v || (v >> 26) != (uint32_t)length || (address & 0xff)) return NO_PREFIX;
  return (v & 0x3ffffff) - 1;
}
uint32_t lookup6(uint64_t high, uint64_t low, int length);

// ---- Sessions (session.c) ---------------------------------------------------------------------------------------

typedef enum { IDLE, CONNECTING, OPEN_SENT, OPEN_CONFIRM, ESTABLISHED } state_t;
typedef enum { NOT_CHURNING, CHURN_ANNOUNCED, CHURN_WITHDREW, CHURN_FINAL } churn_t;

typedef struct {
  int id, fd;
  state_t state;
  bool sends_table, complete, wants_out;
  uint32_t as, router_id;
  uint32_t first, count; // what it announces: indices first … first + count - 1
  uint32_t expected;     // how many prefixes of others it must hold in the end
  uint64_t retry_at, tried_at, last_sent_at, up_at, complete_at;
  uint8_t *rest; // the beginning of a message whose end has not come
  size_t rest_length;
  size_t max_message;
  // out
  const uint8_t *out;
  size_t out_length, out_done;
  buffer_t announce, withdraw;
  uint32_t *markers; // offsets of the marker community in `announce`
  size_t marker_count;
  uint64_t announce_updates, withdraw_updates;
  churn_t churn;
  uint32_t generation;
  uint64_t rounds_announced, rounds_withdrawn;
  // in
  uint32_t *view;
  uint32_t held, right; // prefixes of others: held at all, held as the model says
  uint64_t announcements, withdrawals, messages, octets, repeated, own, unknown, malformed, needless, retries;
} session_t;

extern session_t *sessions;
extern int session_count, up_count, complete_count, drop_count;
extern bool may_retry, start_when_up, churn_stop;
extern uint64_t first_sent_at;
extern int poller;

void make_sessions(void);
void client_address(int id, struct sockaddr_storage *address, socklen_t *length);
uint32_t client_router_id(int id);
void transmit(session_t *s, const uint8_t *octets, size_t length);
void flush_output(session_t *s);
void send_control(session_t *s, const uint8_t *octets, size_t length);
void send_keepalive(session_t *s);
void close_session(session_t *s, uint64_t retry_in_ns);
void fail_session(session_t *s, const char *why);
void established(session_t *s);
void pump(int wait_ms);
void pump_for(double seconds);
bool until(bool (*condition)(void), double seconds);
void watch(int fd, void *token);
bool all_up(void);
bool all_complete(void);
bool all_written(void);

// ---- UPDATEs and the model (routes.c) ---------------------------------------------------------------------------

// Digests of the attributes a receiver must hear: two, because RFC 4271 §5.1.3 lets an external peer keep the next hop
// of a third party on the same network or put itself there. For internal peers both are the same.
typedef struct {
  uint32_t self, kept;
} expected_t;
extern expected_t *expected;
extern uint16_t *winner; // with several paths: whose is the best, per table prefix; else NULL

// Whether the session's own path is the best one, which is not told to it.
static inline bool owns(const session_t *s, uint32_t index) {
  if (index - s->first >= s->count) return false;
  return !winner || index < universe.blocks || winner[index - universe.blocks] == s->id;
}

// One attribute set as it is sent, and what it must look like when it is heard.
typedef struct {
  uint8_t octets[1024];
  size_t length;
  size_t marker_at; // offset of the marker community's value
  uint64_t heard;   // sum of terms without next hop and marker
  uint64_t next_hop_kept;
  int path_length;
} attribute_set_t;

typedef enum { ANNOUNCE, WITHDRAW } direction_t;

void make_model(void);
void encode_session(session_t *s, bool marked);
void make_attributes(attribute_set_t *set, session_t *s, uint32_t number, bool marked);
void emit(session_t *s, buffer_t *b, direction_t direction, uint32_t from, uint32_t count, const attribute_set_t *set);
void expect_marker(uint32_t index, uint32_t marker);
void expect_marker_everywhere(uint32_t marker);
void count_expected(void);
int owner_of_block(uint32_t index);
uint32_t next_hop4(const session_t *s, uint32_t set_number);
bool gateway_is_right(uint32_t index, const uint8_t *gateway);

// Multiplication of 64 × 64 bits folded: mixes 16 octets in one step.
static inline uint64_t fold_product(uint64_t a, uint64_t b) {
  __uint128_t p = (__uint128_t)a * b;
  return (uint64_t)p ^ (uint64_t)(p >> 64);
}
static inline uint64_t load64(const uint8_t *p) {
  uint64_t v;
  memcpy(&v, p, 8);
  return v;
}
static inline uint64_t load32(const uint8_t *p) {
  uint32_t v;
  memcpy(&v, p, 4);
  return v;
}
// Digest of one attribute value. Terms are added up, so the order of attributes and of communities does not matter.
static inline uint64_t term(uint8_t type, const uint8_t *v, size_t n) {
  uint64_t state = 0x9e3779b97f4a7c15ull * (type + 1u) + n, a, b;
  for (; n > 16; v += 16, n -= 16) state = fold_product(load64(v) ^ 0xa0761d6478bd642full, load64(v + 8) ^ state);
  if (n >= 8) a = load64(v), b = load64(v + n - 8);
  else if (n >= 4) a = load32(v), b = load32(v + n - 4);
  else a = n ? (uint64_t)v[0] << 16 | (uint64_t)v[n >> 1] << 8 | v[n - 1] : 0, b = 0;
  return fold_product(a ^ 0xe7037ed1a0b428dbull, b ^ state);
}
// 0 means "no route", so no digest is 0.
static inline uint32_t digest(uint64_t sum) {
  uint32_t d = (uint32_t)(sum ^ sum >> 32);
  return d ? d : 1;
}

// ---- What comes in (receive.c) ----------------------------------------------------------------------------------

typedef enum { EVERYTHING, NOTHING } goal_t;
extern goal_t goal;         // what "complete" means now
extern bool judging;        // false: sessions are not marked complete (the light-load phase)
extern char view_fault[512]; // after verify(): the first prefix that is not as the model says

void read_session(session_t *s);
void forget_view(session_t *s);
void recount(void);
bool verify(void);

// Latencies of single events, in microseconds.
typedef struct {
  float *values;
  size_t count, capacity;
} samples_t;
extern bool timing; // samples are taken
extern samples_t announce_delays, withdraw_delays;
extern uint64_t *announced_at, *withdrawn_at; // by marker number; by prefix
extern uint32_t markers_used;

// ---- The kernel's routes (fib.c) --------------------------------------------------------------------------------

extern uint32_t fib_held;
extern uint64_t fib_overruns, fib_wrong_gateways;
void open_fib(void);
void read_fib(void);
bool is_fib(const void *token);
uint32_t count_fib(void);
bool fib_full(void);
bool fib_empty(void);

// ---- Measuring and reporting (meter.c) --------------------------------------------------------------------------

typedef struct {
  uint64_t at;
  double dut, dut_system, self, busy, softirq, steal; // CPU seconds so far
} mark_t;

mark_t mark(void);
double dut_memory_mb(const char *key); // a key of /proc/PID/status, summed over the processes
void sample_memory(void);
void report_work(mark_t from, mark_t to, uint64_t start, uint64_t end);
void report_delays(const char *name, samples_t *samples);
void report_sessions(bool ok, uint64_t start);
uint64_t last_complete_at(void);

// ---- What each kind of run does (phases.c) ----------------------------------------------------------------------

void run_phases(void);
void flap_tick(void);
bool is_flap_timer(const void *token);
void churn_next(session_t *s);
