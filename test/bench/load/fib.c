// The routes in the kernel of the speaker's namespace, watched through rtnetlink (rtnetlink(7)): events while they come
// and go, a full dump to be sure in the end. Gateways are compared with the next hops of the model.

#include "load.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <unistd.h>

#define RECEIVE_BUFFER_OCTETS (256 << 20)
#define READS_PER_TURN 256

uint32_t fib_held;
uint64_t fib_overruns, fib_wrong_gateways;
static int fib_socket = -1;
static uint64_t *present; // a bit per prefix
static uint8_t input[1 << 20];

bool is_fib(const void *token) { return token == &fib_socket; }
bool fib_full(void) { return fib_held == universe.total; }
bool fib_empty(void) { return fib_held == 0; }

typedef struct {
  bool ended;
  uint32_t counted;
} dump_t;

// The prefix of a route message, NO_PREFIX if it is none of ours; its gateway, if it has one.
static uint32_t route_prefix(struct nlmsghdr *h, const uint8_t **gateway) {
  struct rtmsg *r = NLMSG_DATA(h);
  const uint8_t *destination = NULL;
  *gateway = NULL;
  if (r->rtm_family != (opt.family == 4 ? AF_INET : AF_INET6) || r->rtm_type != RTN_UNICAST) return NO_PREFIX;
  int left = (int)h->nlmsg_len - (int)NLMSG_LENGTH(sizeof *r);
  for (struct rtattr *a = RTM_RTA(r); RTA_OK(a, left); a = RTA_NEXT(a, left)) {
    if (a->rta_type == RTA_DST) destination = RTA_DATA(a);
    if (a->rta_type == RTA_GATEWAY) *gateway = RTA_DATA(a);
  }
  if (!destination) return NO_PREFIX;
  if (opt.family == 4) return lookup4(get32(destination), r->rtm_dst_len);
  uint64_t high = (uint64_t)get32(destination) << 32 | get32(destination + 4);
  uint64_t low = (uint64_t)get32(destination + 8) << 32 | get32(destination + 12);
  return lookup6(high, low, r->rtm_dst_len);
}

static void note_event(uint32_t i, bool added) {
  uint64_t bit = 1ull << (i & 63);
  bool was = present[i >> 6] & bit;
  if (added == was) return;
  present[i >> 6] ^= bit;
  fib_held += added ? 1 : -1u;
}

// Routes of a datagram: changes of the FIB, or with `dump` rows of it.
static void read_routes(uint8_t *datagram, ssize_t length, dump_t *dump) {
  int left = (int)length;
  for (struct nlmsghdr *h = (struct nlmsghdr *)datagram; NLMSG_OK(h, left); h = NLMSG_NEXT(h, left)) {
    if (dump && (h->nlmsg_type == NLMSG_DONE || h->nlmsg_type == NLMSG_ERROR)) dump->ended = true;
    if (h->nlmsg_type != RTM_NEWROUTE && h->nlmsg_type != RTM_DELROUTE) continue;
    const uint8_t *gateway;
    uint32_t i = route_prefix(h, &gateway);
    if (i == NO_PREFIX) continue;
    if (!dump) {
      note_event(i, h->nlmsg_type == RTM_NEWROUTE);
      continue;
    }
    dump->counted++;
    if (gateway && !gateway_is_right(i, gateway)) fib_wrong_gateways++;
  }
}

// A socket that lives in the speaker's namespace while we stay in ours.
static int netlink_socket(uint32_t groups) {
  char path[256];
  snprintf(path, sizeof path, "/run/netns/%s", opt.netns);
  int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), there = open(path, O_RDONLY | O_CLOEXEC);
  if (home < 0 || there < 0 || setns(there, CLONE_NEWNET)) die("namespace %s: %s", opt.netns, strerror(errno));
  int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (fd < 0 || setns(home, CLONE_NEWNET)) die("netlink socket: %s", strerror(errno));
  close(there);
  close(home);
  int size = RECEIVE_BUFFER_OCTETS;
  setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
  struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = groups};
  if (bind(fd, (struct sockaddr *)&address, sizeof address)) die("netlink bind: %s", strerror(errno));
  return fd;
}

void open_fib(void) {
  if (!opt.netns) die("a kernel run needs --netns");
  present = allocate((universe.total + 63) / 64, sizeof *present);
  fib_socket = netlink_socket(opt.family == 4 ? RTMGRP_IPV4_ROUTE : RTMGRP_IPV6_ROUTE);
  watch(fib_socket, &fib_socket);
}

void read_fib(void) {
  for (int k = 0; k < READS_PER_TURN; k++) {
    ssize_t n = recv(fib_socket, input, sizeof input, MSG_DONTWAIT);
    if (n < 0) {
      if (errno == ENOBUFS) fib_overruns++;
      return;
    }
    now = clock_ns();
    read_routes(input, n, NULL);
  }
}

// Asks for all routes: how many of the universe are there. Counts wrong gateways too.
uint32_t count_fib(void) {
  struct {
    struct nlmsghdr header;
    struct rtmsg route;
  } question = {.header = {.nlmsg_len = sizeof question,
                           .nlmsg_type = RTM_GETROUTE,
                           .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
                .route = {.rtm_family = opt.family == 4 ? AF_INET : AF_INET6}};
  int fd = netlink_socket(0);
  dump_t dump = {0};
  if (send(fd, &question, sizeof question, 0) < 0) die("netlink dump: %s", strerror(errno));
  while (!dump.ended) {
    ssize_t n = recv(fd, input, sizeof input, 0);
    if (n <= 0) break;
    read_routes(input, n, &dump);
  }
  close(fd);
  return dump.counted;
}
