// Options, set-up, and one JSON object on standard output. test/bench/README.md tells what the options mean.

#include "load.h"
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>

options_t opt = {
    .kind = "converge", .dut4 = "10.99.0.1", .dut6 = "fd99::1", .dut_as = 64512, .port = 179, .family = 4,
    .clients = 10, .senders = -1, .blocks = 20, .attrs = 1, .paths = 1, .rate = 100, .inflight = 8, .per_attr = 6,
    .timeout = 110, .connect_timeout = 60, .handshake_timeout = 2, .settle = 2, .linger = 0.3, .flap_seconds = 5,
    .seed = 1, .events = 1000000};

typedef enum { TEXT, INTEGER, UNSIGNED, LONG, REAL, FLAG } type_t;
static const struct {
  const char *name;
  type_t type;
  void *target;
} options[] = {
    {"kind", TEXT, &opt.kind},
    {"dut-addr", TEXT, &opt.dut4},
    {"dut-addr6", TEXT, &opt.dut6},
    {"pids", TEXT, &opt.pids},
    {"netns", TEXT, &opt.netns},
    {"dut-as", UNSIGNED, &opt.dut_as},
    {"port", INTEGER, &opt.port},
    {"family", INTEGER, &opt.family},
    {"clients", INTEGER, &opt.clients},
    {"senders", INTEGER, &opt.senders},
    {"blocks", INTEGER, &opt.blocks},
    {"attrs", INTEGER, &opt.attrs},
    {"pack", INTEGER, &opt.pack},
    {"table", INTEGER, &opt.table},
    {"paths", INTEGER, &opt.paths},
    {"rate", INTEGER, &opt.rate},
    {"inflight", INTEGER, &opt.inflight},
    {"seed", LONG, &opt.seed},
    {"events", LONG, &opt.events},
    {"per-attr", REAL, &opt.per_attr},
    {"timeout", REAL, &opt.timeout},
    {"connect-timeout", REAL, &opt.connect_timeout},
    {"handshake-timeout", REAL, &opt.handshake_timeout},
    {"settle", REAL, &opt.settle},
    {"linger", REAL, &opt.linger},
    {"spread", REAL, &opt.spread},
    {"flap-seconds", REAL, &opt.flap_seconds},
    {"rest", REAL, &opt.rest},
    {"ebgp", FLAG, &opt.ebgp},
    {"ext-msg", FLAG, &opt.extended},
    {"third-party-nh", FLAG, &opt.third_next_hop},
    {"quickack", FLAG, &opt.quick_ack},
    {"relay", FLAG, &opt.relay},
    {"verbose", FLAG, &opt.verbose},
};
#define OPTION_COUNT (sizeof options / sizeof *options)

static void set_option(size_t k, const char *value) {
  switch (options[k].type) {
  case TEXT: *(const char **)options[k].target = value; return;
  case INTEGER: *(int *)options[k].target = atoi(value); return;
  case UNSIGNED: *(uint32_t *)options[k].target = (uint32_t)strtoul(value, NULL, 10); return;
  case LONG: *(uint64_t *)options[k].target = strtoull(value, NULL, 10); return;
  case REAL: *(double *)options[k].target = atof(value); return;
  case FLAG: *(bool *)options[k].target = true; return;
  }
}

static void read_options(int count, char **words) {
  struct option table[OPTION_COUNT + 1] = {0};
  for (size_t k = 0; k < OPTION_COUNT; k++)
    table[k] = (struct option){options[k].name, options[k].type != FLAG, NULL, (int)k};
  for (int k; (k = getopt_long(count, words, "", table, NULL)) != -1;) {
    if (k == '?') exit(2);
    set_option((size_t)k, optarg);
  }
}

static bool is(const char *kind) { return !strcmp(opt.kind, kind); }

static void check_options(void) {
  static const char *const kinds[] = {"converge", "withdraw", "reconnect", "flap", "churn", "kernel"};
  bool known = false;
  for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) known |= is(kinds[k]);
  if (!known) die("no such kind of run: %s", opt.kind);
  if (opt.family != 4 && opt.family != 6) die("--family is 4 or 6");
  if (opt.paths < 1 || opt.paths > MAX_PATHS) die("--paths is 1 to %d", MAX_PATHS);
  if (opt.paths > 1 && !opt.table) die("--paths needs --table");
  if (opt.senders < 0 || opt.senders > opt.clients) opt.senders = opt.clients;
  bool wants_blocks = is("flap") || is("churn");
  if (wants_blocks && (opt.table || opt.senders * opt.blocks == 0)) die("%s works on blocks, not on a table", opt.kind);
  if (is("churn") && opt.pack == 0) opt.pack = 20; // many UPDATEs, not one huge one
}

static void begin_report(double connect_seconds) {
  uint64_t updates = 0;
  for (int i = 0; i < session_count; i++) updates += sessions[i].announce_updates;
  printf("{\"kind\":\"%s\",\"prefixes\":%u,\"tx_updates\":%llu,\"connect_s\":%.3f", opt.kind, universe.total,
         (unsigned long long)updates, connect_seconds);
}

int main(int count, char **words) {
  read_options(count, words);
  check_options();
  signal(SIGPIPE, SIG_IGN);
  make_universe();
  make_model();
  poller = epoll_create1(EPOLL_CLOEXEC);
  make_sessions();
  bool marked = is("flap") || is("churn");
  for (int i = 0; i < session_count; i++) encode_session(&sessions[i], marked);
  count_expected();
  expect_marker_everywhere(marked ? MARKER_BASE : 0);
  if (is("kernel")) open_fib();

  now = clock_ns();
  uint64_t began_at = now;
  bool up = until(all_up, opt.connect_timeout);
  begin_report((double)(now - began_at) / 1e9);
  if (!up) {
    printf(",\"ok\":false,\"error\":\"only %d of %d sessions came up\"}\n", up_count, session_count);
    return 1;
  }
  may_retry = false;
  pump_for(opt.settle);
  for (int i = 0; i < session_count; i++) sessions[i].messages = sessions[i].octets = sessions[i].retries = 0;
  run_phases();
  printf("}\n");
  return 0;
}
