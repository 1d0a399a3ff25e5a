// The programs of the package: starts the Node beside it under the name it was itself called by, with the bundle of that name.
//
//   bin/bird               this program, a copy for each name; links to it may lie anywhere
//   runtime/bird → node    what it executes: the name of a process is that of the file
//   runtime/lib            libraries that the machine may lack
//   lib/app/bird.cjs       what Node is to run; starling.js
//
// Without the C library, so that it neither needs one nor a certain version of it: system calls, and what the kernel puts
// on the stack. Linux on x86_64 and aarch64.

#include <stddef.h>

#define ARGUMENTS_MAX 4096
#define ENVIRONMENT_MAX 32768
#define PATH_BYTES 4096
#define LINKS_MAX 16

// The value of AT_EXECFN in the auxiliary vector: the path by which the kernel was told to execute us.
#define AUX_EXECFN 31

#if defined(__x86_64__)
#define SYS_write 1
#define SYS_execve 59
#define SYS_exit 60
#define SYS_readlinkat 267

static long system_call(long number, long a, long b, long c, long d) {
  long result;
  register long r10 __asm__("r10") = d;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10)
                   : "rcx", "r11", "memory");
  return result;
}

__asm__(".globl _start\n_start:\n  xor %ebp, %ebp\n  mov %rsp, %rdi\n  and $-16, %rsp\n  call start_with_stack\n");
#elif defined(__aarch64__)
#define SYS_write 64
#define SYS_execve 221
#define SYS_exit 93
#define SYS_readlinkat 78

static long system_call(long number, long a, long b, long c, long d) {
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
  return x0;
}

__asm__(".globl _start\n_start:\n  mov x29, #0\n  mov x30, #0\n  mov x0, sp\n  bl start_with_stack\n");
#else
#error "the launcher is written for x86_64 and aarch64"
#endif

#define AT_FDCWD (-100)

static size_t length_of(const char *text) {
  size_t length = 0;
  while (text[length] != 0) length++;
  return length;
}

static _Noreturn void fail(const char *what, const char *path) {
  const char *parts[] = {"cannot start: ", what, ": ", path, "\n"};
  for (size_t part = 0; part < sizeof parts / sizeof *parts; part++)
    (void)system_call(SYS_write, 2, (long)parts[part], (long)length_of(parts[part]), 0);
  for (;;) system_call(SYS_exit, 127, 0, 0, 0);
}

static int begins_with(const char *text, const char *beginning) {
  while (*beginning != 0 && *text == *beginning) text++, beginning++;
  return *beginning == 0;
}

// Appends to a text in a buffer of PATH_BYTES; gives the new length.
static size_t append(char *buffer, size_t length, const char *more) {
  size_t count = length_of(more);
  if (length + count >= PATH_BYTES) fail("path too long", more);
  for (size_t at = 0; at <= count; at++) buffer[length + at] = more[at];
  return length + count;
}

// Length of the path up to and with its last slash.
static size_t folder_length(const char *path) {
  size_t length = length_of(path);
  while (length > 0 && path[length - 1] != '/') length--;
  return length;
}

// Follows links of the last part of the path, until it is a file.
static void follow_links(char *path) {
  static char target[PATH_BYTES];
  for (int links = 0; links <= LINKS_MAX; links++) {
    long count = system_call(SYS_readlinkat, AT_FDCWD, (long)path, (long)target, PATH_BYTES - 1);
    if (count < 0) return;
    target[count] = 0;
    append(path, target[0] == '/' ? 0 : folder_length(path), target);
  }
  fail("too many links", path);
}

// From the path of a file in bin/ to the folder that holds bin/, with a slash at its end.
static void to_root(char *path) {
  size_t length = folder_length(path);
  path[length] = 0;
  int is_named = length >= 4 && path[length - 4] == 'b' && path[length - 3] == 'i' && path[length - 2] == 'n' &&
                 (length == 4 || path[length - 5] == '/');
  if (is_named) path[length - 4] = 0;
  else append(path, length, "../"); // executed as ./bird
}

// The compiler may use these for its own purposes.
void *memcpy(void *to, const void *from, size_t count) {
  for (size_t at = 0; at < count; at++) ((char *)to)[at] = ((const char *)from)[at];
  return to;
}

void *memset(void *to, int value, size_t count) {
  for (size_t at = 0; at < count; at++) ((char *)to)[at] = (char)value;
  return to;
}

static char self[PATH_BYTES], program[PATH_BYTES], script[PATH_BYTES], libraries[PATH_BYTES];
static char *new_arguments[ARGUMENTS_MAX + 4];
static char *new_environment[ENVIRONMENT_MAX + 2];

#define LIBRARIES_VARIABLE "LD_LIBRARY_PATH="

// Our libraries come first, then what the variable said before.
static void set_environment(char **environment) {
  size_t count = 0;
  size_t length = append(libraries, 0, LIBRARIES_VARIABLE);
  length = append(libraries, length, self);
  length = append(libraries, length, "runtime/lib");
  for (; *environment != NULL; environment++) {
    if (begins_with(*environment, LIBRARIES_VARIABLE)) {
      const char *before = *environment + sizeof LIBRARIES_VARIABLE - 1;
      if (*before != 0) append(libraries, append(libraries, length, ":"), before);
    } else {
      if (count == ENVIRONMENT_MAX) fail("too many environment variables", self);
      new_environment[count++] = *environment;
    }
  }
  new_environment[count++] = libraries;
  new_environment[count] = NULL;
}

// `birdcl6` runs birdcl.cjs, and so on.
static void append_script(const char *name) {
  size_t length = append(script, append(script, 0, self), "lib/app/");
  length = append(script, length, name);
  if (script[length - 1] == '6') script[--length] = 0;
  append(script, length, begins_with(name, "bird") ? ".cjs" : ".js");
}

// With an option of V8 Node compiles its own modules anew at each start: only what runs for long gets one, and that is
// neither the client nor `bird -p`.
static int is_daemon(const char *name, char **arguments) {
  if (begins_with(name, "birdcl")) return 0;
  for (; *arguments != NULL; arguments++)
    if (begins_with(*arguments, "-p")) return 0;
  return 1;
}

// `stack`: the number of arguments, they themselves, NULL, the environment, NULL, the auxiliary vector.
__attribute__((used)) _Noreturn static void start_with_stack(long *stack) {
  long count = stack[0];
  char **arguments = (char **)(stack + 1);
  char **environment = arguments + count + 1;
  char **end = environment;
  while (*end != NULL) end++;
  const char *called = NULL;
  for (unsigned long *aux = (unsigned long *)(end + 1); aux[0] != 0; aux += 2)
    if (aux[0] == AUX_EXECFN) called = (const char *)aux[1];
  if (called == NULL || count >= ARGUMENTS_MAX) fail("bad start", called == NULL ? "" : called);

  const char *name = called + folder_length(called);
  append(self, 0, called);
  follow_links(self);
  to_root(self);
  append(program, append(program, append(program, 0, self), "runtime/"), name);
  append_script(name);
  set_environment(environment);

  size_t words = 0;
  new_arguments[words++] = (char *)name;
  if (is_daemon(name, arguments + 1)) new_arguments[words++] = NODE_OPTION;
  new_arguments[words++] = script;
  for (long at = 1; at < count; at++) new_arguments[words++] = arguments[at];
  new_arguments[words] = NULL;
  system_call(SYS_execve, (long)program, (long)new_arguments, (long)new_environment, 0);
  fail("cannot execute", program);
}
