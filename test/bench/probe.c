// Asks a daemon's control socket a cheap question every few milliseconds and notes how long each answer takes.
//
//   probe SOCKET KIND QUESTION [INTERVAL_MS]
//
// KIND says where an answer ends: `line` (a line feed), `bird` (a line that begins with four digits and a space; a
// greeting comes first), `vty` (three zeros and a status octet; questions end with a zero). One question is under way at
// a time. Where the answer takes longer than the interval, the questions that would have been asked meanwhile count as
// well, each from its own moment until that answer: a daemon that stops for 100 ms has ten slow answers, not one.
// Beside the daemon a child of our own that does nothing but echo is asked at the same moment: its delays are those of
// the scheduler and of ourselves.
//
// On SIGTERM prints a line per question, `daemon|echo SENT_NS DELAY_NS` (CLOCK_MONOTONIC; a question that has not been
// answered counts with its age), then `lost N`: how often the daemon closed the connection.

#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

typedef struct {
  uint64_t sent_at, delay;
} sample_t;

// One conversation: questions are samples; those from `answered` on wait for one answer.
typedef struct {
  const char *name;
  int fd;
  sample_t *samples;
  size_t count, answered, capacity;
  int greetings; // answers that belong to no question
  // what has been seen of the current answer
  int column, zeros;
  bool digits_only, is_last_line;
} talk_t;

static enum { LINE, BIRD, VTY } kind;
static uint64_t lost;

static void die(const char *what) {
  fprintf(stderr, "probe: %s: %s\n", what, strerror(errno));
  exit(2);
}

static uint64_t clock_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

static void note_question(talk_t *talk) {
  if (talk->count == talk->capacity) {
    talk->capacity = talk->capacity ? talk->capacity * 2 : 4096;
    talk->samples = realloc(talk->samples, talk->capacity * sizeof *talk->samples);
    if (!talk->samples) die("memory");
  }
  talk->samples[talk->count++] = (sample_t){clock_ns(), 0};
}

static void note_answer(talk_t *talk, uint64_t at) {
  if (talk->greetings > 0) {
    talk->greetings--;
    return;
  }
  for (; talk->answered < talk->count; talk->answered++)
    talk->samples[talk->answered].delay = at - talk->samples[talk->answered].sent_at;
}

// True where this octet ends an answer.
static bool ends_answer(talk_t *talk, int as, unsigned char c) {
  if (as == LINE) return c == '\n';
  if (as == VTY) {
    bool end = talk->zeros == 3;
    talk->zeros = end ? 0 : c == 0 ? talk->zeros + 1 : 0;
    return end;
  }
  bool end = c == '\n' && talk->is_last_line;
  if (talk->column == 0) talk->digits_only = true, talk->is_last_line = false;
  if (talk->column < 4 && (c < '0' || c > '9')) talk->digits_only = false;
  if (talk->column == 4 && c == ' ') talk->is_last_line = talk->digits_only;
  talk->column = c == '\n' ? 0 : talk->column + 1;
  return end;
}

// False: the other side has closed.
static bool hear(talk_t *talk, int as) {
  unsigned char octets[65536];
  ssize_t n = recv(talk->fd, octets, sizeof octets, MSG_DONTWAIT);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return true;
  if (n <= 0) return false;
  uint64_t at = clock_ns();
  for (ssize_t i = 0; i < n; i++)
    if (ends_answer(talk, as, octets[i])) note_answer(talk, at);
  return true;
}

static void hang_up(talk_t *talk) {
  close(talk->fd);
  talk->fd = -1;
  talk->count = talk->answered; // what was asked is not known to be slow
  lost++;
}

static void dial(talk_t *talk, const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (strlen(path) >= sizeof address.sun_path) {
    errno = ENAMETOOLONG;
    die(path);
  }
  strcpy(address.sun_path, path);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) die("socket");
  if (connect(fd, (struct sockaddr *)&address, sizeof address)) { // not there yet
    close(fd);
    return;
  }
  talk->fd = fd;
  talk->greetings = kind == BIRD;
  talk->column = talk->zeros = 0;
}

static void ask(talk_t *talk, const char *question, size_t length) {
  bool is_waiting = talk->answered < talk->count;
  note_question(talk);
  if (is_waiting) return;
  if (send(talk->fd, question, length, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)length) talk->count--;
}

// A process that sends back every octet at once.
static int start_echo(void) {
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair)) die("socketpair");
  pid_t pid = fork();
  if (pid < 0) die("fork");
  if (pid > 0) {
    close(pair[1]);
    return pair[0];
  }
  close(pair[0]);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  char octets[4096];
  for (ssize_t n; (n = read(pair[1], octets, sizeof octets)) > 0;)
    if (write(pair[1], octets, (size_t)n) != n) break;
  _exit(0);
}

static void print_samples(const talk_t *talk) {
  uint64_t end = clock_ns();
  for (size_t i = 0; i < talk->count; i++) {
    const sample_t *s = &talk->samples[i];
    uint64_t delay = i < talk->answered ? s->delay : end - s->sent_at;
    printf("%s %llu %llu\n", talk->name, (unsigned long long)s->sent_at, (unsigned long long)delay);
  }
}

static int interval_timer(long ms) {
  int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
  struct itimerspec t = {{ms / 1000, ms % 1000 * 1000000}, {0, 1000000}};
  if (fd < 0 || timerfd_settime(fd, 0, &t, NULL)) die("timer");
  return fd;
}

static int ending_signals(void) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  sigprocmask(SIG_BLOCK, &set, NULL);
  return signalfd(-1, &set, SFD_CLOEXEC);
}

int main(int count, char **words) {
  if (count < 4) {
    fprintf(stderr, "usage: probe SOCKET line|bird|vty QUESTION [INTERVAL_MS]\n");
    return 2;
  }
  kind = !strcmp(words[2], "bird") ? BIRD : !strcmp(words[2], "vty") ? VTY : LINE;
  char *question = strdup(words[3]);
  if (!question) die("memory");
  size_t length = strlen(question) + 1;
  question[length - 1] = kind == VTY ? 0 : '\n';
  talk_t daemon = {.name = "daemon", .fd = -1}, echo = {.name = "echo", .fd = start_echo()};
  int timer = interval_timer(count > 4 ? atol(words[4]) : 10), ending = ending_signals();
  for (;;) {
    struct pollfd polled[] = {{ending, POLLIN, 0}, {timer, POLLIN, 0}, {echo.fd, POLLIN, 0}, {daemon.fd, POLLIN, 0}};
    if (poll(polled, 4, -1) < 0 && errno != EINTR) die("poll");
    if (polled[0].revents) break;
    if (polled[3].revents && !hear(&daemon, kind)) hang_up(&daemon);
    if (polled[2].revents && !hear(&echo, LINE)) die("the echo ended");
    uint64_t due;
    if (!polled[1].revents || read(timer, &due, sizeof due) != sizeof due) continue;
    if (daemon.fd < 0) dial(&daemon, words[1]);
    for (; due > 0; due--) {
      if (daemon.fd >= 0) ask(&daemon, question, length);
      ask(&echo, "?\n", 2);
    }
  }
  print_samples(&daemon);
  print_samples(&echo);
  printf("lost %llu\n", (unsigned long long)lost);
  return 0;
}
