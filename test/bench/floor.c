// Not a BGP speaker, but the floor under all of them: it copies the octets of every UPDATE to all other sessions and
// looks at nothing. No table, no decision, no policy. What it takes is what the harness and the kernel take.
//
//   floor AS ROUTER_ID PORT
//
// All UPDATEs are kept in one log, in order. Every session has a position in it and skips what it has sent itself, so
// one that comes later gets everything that the living ones have sent. End-of-RIB markers are not copied.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define LOG_OCTETS (64ull << 30) // reserved, not used: pages come when they are touched
#define PIECES 256
#define WRITE_OCTETS (1u << 20)
#define READ_OCTETS (256 * 1024)
#define MAX_MESSAGE 65535

typedef struct {
  uint64_t offset;
  uint32_t length;
  int source; // session, -1 when it has gone
} segment_t;

typedef struct {
  int fd, id;
  bool up, wants_out;
  uint8_t rest[MAX_MESSAGE + 1]; // the beginning of a message
  size_t rest_length;
  uint64_t segment; // the next one to send, and how much of it has been sent
  uint32_t sent;
} session_t;

static uint8_t *log_octets;
static uint64_t log_length, segment_count, segment_capacity;
static segment_t *segments;
static session_t **sessions;
static int session_count, poller;
static uint32_t own_as;
static struct in_addr router_id;

static void die(const char *what) {
  perror(what);
  exit(1);
}

static void want_output(session_t *s, bool wanted) {
  struct epoll_event e = {.events = EPOLLIN | (wanted ? EPOLLOUT : 0u), .data.ptr = s};
  if (s->wants_out == wanted) return;
  s->wants_out = wanted;
  epoll_ctl(poller, EPOLL_CTL_MOD, s->fd, &e);
}

static void drop(session_t *s) {
  for (uint64_t i = 0; i < segment_count; i++)
    if (segments[i].source == s->id) segments[i].source = -1;
  close(s->fd);
  sessions[s->id] = NULL;
  free(s);
}

static bool is_skipped(const session_t *s, uint64_t i) { return segments[i].source == s->id || segments[i].source < 0; }

static void skip(session_t *s) {
  for (; s->segment < segment_count && is_skipped(s, s->segment); s->segment++) s->sent = 0;
}

// Pieces of the log that come next; neighbours are joined. Gives their number.
static int gather(const session_t *s, struct iovec pieces[PIECES], size_t *total) {
  int n = 0;
  *total = 0;
  for (uint64_t i = s->segment; i < segment_count && n < PIECES && *total < WRITE_OCTETS; i++) {
    if (is_skipped(s, i)) continue;
    uint32_t done = i == s->segment ? s->sent : 0, length = segments[i].length - done;
    uint8_t *from = log_octets + segments[i].offset + done;
    if (n && (uint8_t *)pieces[n - 1].iov_base + pieces[n - 1].iov_len == from) pieces[n - 1].iov_len += length;
    else pieces[n++] = (struct iovec){from, length};
    *total += length;
  }
  return n;
}

static void advance(session_t *s, size_t written) {
  while (written > 0) {
    skip(s);
    uint32_t left = segments[s->segment].length - s->sent;
    if (written < left) {
      s->sent += (uint32_t)written;
      return;
    }
    written -= left;
    s->segment++;
    s->sent = 0;
  }
}

static void flush(session_t *s) {
  for (;;) {
    struct iovec pieces[PIECES];
    size_t total;
    skip(s);
    int n = gather(s, pieces, &total);
    ssize_t written = n ? writev(s->fd, pieces, n) : 0;
    if (written > 0) advance(s, (size_t)written);
    if (n && written == (ssize_t)total) continue;
    want_output(s, n != 0);
    return;
  }
}

static void keep(const session_t *s, const uint8_t *octets, size_t length) {
  if (log_length + length > LOG_OCTETS) {
    errno = ENOSPC;
    die("log");
  }
  if (segment_count == segment_capacity) {
    segment_capacity = segment_capacity ? segment_capacity * 2 : 1024;
    segments = realloc(segments, segment_capacity * sizeof *segments);
    if (!segments) die("memory");
  }
  segments[segment_count++] = (segment_t){log_length, (uint32_t)length, s->id};
  memcpy(log_octets + log_length, octets, length);
  log_length += length;
}

// OPEN and KEEPALIVE in one.
static void answer_open(const session_t *s) {
  uint8_t m[128], *p = m + 19;
  uint16_t as = own_as > 65535 ? 23456 : (uint16_t)own_as;
  const uint8_t capabilities[] = {1, 4, 0, 1, 0, 1, 1, 4, 0, 2, 0, 1, 65, 4, (uint8_t)(own_as >> 24),
                                  (uint8_t)(own_as >> 16), (uint8_t)(own_as >> 8), (uint8_t)own_as};
  memset(m, 0xff, 16);
  *p++ = 4;
  *p++ = (uint8_t)(as >> 8), *p++ = (uint8_t)as;
  *p++ = 0, *p++ = 180;
  memcpy(p, &router_id, 4);
  p += 4;
  *p++ = sizeof capabilities + 2;
  *p++ = 2;
  *p++ = sizeof capabilities;
  memcpy(p, capabilities, sizeof capabilities);
  p += sizeof capabilities;
  m[16] = 0, m[17] = (uint8_t)(p - m), m[18] = 1;
  memset(p, 0xff, 16);
  p[16] = 0, p[17] = 19, p[18] = 4;
  if (write(s->fd, m, (size_t)(p + 19 - m)) < 0) perror("open");
}

static bool is_end_of_rib(const uint8_t *m, size_t length) {
  return m[18] == 2 && (length == 23 || length == 29 || length == 30);
}

// False: the session is over.
static bool read_session(session_t *s) {
  static uint8_t input[MAX_MESSAGE + 1 + READ_OCTETS];
  memcpy(input, s->rest, s->rest_length);
  ssize_t n = read(s->fd, input + s->rest_length, READ_OCTETS);
  if (n < 0 && errno == EAGAIN) return true;
  if (n <= 0) return false;
  uint8_t *p = input, *end = input + s->rest_length + n, *updates = NULL;
  while (end - p >= 19) {
    size_t length = (size_t)p[16] << 8 | p[17];
    if (length < 19) return false;
    if ((size_t)(end - p) < length) break;
    if (p[18] == 2 && !is_end_of_rib(p, length)) {
      if (!updates) updates = p;
    } else {
      if (updates) keep(s, updates, (size_t)(p - updates));
      updates = NULL;
      if (p[18] == 1) answer_open(s);
      if (p[18] == 4) s->up = true;
    }
    p += length;
  }
  if (updates) keep(s, updates, (size_t)(p - updates));
  s->rest_length = (size_t)(end - p);
  memcpy(s->rest, p, s->rest_length);
  return true;
}

static void accept_all(int listener) {
  int one = 1;
  for (int fd; (fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0;) {
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    session_t *s = calloc(1, sizeof *s);
    sessions = realloc(sessions, (size_t)(session_count + 1) * sizeof *sessions);
    if (!s || !sessions) die("memory");
    s->fd = fd;
    s->id = session_count; // never used again
    sessions[session_count++] = s;
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = s};
    epoll_ctl(poller, EPOLL_CTL_ADD, fd, &e);
  }
}

static void serve(session_t *s, uint32_t events) {
  bool was_up = s->up;
  if (events & (EPOLLIN | EPOLLHUP | EPOLLERR) && !read_session(s)) {
    drop(s);
    return;
  }
  if ((events & EPOLLOUT) || (!was_up && s->up)) flush(s);
}

static int listen_on(int port) {
  int fd = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1, zero = 0;
  struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof zero);
  if (bind(fd, (struct sockaddr *)&any, sizeof any) || listen(fd, 4096)) die("listen");
  return fd;
}

int main(int count, char **words) {
  if (count < 4) {
    fprintf(stderr, "usage: floor AS ROUTER_ID PORT\n");
    return 2;
  }
  own_as = (uint32_t)strtoul(words[1], NULL, 10);
  inet_pton(AF_INET, words[2], &router_id);
  signal(SIGPIPE, SIG_IGN);
  log_octets = mmap(NULL, LOG_OCTETS, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (log_octets == MAP_FAILED) die("log");
  int listener = listen_on(atoi(words[3]));
  struct epoll_event e = {.events = EPOLLIN, .data.ptr = NULL}, events[256];
  poller = epoll_create1(0);
  epoll_ctl(poller, EPOLL_CTL_ADD, listener, &e);
  for (;;) {
    int n = epoll_wait(poller, events, 256, 1000);
    uint64_t before = segment_count;
    for (int i = 0; i < n; i++) {
      if (events[i].data.ptr) serve(events[i].data.ptr, events[i].events);
      else accept_all(listener);
    }
    for (int i = 0; segment_count != before && i < session_count; i++)
      if (sessions[i] && sessions[i]->up && !sessions[i]->wants_out) flush(sessions[i]);
  }
}
