// What each kind of run does once all sessions are up.
//
//   converge   everybody announces                          clock: first UPDATE … every view is the model's
//   withdraw   converge, then everybody withdraws           clock: first withdrawal … no view holds anything
//   reconnect  converge, then all clients close and return  clock: closing … every view is the model's again
//   flap       converge, then single events at a low rate   delay of each event at each session
//   churn      converge, then withdraw and announce at full speed, a last announcement marked as such
//   kernel     converge into the kernel's table, then withdraw from it

#include "load.h"
#include <stdlib.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define FLAP_STRIDE 7919 // a prime: events wander over the senders

static bool is(const char *kind) { return !strcmp(opt.kind, kind); }

static void transmit_buffer(session_t *s, const buffer_t *b) { transmit(s, b->octets, b->length); }

static void announce_all(void) {
  for (int i = 0; i < session_count; i++) transmit_buffer(&sessions[i], &sessions[i].announce);
}

static void withdraw_all(void) {
  for (int i = 0; i < session_count; i++) transmit_buffer(&sessions[i], &sessions[i].withdraw);
}

// Waits until every session is complete and has stayed so for `linger` seconds; `end` is taken when it became so.
static bool until_stable(mark_t *end, double seconds, double linger) {
  uint64_t deadline = clock_ns() + (uint64_t)(seconds * 1e9);
  for (;;) {
    double left = ((double)deadline - (double)clock_ns()) / 1e9;
    bool reached = left > 0 && until(all_complete, left);
    *end = mark();
    sample_memory();
    if (!reached) return false;
    pump_for(linger);
    if (all_complete() && last_complete_at() <= end->at) return !drop_count;
  }
}

// When a phase ended: with its last completion, or when it was given up.
static uint64_t end_of(bool ok) { return ok ? last_complete_at() : clock_ns(); }

static uint64_t routes_held(void) {
  uint64_t sum = 0;
  for (int i = 0; i < session_count; i++) sum += sessions[i].held;
  return sum;
}

// ---- converge ---------------------------------------------------------------------------------------------------

typedef struct {
  mark_t from, to;
  uint64_t start, end;
  bool ok;
} phase_t;

static phase_t converge(void) {
  phase_t p = {.from = mark()};
  first_sent_at = 0;
  recount();
  announce_all();
  p.start = first_sent_at ? first_sent_at : p.from.at;
  p.ok = until_stable(&p.to, opt.timeout, opt.linger);
  p.end = end_of(p.ok);
  return p;
}

static void report_converged(const phase_t *p) {
  report_work(p->from, p->to, p->start, p->end);
  printf(",\"routes_per_s\":%.0f", (double)routes_held() / ((double)(p->end - p->start) / 1e9));
  report_sessions(p->ok, p->start);
}

// ---- withdraw ---------------------------------------------------------------------------------------------------

static void run_withdraw(const phase_t *first, double before_mb) {
  double full_mb = dut_memory_mb("VmRSS");
  printf(",\"announce_wall_s\":%.4f,\"announce_cpu_s\":%.4f", (double)(first->end - first->start) / 1e9,
         first->to.dut - first->from.dut);
  uint64_t routes = routes_held();
  for (int i = 0; i < session_count; i++) sessions[i].messages = sessions[i].octets = 0;
  goal = NOTHING;
  recount();
  phase_t p = {.from = mark()};
  first_sent_at = 0;
  withdraw_all();
  p.start = first_sent_at;
  p.ok = until_stable(&p.to, opt.timeout, opt.linger);
  p.end = end_of(p.ok);
  report_work(p.from, p.to, p.start, p.end);
  printf(",\"routes_per_s\":%.0f", (double)routes / ((double)(p.end - p.start) / 1e9));
  double after_mb = dut_memory_mb("VmRSS");
  if (p.ok) pump_for(opt.rest);
  double rested_mb = dut_memory_mb("VmRSS");
  printf(",\"rss_before_mb\":%.1f,\"rss_full_mb\":%.1f,\"rss_after_mb\":%.1f,\"rss_rested_mb\":%.1f,"
         "\"rss_rested_ratio\":%.3f",
         before_mb, full_mb, after_mb, rested_mb, before_mb > 0 ? rested_mb / before_mb : 0.0);
  report_sessions(p.ok, p.start);
}

// ---- reconnect --------------------------------------------------------------------------------------------------

static void run_reconnect(void) {
  may_retry = true;
  start_when_up = true;
  opt.inflight = 1 << 20;
  mark_t from = mark(), to;
  now = from.at;
  for (int i = 0; i < opt.clients; i++) {
    forget_view(&sessions[i]);
    close_session(&sessions[i], (uint64_t)(opt.spread * 1e9 * i / opt.clients));
    sessions[i].up_at = 0;
  }
  recount();
  bool ok = until(all_up, opt.timeout) && until_stable(&to, opt.timeout, 1.0);
  if (!ok) to = mark();
  uint64_t end = end_of(ok), first_up = 0, last_up = 0;
  for (int i = 0; i < opt.clients; i++) {
    uint64_t at = sessions[i].up_at;
    if (at && (!first_up || at < first_up)) first_up = at;
    if (at > last_up) last_up = at;
  }
  report_work(from, to, from.at, end);
  if (first_up)
    printf(",\"first_up_s\":%.4f,\"last_up_s\":%.4f,\"after_last_up_s\":%.4f", (double)(first_up - from.at) / 1e9,
           (double)(last_up - from.at) / 1e9, end > last_up ? (double)(end - last_up) / 1e9 : 0.0);
  report_sessions(ok, from.at);
}

// ---- flap: even events withdraw a prefix, odd ones announce again one that was withdrawn a quarter of a second ago --

static int flap_timer = -1;
static uint32_t flap_count, flap_lag;
static buffer_t flap_message;

bool is_flap_timer(const void *token) { return token == &flap_timer; }

static uint32_t flap_prefix(uint32_t k) { return (uint32_t)((uint64_t)k * FLAP_STRIDE % universe.blocks); }

static void send_flap(uint32_t i, direction_t direction) {
  session_t *s = &sessions[owner_of_block(i)];
  if (s->out || s->fd < 0) return;
  attribute_set_t set;
  flap_message.length = 0;
  if (direction == ANNOUNCE) {
    uint32_t marker = MARKER_BASE + ++markers_used;
    make_attributes(&set, s, 0, true);
    put32(set.octets + set.marker_at, marker);
    set.marker_at = 0; // the message is not sent again
    expect_marker(i, marker);
  }
  emit(s, &flap_message, direction, i, 1, &set);
  now = clock_ns();
  if (direction == WITHDRAW) withdrawn_at[i] = now;
  else announced_at[markers_used] = now;
  send_control(s, flap_message.octets, flap_message.length);
}

void flap_tick(void) {
  uint64_t expirations;
  if (read(flap_timer, &expirations, sizeof expirations) != sizeof expirations || !timing) return;
  while (expirations--) {
    uint32_t k = flap_count++;
    if (k % 2 == 0) send_flap(flap_prefix(k / 2), WITHDRAW);
    else if (k / 2 >= flap_lag) send_flap(flap_prefix(k / 2 - flap_lag), ANNOUNCE);
  }
}

static void set_flap_timer(long interval_ns) {
  struct itimerspec t = {{interval_ns / 1000000000L, interval_ns % 1000000000L}, {0, interval_ns ? 1000000 : 0}};
  timerfd_settime(flap_timer, 0, &t, NULL);
}

static void prepare_flaps(void) {
  size_t events = (size_t)((opt.flap_seconds + 5) * opt.rate) + universe.blocks + 16;
  size_t room = (events + 16) * (size_t)session_count;
  announce_delays = (samples_t){allocate(room, sizeof(float)), 0, room};
  withdraw_delays = (samples_t){allocate(room, sizeof(float)), 0, room};
  announced_at = allocate(events, sizeof *announced_at);
  withdrawn_at = allocate(universe.blocks, sizeof *withdrawn_at);
  flap_lag = (uint32_t)opt.rate / 4 < universe.blocks / 4 ? (uint32_t)opt.rate / 4 : universe.blocks / 4;
  if (universe.blocks % FLAP_STRIDE == 0) die("the number of blocks must not be a multiple of %d", FLAP_STRIDE);
  flap_timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  watch(flap_timer, &flap_timer);
}

static void run_flap(void) {
  prepare_flaps();
  judging = false;
  timing = true;
  mark_t from = mark();
  set_flap_timer(1000000000L / opt.rate);
  pump_for(opt.flap_seconds);
  set_flap_timer(0);
  mark_t to = mark();
  pump_for(1.0);
  timing = false;
  uint32_t events = flap_count, withdrawals = (events + 1) / 2, announcements = markers_used;
  // What is still withdrawn comes back, so that the views can be compared with the model.
  for (uint32_t k = withdrawals > flap_lag ? withdrawals - flap_lag - 1 : 0; k < withdrawals; k++)
    send_flap(flap_prefix(k), ANNOUNCE);
  judging = true;
  recount();
  mark_t settled;
  bool ok = until_stable(&settled, opt.timeout, opt.linger);
  report_work(from, to, from.at, to.at);
  printf(",\"rate\":%d,\"events\":%u,\"cpu_percent\":%.1f,\"expected_samples\":%llu", opt.rate, events,
         (to.dut - from.dut) / ((double)(to.at - from.at) / 1e9) * 100,
         (unsigned long long)(announcements + withdrawals) * (unsigned long long)(opt.clients - 1));
  report_delays("ann", &announce_delays);
  report_delays("wd", &withdraw_delays);
  report_sessions(ok, from.at);
}

// ---- churn ------------------------------------------------------------------------------------------------------

// The next octets of a session that withdraws and announces its blocks again and again.
void churn_next(session_t *s) {
  uint32_t marker = MARKER_FINAL;
  if (s->churn == CHURN_FINAL) {
    s->churn = NOT_CHURNING;
    return;
  }
  bool done = (s->rounds_announced + s->rounds_withdrawn) * s->count >= opt.events / (uint64_t)opt.senders;
  if (!done && s->churn == CHURN_ANNOUNCED) {
    s->churn = CHURN_WITHDREW;
    s->rounds_withdrawn++;
    s->out = s->withdraw.octets;
    s->out_length = s->withdraw.length;
    return;
  }
  if (!done) marker = MARKER_BASE + (++s->generation & 0xffffff);
  s->churn = done ? CHURN_FINAL : CHURN_ANNOUNCED;
  s->rounds_announced++;
  for (size_t k = 0; k < s->marker_count; k++) put32(s->announce.octets + s->markers[k], marker);
  s->out = s->announce.octets;
  s->out_length = s->announce.length;
}

static uint64_t events_heard(void) {
  uint64_t sum = 0;
  for (int i = 0; i < session_count; i++) sum += sessions[i].announcements + sessions[i].withdrawals;
  return sum;
}

static void run_churn(void) {
  uint64_t heard_before = events_heard(), sent = 0, updates = 0;
  expect_marker_everywhere(MARKER_FINAL);
  recount();
  mark_t from = mark(), to;
  now = from.at;
  for (int i = 0; i < session_count; i++) {
    if (!sessions[i].count) continue;
    sessions[i].churn = CHURN_ANNOUNCED;
    flush_output(&sessions[i]);
  }
  until(all_written, opt.timeout / 2);
  uint64_t written_at = clock_ns();
  bool ok = until_stable(&to, opt.timeout, opt.linger);
  uint64_t end = end_of(ok), heard = events_heard() - heard_before;
  for (int i = 0; i < session_count; i++) {
    const session_t *s = &sessions[i];
    sent += (s->rounds_announced + s->rounds_withdrawn) * s->count;
    updates += s->rounds_announced * s->announce_updates + s->rounds_withdrawn * s->withdraw_updates;
  }
  double seconds = (double)(end - from.at) / 1e9;
  report_work(from, to, from.at, end);
  printf(",\"drain_s\":%.4f,\"tx_events\":%llu,\"tx_events_per_s\":%.0f,\"tx_updates_per_s\":%.0f,"
         "\"rx_events_per_s\":%.0f,\"delivered\":%.3f",
         end > written_at ? (double)(end - written_at) / 1e9 : 0.0, (unsigned long long)sent, (double)sent / seconds,
         (double)updates / seconds, (double)heard / seconds,
         (double)heard / ((double)sent * (double)(opt.clients - 1)));
  report_sessions(ok, from.at);
}

// ---- kernel -----------------------------------------------------------------------------------------------------

static void run_kernel(void) {
  mark_t from = mark();
  first_sent_at = 0;
  recount();
  announce_all();
  uint64_t start = first_sent_at;
  bool ok = until(fib_full, opt.timeout);
  uint64_t end = now;
  mark_t to = mark();
  pump_for(0.2);
  uint32_t installed = count_fib();
  until(all_written, 10);
  ok = until(all_complete, 20) && ok && installed == universe.total && verify();
  pump_for(1.0);
  mark_t remove_from = mark();
  first_sent_at = 0;
  goal = NOTHING;
  recount();
  withdraw_all();
  ok = until(fib_empty, opt.timeout) && ok;
  uint64_t removed_at = now;
  mark_t remove_to = mark();
  pump_for(0.2);
  uint32_t left = count_fib();
  ok = until(all_complete, 20) && ok && left == 0 && fib_wrong_gateways == 0;
  pump_for(opt.linger);
  double seconds = (double)(end - start) / 1e9;
  double remove_seconds = removed_at > first_sent_at ? (double)(removed_at - first_sent_at) / 1e9 : 0;
  report_work(from, to, start, end);
  if (!ok)
    printf(",\"error\":\"%u of %u routes came into the kernel, %u stayed, %llu gateways are wrong\"", installed,
           universe.total, left, (unsigned long long)fib_wrong_gateways);
  printf(",\"kernel_routes\":%u,\"install_routes_per_s\":%.0f,\"remove_wall_s\":%.4f,\"remove_cpu_s\":%.4f,"
         "\"remove_routes_per_s\":%.0f,\"kernel_left\":%u,\"wrong_gateways\":%llu,\"netlink_overruns\":%llu",
         installed, installed / seconds, remove_seconds, remove_to.dut - remove_from.dut,
         remove_seconds > 0 ? installed / remove_seconds : 0, left, (unsigned long long)fib_wrong_gateways,
         (unsigned long long)fib_overruns);
  report_sessions(ok, start);
}

// ---- The order of phases ----------------------------------------------------------------------------------------

void run_phases(void) {
  double before_mb = dut_memory_mb("VmRSS");
  if (is("kernel")) {
    run_kernel();
    return;
  }
  phase_t first = converge();
  if (is("converge") || !first.ok) {
    report_converged(&first);
    if (!is("converge")) printf(",\"error\":\"no first convergence\"");
    return;
  }
  if (!verify()) { // what follows would only hide it
    report_converged(&first);
    return;
  }
  until(all_written, 10);
  if (!is("withdraw")) pump_for(opt.settle);
  if (is("withdraw")) run_withdraw(&first, before_mb);
  else if (is("reconnect")) run_reconnect();
  else if (is("flap")) run_flap();
  else run_churn();
}
