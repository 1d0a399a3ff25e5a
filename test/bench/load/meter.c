// CPU time and memory of the speaker's processes (proc(5)), of ourselves and of the machine; the fields of the report.

#include "load.h"
#include <dirent.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

static double anonymous_peak_mb;

// ---- Processes --------------------------------------------------------------------------------------------------

// Nanosecond counters of the threads that live.
static double threads_cpu(const char *pid) {
  char path[128];
  double sum = 0;
  snprintf(path, sizeof path, "/proc/%s/task", pid);
  DIR *folder = opendir(path);
  for (struct dirent *e; folder && (e = readdir(folder));) {
    if (e->d_name[0] == '.') continue;
    snprintf(path, sizeof path, "/proc/%s/task/%.20s/schedstat", pid, e->d_name);
    FILE *f = fopen(path, "r");
    unsigned long long ns;
    if (!f) continue;
    if (fscanf(f, "%llu", &ns) == 1) sum += (double)ns / 1e9;
    fclose(f);
  }
  if (folder) closedir(folder);
  return sum;
}

// CPU seconds of one process. Clock ticks are coarse but know of threads that have ended, so the larger number counts.
static double process_cpu(const char *pid, double *system_seconds) {
  char path[128], text[1024];
  unsigned long user = 0, kernel = 0;
  double hz = (double)sysconf(_SC_CLK_TCK);
  snprintf(path, sizeof path, "/proc/%s/stat", pid);
  FILE *f = fopen(path, "r");
  if (!f) return 0;
  text[fread(text, 1, sizeof text - 1, f)] = 0;
  fclose(f);
  char *fields = strrchr(text, ')');
  const char *format = "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu";
  if (!fields || sscanf(fields + 2, format, &user, &kernel) != 2) return 0;
  *system_seconds += (double)kernel / hz;
  double ticks = (double)(user + kernel) / hz, exact = threads_cpu(pid);
  return exact > ticks - 0.02 ? exact : ticks;
}

static double process_memory_mb(const char *pid, const char *key) {
  char path[64], line[256];
  size_t length = strlen(key);
  double mb = 0;
  snprintf(path, sizeof path, "/proc/%s/status", pid);
  FILE *f = fopen(path, "r");
  if (!f) return 0;
  while (fgets(line, sizeof line, f))
    if (!strncmp(line, key, length)) mb += atof(line + length + 1) / 1024;
  fclose(f);
  return mb;
}

// Calls for each process of the speaker: the sum of its CPU seconds, or of a key of its status.
static double each_process(const char *key, double *system_seconds) {
  double sum = 0;
  char *list = opt.pids ? strdup(opt.pids) : NULL, *state = NULL;
  for (char *pid = list ? strtok_r(list, ",", &state) : NULL; pid; pid = strtok_r(NULL, ",", &state))
    sum += key ? process_memory_mb(pid, key) : process_cpu(pid, system_seconds);
  free(list);
  return sum;
}

double dut_memory_mb(const char *key) { return each_process(key, NULL); }

void sample_memory(void) {
  double mb = dut_memory_mb("RssAnon");
  if (mb > anonymous_peak_mb) anonymous_peak_mb = mb;
}

static void machine_cpu(mark_t *m) {
  unsigned long v[8];
  double hz = (double)sysconf(_SC_CLK_TCK);
  FILE *f = fopen("/proc/stat", "r");
  if (!f) return;
  int n = fscanf(f, "cpu %lu %lu %lu %lu %lu %lu %lu %lu", v, v + 1, v + 2, v + 3, v + 4, v + 5, v + 6, v + 7);
  fclose(f);
  if (n < 8) return;
  m->busy = (double)(v[0] + v[1] + v[2]) / hz;
  m->softirq = (double)(v[5] + v[6]) / hz;
  m->steal = (double)v[7] / hz;
}

mark_t mark(void) {
  mark_t m = {0};
  struct rusage r;
  getrusage(RUSAGE_SELF, &r);
  m.dut = each_process(NULL, &m.dut_system);
  machine_cpu(&m);
  m.self = (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) + (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e6;
  m.at = clock_ns();
  return m;
}

// ---- The report -------------------------------------------------------------------------------------------------

void report_work(mark_t from, mark_t to, uint64_t start, uint64_t end) {
  double dut = to.dut - from.dut, self = to.self - from.self, other = to.busy - from.busy - dut - self;
  printf(",\"wall_s\":%.4f,\"dut_cpu_s\":%.4f,\"dut_sys_s\":%.2f,\"gen_cpu_s\":%.3f,\"other_cpu_s\":%.2f,"
         "\"softirq_s\":%.2f,\"steal_s\":%.2f,\"window_ns\":[%llu,%llu]",
         end > start ? (double)(end - start) / 1e9 : 0, dut, to.dut_system - from.dut_system, self,
         other > 0 ? other : 0, to.softirq - from.softirq, to.steal - from.steal, (unsigned long long)start,
         (unsigned long long)end);
}

static int compare_floats(const void *a, const void *b) {
  float x = *(const float *)a, y = *(const float *)b;
  return (x > y) - (x < y);
}

static int compare_times(const void *a, const void *b) {
  uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return (x > y) - (x < y);
}

void report_delays(const char *name, samples_t *samples) {
  size_t n = samples->count;
  float *v = samples->values;
  printf(",\"%s_samples\":%zu", name, n);
  if (!n) return;
  qsort(v, n, sizeof *v, compare_floats);
  printf(",\"%s_p50_ms\":%.3f,\"%s_p99_ms\":%.3f,\"%s_max_ms\":%.3f", name, v[n / 2] / 1e3, name,
         v[(size_t)((double)n * 0.99)] / 1e3, name, v[n - 1] / 1e3);
}

uint64_t last_complete_at(void) {
  uint64_t last = 0;
  for (int i = 0; i < session_count; i++)
    if (sessions[i].complete && sessions[i].complete_at > last) last = sessions[i].complete_at;
  return last ? last : clock_ns();
}

static void report_completion(uint64_t start) {
  uint64_t *times = allocate((size_t)session_count, sizeof *times);
  size_t n = 0;
  for (int i = 0; i < session_count; i++)
    if (sessions[i].complete && sessions[i].complete_at > start) times[n++] = sessions[i].complete_at - start;
  qsort(times, n, sizeof *times, compare_times);
  if (n)
    printf(",\"done_first_s\":%.4f,\"done_p50_s\":%.4f,\"done_last_s\":%.4f", (double)times[0] / 1e9,
           (double)times[n / 2] / 1e9, (double)times[n - 1] / 1e9);
  free(times);
}

// Sums over the sessions, memory, and whether the run is good: every view is the model's, and nothing was malformed,
// unknown or lost.
void report_sessions(bool ok, uint64_t start) {
  session_t sum = {0};
  uint64_t held = 0, expected_routes = 0;
  for (int i = 0; i < session_count; i++) {
    const session_t *s = &sessions[i];
    sum.announcements += s->announcements, sum.withdrawals += s->withdrawals, sum.messages += s->messages;
    sum.octets += s->octets, sum.repeated += s->repeated, sum.own += s->own, sum.unknown += s->unknown;
    sum.malformed += s->malformed, sum.needless += s->needless, sum.retries += s->retries;
    held += s->held, expected_routes += goal == EVERYTHING ? s->expected : 0;
  }
  bool view_ok = verify();
  bool good = ok && view_ok && !sum.malformed && !sum.unknown && !drop_count;
  sample_memory();
  printf(",\"ok\":%s,\"view_ok\":%s", good ? "true" : "false", view_ok ? "true" : "false");
  if (!view_ok) printf(",\"view_fault\":\"%s\"", view_fault);
  printf(",\"sessions\":%d,\"routes_expected\":%llu,\"routes_held\":%llu,\"rx_ann\":%llu,\"rx_wd\":%llu,"
         "\"rx_dup\":%llu,\"rx_own\":%llu,\"rx_unknown\":%llu,\"rx_bad\":%llu,\"rx_wd_miss\":%llu,"
         "\"rx_msgs\":%llu,\"rx_mb\":%.2f,\"drops\":%d,\"retries\":%llu",
         session_count, (unsigned long long)expected_routes, (unsigned long long)held,
         (unsigned long long)sum.announcements, (unsigned long long)sum.withdrawals, (unsigned long long)sum.repeated,
         (unsigned long long)sum.own, (unsigned long long)sum.unknown, (unsigned long long)sum.malformed,
         (unsigned long long)sum.needless, (unsigned long long)sum.messages, (double)sum.octets / 1e6, drop_count,
         (unsigned long long)sum.retries);
  report_completion(start);
  printf(",\"peak_rss_mb\":%.1f,\"rss_mb\":%.1f,\"anon_rss_mb\":%.1f,\"anon_peak_mb\":%.1f", dut_memory_mb("VmHWM"),
         dut_memory_mb("VmRSS"), dut_memory_mb("RssAnon"), anonymous_peak_mb);
}
