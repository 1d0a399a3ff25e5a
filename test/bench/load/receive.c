// What the speaker sends: messages are cut and checked, UPDATEs change the session's view of the universe.

#include "load.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>

#define READ_OCTETS (512 * 1024)

goal_t goal = EVERYTHING;
bool judging = true, timing;
samples_t announce_delays, withdraw_delays;
uint64_t *announced_at, *withdrawn_at;
uint32_t markers_used;
char view_fault[512];

// What one UPDATE says of its prefixes.
typedef struct {
  uint32_t digest, marker;
} saying_t;

// The attributes of the latest UPDATE that did not say what the model says, for the report.
static struct {
  int session;
  uint32_t index, digest;
  size_t length;
  uint8_t octets[256];
} odd = {.session = -1};
static uint32_t odd_index = NO_PREFIX;

static bool is_right(uint32_t index, uint32_t heard) {
  return heard == expected[index].self || heard == expected[index].kept;
}

// ---- The view ---------------------------------------------------------------------------------------------------

void forget_view(session_t *s) {
  memset(s->view, 0, universe.total * sizeof *s->view);
  s->held = s->right = 0;
  if (s->complete) s->complete = false, complete_count--;
  s->announcements = s->withdrawals = s->messages = s->octets = s->repeated = s->needless = 0;
}

static bool is_complete(const session_t *s) {
  if (goal == NOTHING) return s->held == 0;
  return s->right == s->expected && s->held == s->expected;
}

// Looks whether the session has become complete, or was and has lost something again.
static void judge(session_t *s) {
  bool complete = is_complete(s);
  if (complete == s->complete) return;
  s->complete = complete;
  complete_count += complete ? 1 : -1;
  if (complete) s->complete_at = now;
}

// After the goal or the model has changed.
void recount(void) {
  complete_count = 0;
  for (int k = 0; k < session_count; k++) {
    session_t *s = &sessions[k];
    s->held = s->right = 0;
    for (uint32_t i = 0; i < universe.total; i++) {
      if (!s->view[i] || owns(s, i)) continue;
      s->held++;
      s->right += is_right(i, s->view[i]);
    }
    s->complete = false;
    s->complete_at = 0;
    if (!judging || !is_complete(s)) continue;
    s->complete = true;
    complete_count++;
  }
}

static void take_sample(samples_t *samples, uint64_t since) {
  if (samples->count < samples->capacity) samples->values[samples->count++] = (float)((double)(now - since) / 1e3);
}

static inline void announced(session_t *s, uint32_t i, saying_t saying) {
  if (i == NO_PREFIX) {
    s->unknown++;
    return;
  }
  uint32_t before = s->view[i];
  s->view[i] = saying.digest;
  bool right = is_right(i, saying.digest);
  if (!right) odd_index = i;
  if (owns(s, i)) { // some speakers reflect a route to its originator; verify() looks at it
    s->own++;
    return;
  }
  s->announcements++;
  if (before) s->repeated++;
  else s->held++;
  s->right += (uint32_t)right - (uint32_t)(before && is_right(i, before));
  if (timing && saying.marker > MARKER_BASE && saying.marker - MARKER_BASE <= markers_used)
    take_sample(&announce_delays, announced_at[saying.marker - MARKER_BASE]);
}

static inline void withdrawn(session_t *s, uint32_t i) {
  if (i == NO_PREFIX) {
    s->unknown++;
    return;
  }
  uint32_t before = s->view[i];
  s->view[i] = 0;
  if (owns(s, i)) {
    s->own++;
    return;
  }
  s->withdrawals++;
  if (!before) {
    s->needless++;
    return;
  }
  s->held--;
  s->right -= is_right(i, before);
  if (timing && withdrawn_at[i]) take_sample(&withdraw_delays, withdrawn_at[i]);
}

// ---- UPDATE (RFC 4271 §4.3, RFC 4760) ---------------------------------------------------------------------------

// The first `octets` octets of an address; one load where the buffer reaches far enough.
static inline uint32_t address4(const uint8_t *p, const uint8_t *end, int octets) {
  static const uint32_t masks[] = {0, 0xff000000u, 0xffff0000u, 0xffffff00u, 0xffffffffu};
  if (p + 4 <= end) return get32(p) & masks[octets];
  uint32_t address = 0;
  for (int i = 0; i < octets; i++) address |= (uint32_t)p[i] << (24 - 8 * i);
  return address;
}

// Prefixes until `end`; `saying` NULL: withdrawn ones. False: malformed.
static bool read_nlri4(session_t *s, const uint8_t *p, const uint8_t *end, const saying_t *saying) {
  while (p < end) {
    int length = *p++, octets = (length + 7) >> 3;
    if (length > 32 || p + octets > end) return false;
    uint32_t i = lookup4(address4(p, end, octets), length);
    p += octets;
    if (saying) announced(s, i, *saying);
    else withdrawn(s, i);
  }
  return true;
}

static bool read_nlri6(session_t *s, const uint8_t *p, const uint8_t *end, const saying_t *saying) {
  while (p < end) {
    int length = *p++, octets = (length + 7) >> 3;
    uint8_t address[16] = {0};
    if (length > 128 || p + octets > end) return false;
    memcpy(address, p, (size_t)octets);
    p += octets;
    uint64_t high = (uint64_t)get32(address) << 32 | get32(address + 4);
    uint64_t low = (uint64_t)get32(address + 8) << 32 | get32(address + 12);
    uint32_t i = lookup6(high, low, length);
    if (saying) announced(s, i, *saying);
    else withdrawn(s, i);
  }
  return true;
}

static bool read_nlri(session_t *s, int afi, const uint8_t *p, const uint8_t *end, const saying_t *saying) {
  return afi == 1 ? read_nlri4(s, p, end, saying) : read_nlri6(s, p, end, saying);
}

typedef struct {
  uint64_t sum;
  uint32_t marker;
  const uint8_t *reach, *reach_end;
} attributes_t;

// One attribute of an UPDATE; adds its term. Withdrawals in MP_UNREACH_NLRI are carried out at once.
static bool read_attribute(session_t *s, uint8_t type, const uint8_t *v, size_t n, attributes_t *a) {
  switch (type) {
  case 4: // MULTI_EXIT_DISC: 0 is what an absent one counts as (RFC 4271 §9.1.2.2), and some speakers write it
    if (n != 4) return false;
    if (get32(v) != 0) a->sum += term(4, v, 4);
    return true;
  case 8: // COMMUNITIES: a set, in any order
    if (n % 4) return false;
    for (size_t i = 0; i < n; i += 4) a->sum += term(8, v + i, 4);
    if (n >= 4) a->marker = get32(v);
    return true;
  case 14: // MP_REACH_NLRI; of two IPv6 next hops the first is the global one
    if (n < 5 || 5u + v[3] > n) return false;
    a->sum += term(3, v + 4, v[3] == 32 ? 16 : v[3]);
    a->reach = v;
    a->reach_end = v + n;
    return true;
  case 15: // MP_UNREACH_NLRI
    return n >= 3 && read_nlri(s, get16(v), v + 3, v + n, NULL);
  default:
    a->sum += term(type, v, n);
    return true;
  }
}

static bool read_attributes(session_t *s, const uint8_t *p, const uint8_t *end, attributes_t *a) {
  while (p < end) {
    if (p + 3 > end) return false;
    bool is_long = p[0] & 0x10;
    uint8_t type = p[1];
    if (is_long && p + 4 > end) return false;
    size_t n = is_long ? get16(p + 2) : p[2];
    p += is_long ? 4 : 3;
    if (p + n > end || !read_attribute(s, type, p, n, a)) return false;
    p += n;
  }
  return true;
}

static void remember_odd(const session_t *s, saying_t saying, const uint8_t *attributes, size_t length) {
  odd.session = s->id;
  odd.index = odd_index;
  odd.digest = saying.digest;
  odd.length = length < sizeof odd.octets ? length : sizeof odd.octets;
  memcpy(odd.octets, attributes, odd.length);
  odd_index = NO_PREFIX;
}

static bool read_update(session_t *s, const uint8_t *m, size_t length) {
  const uint8_t *p = m + HEADER_OCTETS, *end = m + length;
  if (length < HEADER_OCTETS + 4) return false;
  size_t withdrawn_length = get16(p);
  p += 2;
  if (p + withdrawn_length + 2 > end || !read_nlri4(s, p, p + withdrawn_length, NULL)) return false;
  p += withdrawn_length;
  size_t attributes_length = get16(p);
  p += 2;
  const uint8_t *attributes = p, *nlri = p + attributes_length;
  attributes_t a = {0};
  if (nlri > end || !read_attributes(s, attributes, nlri, &a)) return false;
  saying_t saying = {digest(a.sum), a.marker};
  if (a.reach && !read_nlri(s, get16(a.reach), a.reach + 5 + a.reach[3], a.reach_end, &saying)) return false;
  if (!read_nlri4(s, nlri, end, &saying)) return false;
  if (odd_index != NO_PREFIX) remember_odd(s, saying, attributes, attributes_length);
  return true;
}

// ---- Messages ---------------------------------------------------------------------------------------------------

static bool read_open(session_t *s, const uint8_t *m, size_t length) {
  bool four_octet_as = false, family = false, extended = false;
  if (length < 29 || m[19] != 4) return false;
  const uint8_t *p = m + 29, *end = p + m[28];
  if (end > m + length) return false;
  while (p + 2 <= end) {
    const uint8_t *c = p + 2, *parameter_end = c + p[1];
    if (parameter_end > end) return false;
    for (; p[0] == 2 && c + 2 <= parameter_end; c += 2 + c[1]) {
      if (c + 2 + c[1] > parameter_end) return false;
      if (c[0] == 65) four_octet_as = true;
      if (c[0] == 6) extended = true;
      if (c[0] == 1 && c[1] == 4 && get16(c + 2) == (opt.family == 4 ? 1 : 2) && c[5] == 1) family = true;
    }
    p = parameter_end;
  }
  if (!four_octet_as) die("the speaker does not offer 4-octet AS numbers");
  if (!family && opt.family == 6) die("the speaker does not offer IPv6 unicast");
  s->max_message = opt.extended && extended ? MAX_EXTENDED : MAX_MESSAGE;
  return true;
}

// Gives what is wrong, or NULL.
static const char *read_message(session_t *s, const uint8_t *m, size_t length) {
  static char words[80];
  switch (m[18]) {
  case 1:
    if (s->state != OPEN_SENT) return "an OPEN out of turn";
    if (!read_open(s, m, length)) return "a bad OPEN";
    s->state = OPEN_CONFIRM;
    send_keepalive(s);
    return NULL;
  case 2:
    if (s->state != ESTABLISHED) return "an UPDATE out of turn";
    return read_update(s, m, length) ? NULL : "a malformed UPDATE";
  case 3:
    snprintf(words, sizeof words, "NOTIFICATION %d/%d from the speaker", m[19], m[20]);
    return words;
  case 4:
    if (s->state == OPEN_CONFIRM) established(s);
    return NULL;
  case 5: // ROUTE-REFRESH: nothing has changed since
    return NULL;
  default:
    return "a message of unknown type";
  }
}

static bool header_is_good(const session_t *s, const uint8_t *m) {
  size_t length = get16(m + 16);
  return load64(m) == ~0ull && load64(m + 8) == ~0ull && length >= HEADER_OCTETS && length <= s->max_message;
}

void read_session(session_t *s) {
  static uint8_t input[MAX_EXTENDED + 1 + READ_OCTETS];
  memcpy(input, s->rest, s->rest_length);
  ssize_t n = recv(s->fd, input + s->rest_length, READ_OCTETS, MSG_DONTWAIT);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n <= 0) {
    fail_session(s, n ? strerror(errno) : "closed by the speaker");
    return;
  }
  now = clock_ns();
  if (opt.quick_ack) {
    int one = 1;
    setsockopt(s->fd, IPPROTO_TCP, TCP_QUICKACK, &one, sizeof one);
  }
  s->octets += (uint64_t)n;
  const uint8_t *p = input, *end = input + s->rest_length + n;
  s->rest_length = 0;
  while (end - p >= HEADER_OCTETS) {
    if (!header_is_good(s, p)) {
      s->malformed++;
      fail_session(s, "a malformed message header");
      return;
    }
    size_t length = get16(p + 16);
    if ((size_t)(end - p) < length) break;
    s->messages++;
    const char *why = read_message(s, p, length);
    if (why) {
      s->malformed += p[18] != 3;
      fail_session(s, why);
    }
    if (s->fd < 0) return; // also where a KEEPALIVE could not be sent
    p += length;
  }
  s->rest_length = (size_t)(end - p);
  memcpy(s->rest, p, s->rest_length);
  if (judging && s->state == ESTABLISHED) judge(s);
}

// ---- Verification -----------------------------------------------------------------------------------------------

static void describe_fault(const session_t *s, uint32_t i, const char *what) {
  char prefix[64], address[INET6_ADDRSTRLEN];
  struct in_addr a = {htonl(s->router_id)};
  inet_ntop(AF_INET, &a, address, sizeof address);
  format_prefix(prefix, sizeof prefix, i);
  int n = snprintf(view_fault, sizeof view_fault, "session %d (%s): %s: %s", s->id, address, prefix, what);
  if (odd.session != s->id || odd.index != i || odd.digest != s->view[i]) return;
  n += snprintf(view_fault + n, sizeof view_fault - (size_t)n, ", heard ");
  for (size_t k = 0; k < odd.length && (size_t)n + 3 < sizeof view_fault; k++)
    n += snprintf(view_fault + n, sizeof view_fault - (size_t)n, "%02x", odd.octets[k]);
}

static const char *fault_of(const session_t *s, uint32_t i) {
  uint32_t heard = s->view[i];
  if (goal == NOTHING) return heard ? "was not withdrawn" : NULL;
  if (owns(s, i)) return !heard || is_right(i, heard) ? NULL : "another path than the best, its own, was not withdrawn";
  if (!heard) return "is missing";
  return is_right(i, heard) ? NULL : "has other attributes than the model";
}

// Tells the remembered UPDATE if it is still somebody's last word: it says most.
static void prefer_odd(void) {
  if (odd.session < 0) return;
  const session_t *s = &sessions[odd.session];
  const char *what = fault_of(s, odd.index);
  if (what && s->view[odd.index] == odd.digest) describe_fault(s, odd.index, what);
}

// Compares the last word that every session heard on every prefix with the model; view_fault tells a difference.
bool verify(void) {
  view_fault[0] = 0;
  for (int k = 0; k < session_count; k++) {
    for (uint32_t i = 0; i < universe.total; i++) {
      const char *what = fault_of(&sessions[k], i);
      if (!what) continue;
      describe_fault(&sessions[k], i, what);
      prefer_odd();
      return false;
    }
  }
  return true;
}
