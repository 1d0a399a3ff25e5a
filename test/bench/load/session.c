// The sessions: connecting, the handshake of RFC 4271 §8 in its simplest form, sending; and the event loop.
//
// We connect, the speaker listens. Every session has its own source address. While `may_retry` holds a failed session
// is tried again; afterwards a lost session ends the run.

#include "load.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#define HOLD_TIME_SECONDS 180
#define KEEPALIVE_NS 25000000000ull
#define SCAN_NS 2000000ull
#define MEMORY_SAMPLE_NS 100000000ull
#define BURST_OCTETS 262144 // written to one session before the others have their turn
#define EVENTS 512

session_t *sessions;
int session_count, up_count, complete_count, drop_count, poller;
bool may_retry = true, start_when_up;
uint64_t first_sent_at;
static int pending_count;

uint32_t client_router_id(int id) {
  struct in_addr dut;
  inet_pton(AF_INET, opt.dut4, &dut);
  return (ntohl(dut.s_addr) & 0xffff0000u) + 256u * (1 + (uint32_t)id / 200) + 1 + (uint32_t)id % 200;
}

// As namespaces.ts gives them out.
void client_address(int id, struct sockaddr_storage *address, socklen_t *length) {
  memset(address, 0, sizeof *address);
  if (opt.family == 4) {
    struct sockaddr_in *a = (struct sockaddr_in *)address;
    a->sin_family = AF_INET;
    a->sin_addr.s_addr = htonl(client_router_id(id));
    *length = sizeof *a;
    return;
  }
  struct sockaddr_in6 *a = (struct sockaddr_in6 *)address;
  a->sin6_family = AF_INET6;
  inet_pton(AF_INET6, opt.dut6, &a->sin6_addr);
  memset(a->sin6_addr.s6_addr + 8, 0, 8);
  a->sin6_addr.s6_addr[14] = (uint8_t)(1 + id / 200);
  a->sin6_addr.s6_addr[15] = (uint8_t)(1 + id % 200);
  *length = sizeof *a;
}

static void dut_address(struct sockaddr_storage *address) {
  memset(address, 0, sizeof *address);
  if (opt.family == 4) {
    struct sockaddr_in *a = (struct sockaddr_in *)address;
    a->sin_family = AF_INET;
    a->sin_port = htons((uint16_t)opt.port);
    inet_pton(AF_INET, opt.dut4, &a->sin_addr);
    return;
  }
  struct sockaddr_in6 *a = (struct sockaddr_in6 *)address;
  a->sin6_family = AF_INET6;
  a->sin6_port = htons((uint16_t)opt.port);
  inet_pton(AF_INET6, opt.dut6, &a->sin6_addr);
}

void make_sessions(void) {
  session_count = opt.clients + (opt.table > 0 ? opt.paths : 0);
  sessions = allocate((size_t)session_count, sizeof *sessions);
  for (int i = 0; i < session_count; i++) {
    session_t *s = &sessions[i];
    s->id = i;
    s->fd = -1;
    s->as = opt.ebgp ? 4200000000u + (uint32_t)i : opt.dut_as;
    s->router_id = client_router_id(i);
    s->rest = allocate(1, MAX_EXTENDED + 1);
    s->view = allocate(universe.total, sizeof *s->view);
    forget_view(s); // touches the pages before the clock starts
    s->max_message = MAX_MESSAGE;
    s->first = NO_PREFIX;
    if (i >= opt.clients) {
      s->sends_table = true;
      s->first = universe.blocks;
      s->count = universe.table;
    } else if (i < opt.senders) {
      s->first = (uint32_t)i * (uint32_t)opt.blocks;
      s->count = (uint32_t)opt.blocks;
    }
  }
}

// ---- Sending ----------------------------------------------------------------------------------------------------

static void want_output(session_t *s, bool wanted) {
  if (s->wants_out == wanted) return;
  struct epoll_event e = {.events = EPOLLIN | (wanted ? EPOLLOUT : 0u), .data.ptr = s};
  s->wants_out = wanted;
  epoll_ctl(poller, EPOLL_CTL_MOD, s->fd, &e);
}

void flush_output(session_t *s) {
  for (size_t burst = 0; burst < BURST_OCTETS;) {
    if (s->out_done == s->out_length) {
      s->out = NULL;
      s->out_length = s->out_done = 0;
      if (s->churn) churn_next(s);
      if (!s->out) {
        want_output(s, false);
        return;
      }
    }
    ssize_t n = send(s->fd, s->out + s->out_done, s->out_length - s->out_done, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && errno != EAGAIN && errno != EINTR) return; // reading will tell why
    if (n < 0) break;
    s->out_done += (size_t)n;
    burst += (size_t)n;
    s->last_sent_at = now;
  }
  want_output(s, true);
}

void transmit(session_t *s, const uint8_t *octets, size_t length) {
  if (s->out) die("session %d is still writing", s->id);
  if (!length) return;
  if (!first_sent_at) first_sent_at = clock_ns();
  s->out = octets;
  s->out_length = length;
  s->out_done = 0;
  flush_output(s);
}

void send_control(session_t *s, const uint8_t *octets, size_t length) {
  s->last_sent_at = now;
  ssize_t n = send(s->fd, octets, length, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (n != (ssize_t)length) fail_session(s, "a short message did not fit");
}

void send_keepalive(session_t *s) {
  uint8_t m[HEADER_OCTETS];
  memset(m, 0xff, 16);
  put16(m + 16, HEADER_OCTETS);
  m[18] = 4;
  send_control(s, m, sizeof m);
}

static void send_open(session_t *s) {
  uint8_t m[64], capabilities[32], *c = capabilities, *p = m + HEADER_OCTETS;
  *c++ = 1, *c++ = 4; // multiprotocol, RFC 4760
  c = put16(c, opt.family == 4 ? 1 : 2);
  *c++ = 0, *c++ = 1;
  *c++ = 2, *c++ = 0; // route refresh, RFC 2918
  *c++ = 65, *c++ = 4; // 4-octet AS, RFC 6793
  c = put32(c, s->as);
  if (opt.extended) *c++ = 6, *c++ = 0; // RFC 8654
  uint8_t length = (uint8_t)(c - capabilities);
  memset(m, 0xff, 16);
  m[18] = 1;
  *p++ = 4;
  p = put16(p, s->as > 65535 ? 23456 : s->as);
  p = put16(p, HOLD_TIME_SECONDS);
  p = put32(p, s->router_id);
  *p++ = (uint8_t)(length + 2);
  *p++ = 2, *p++ = length;
  memcpy(p, capabilities, length);
  p += length;
  put16(m + 16, (uint32_t)(p - m));
  send_control(s, m, (size_t)(p - m));
}

// ---- Life -------------------------------------------------------------------------------------------------------

static bool is_pending(const session_t *s) { return s->state != IDLE && s->state != ESTABLISHED; }

void close_session(session_t *s, uint64_t retry_in_ns) {
  if (s->fd >= 0) close(s->fd);
  if (s->state == ESTABLISHED) up_count--;
  if (is_pending(s)) pending_count--;
  s->fd = -1;
  s->state = IDLE;
  s->out = NULL;
  s->out_length = s->out_done = 0;
  s->wants_out = false;
  s->rest_length = 0;
  s->churn = NOT_CHURNING;
  s->retry_at = now + retry_in_ns;
}

void fail_session(session_t *s, const char *why) {
  if (opt.verbose || !may_retry) fprintf(stderr, "session %d: %s (state %d)\n", s->id, why, s->state);
  if (!may_retry) drop_count++;
  s->retries++;
  close_session(s, 100000000ull);
}

static void connect_session(session_t *s) {
  struct sockaddr_storage source, destination;
  socklen_t length;
  int one = 1;
  client_address(s->id, &source, &length);
  dut_address(&destination);
  s->fd = socket(source.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (s->fd < 0) die("socket: %s", strerror(errno));
  setsockopt(s->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (bind(s->fd, (struct sockaddr *)&source, length)) die("bind session %d: %s", s->id, strerror(errno));
  s->state = CONNECTING;
  s->tried_at = now;
  pending_count++;
  if (connect(s->fd, (struct sockaddr *)&destination, length) && errno != EINPROGRESS) {
    fail_session(s, strerror(errno));
    return;
  }
  struct epoll_event e = {.events = EPOLLIN | EPOLLOUT, .data.ptr = s};
  s->wants_out = true;
  epoll_ctl(poller, EPOLL_CTL_ADD, s->fd, &e);
}

static void connected(session_t *s) {
  int error = 0;
  socklen_t length = sizeof error;
  getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &length);
  if (error) {
    fail_session(s, strerror(error));
    return;
  }
  s->state = OPEN_SENT;
  s->max_message = MAX_MESSAGE;
  want_output(s, false);
  send_open(s);
}

void established(session_t *s) {
  s->state = ESTABLISHED;
  pending_count--;
  up_count++;
  s->up_at = now;
  if (start_when_up) transmit(s, s->announce.octets, s->announce.length);
}

// ---- The event loop ---------------------------------------------------------------------------------------------

static void retry_sessions(void) {
  for (int i = 0; i < session_count; i++) {
    session_t *s = &sessions[i];
    if (s->state == IDLE && now >= s->retry_at && pending_count < opt.inflight) connect_session(s);
    else if (is_pending(s) && (double)(now - s->tried_at) > opt.handshake_timeout * 1e9) {
      s->retries++;
      close_session(s, random_below(100) * 1000000ull); // with jitter, as ConnectRetryTimer has
    }
  }
}

static void tick(void) {
  static uint64_t scanned_at, kept_alive_at, sampled_at;
  if (may_retry && now - scanned_at >= SCAN_NS) {
    scanned_at = now;
    retry_sessions();
  }
  if (!timing && now - sampled_at >= MEMORY_SAMPLE_NS) {
    sampled_at = now;
    sample_memory();
  }
  if (now - kept_alive_at < 1000000000ull) return;
  kept_alive_at = now;
  for (int i = 0; i < session_count; i++) {
    session_t *s = &sessions[i];
    if (s->state == ESTABLISHED && !s->out && now - s->last_sent_at > KEEPALIVE_NS) send_keepalive(s);
  }
}

void watch(int fd, void *token) {
  struct epoll_event e = {.events = EPOLLIN, .data.ptr = token};
  epoll_ctl(poller, EPOLL_CTL_ADD, fd, &e);
}

static void serve(session_t *s, uint32_t events) {
  if (s->fd < 0) return; // closed earlier in this turn
  if (s->state == CONNECTING) {
    if (events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) connected(s);
    return;
  }
  if (events & (EPOLLIN | EPOLLERR | EPOLLHUP)) read_session(s);
  if (s->fd >= 0 && (events & EPOLLOUT)) flush_output(s);
}

void pump(int wait_ms) {
  struct epoll_event events[EVENTS];
  int n = epoll_wait(poller, events, EVENTS, wait_ms);
  now = clock_ns();
  for (int i = 0; i < n; i++) {
    void *token = events[i].data.ptr;
    if (is_fib(token)) read_fib();
    else if (is_flap_timer(token)) flap_tick();
    else serve(token, events[i].events);
  }
  tick();
}

bool until(bool (*condition)(void), double seconds) {
  uint64_t deadline = clock_ns() + (uint64_t)(seconds * 1e9);
  while (!condition()) {
    if (now > deadline || drop_count) return false;
    pump(may_retry && up_count < session_count ? 2 : 20);
  }
  return true;
}

void pump_for(double seconds) {
  uint64_t deadline = clock_ns() + (uint64_t)(seconds * 1e9);
  for (now = clock_ns(); now < deadline && !drop_count; now = clock_ns()) {
    uint64_t ms = (deadline - now) / 1000000;
    pump(ms > 20 ? 20 : (int)ms);
  }
}

bool all_up(void) { return up_count == session_count; }
bool all_complete(void) { return complete_count == session_count; }
bool all_written(void) {
  for (int i = 0; i < session_count; i++)
    if (sessions[i].out) return false;
  return true;
}
