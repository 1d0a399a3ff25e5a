// Clock, reproducible random numbers, growing buffers.

#include "load.h"
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>

uint64_t now;

uint64_t clock_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

void die(const char *format, ...) {
  va_list list;
  va_start(list, format);
  fprintf(stderr, "load: ");
  vfprintf(stderr, format, list);
  fprintf(stderr, "\n");
  va_end(list);
  exit(2);
}

void *allocate(size_t count, size_t size) {
  void *p = calloc(count ? count : 1, size);
  if (!p) die("out of memory");
  return p;
}

// splitmix64
uint64_t mix64(uint64_t z) {
  z += 0x9e3779b97f4a7c15ull;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
  return z ^ (z >> 31);
}

static uint64_t random_state;
void random_from(uint64_t seed) { random_state = seed; }
uint64_t random64(void) {
  random_state += 0x9e3779b97f4a7c15ull;
  return mix64(random_state);
}
uint32_t random_below(uint32_t n) { return (uint32_t)(((random64() >> 32) * (uint64_t)n) >> 32); }

void append(buffer_t *b, const void *octets, size_t length) {
  if (b->length + length > b->capacity) {
    size_t capacity = b->capacity ? b->capacity * 2 : 4096;
    while (capacity < b->length + length) capacity *= 2;
    uint8_t *grown = realloc(b->octets, capacity);
    if (!grown) die("out of memory");
    b->octets = grown;
    b->capacity = capacity;
  }
  memcpy(b->octets + b->length, octets, length);
  b->length += length;
}
