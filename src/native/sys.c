// The native layer: system calls and readiness, no protocols. Everything that knows a message format is TypeScript.
//
// Each function takes numbers and typed arrays and gives the call's value or -errno, so that the error belongs to the
// call for certain. Arguments are checked here: a wrong type throws TypeError, a range outside its array RangeError;
// no argument makes the kernel write outside a typed array. sys.ts is the interface.
//
// Only libc, Node-API and libuv symbols of the node binary are used, the file links nothing (-nostdlib): one build
// suits glibc and musl. The size of uv_poll_t is asked at run time, so libuv may change it.

#define _GNU_SOURCE
#define NAPI_VERSION 8
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <node_api.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>
#include <uv.h>

#define SENDV_MOST 64   // arrays of one sendv
#define IOCTL_ROOM 1024 // larger than any argument structure of a socket ioctl

// ---- Arguments and results ------------------------------------------------------------------------------------

typedef struct {
  unsigned char *data;
  size_t length; // octets
} bytes_t;

// Reads exactly `count` arguments, or throws.
static bool arguments(napi_env env, napi_callback_info info, size_t count, napi_value *values) {
  size_t given = count;
  if (napi_get_cb_info(env, info, &given, values, NULL, NULL) != napi_ok) return false;
  if (given >= count) return true;
  napi_throw_type_error(env, NULL, "too few arguments");
  return false;
}

static bool int_of(napi_env env, napi_value value, int32_t *out) {
  if (napi_get_value_int32(env, value, out) == napi_ok) return true;
  napi_throw_type_error(env, NULL, "expected a number");
  return false;
}

static bool uint_of(napi_env env, napi_value value, uint32_t *out) {
  if (napi_get_value_uint32(env, value, out) == napi_ok) return true;
  napi_throw_type_error(env, NULL, "expected a number");
  return false;
}

static bool typed_array_of(napi_env env, napi_value value, napi_typedarray_type wanted, size_t width, bytes_t *out) {
  napi_typedarray_type type;
  size_t length;
  void *data;
  bool is = false;
  if (napi_is_typedarray(env, value, &is) == napi_ok && is &&
      napi_get_typedarray_info(env, value, &type, &length, &data, NULL, NULL) == napi_ok && type == wanted) {
    out->data = data;
    out->length = length * width;
    return true;
  }
  napi_throw_type_error(env, NULL, width == 1 ? "expected a Uint8Array" : "expected an Int32Array");
  return false;
}

static bool bytes_of(napi_env env, napi_value value, bytes_t *out) {
  return typed_array_of(env, value, napi_uint8_array, 1, out);
}

// (bytes, offset, length) at values[0..2] as a range that lies inside the array.
static bool range_of(napi_env env, napi_value *values, bytes_t *out) {
  bytes_t all;
  uint32_t offset, length;
  if (!bytes_of(env, values[0], &all) || !uint_of(env, values[1], &offset) || !uint_of(env, values[2], &length)) {
    return false;
  }
  if ((size_t)offset + length > all.length) {
    napi_throw_range_error(env, NULL, "offset and length exceed the array");
    return false;
  }
  out->data = all.data + offset;
  out->length = length;
  return true;
}

static napi_value number(napi_env env, int64_t value) {
  napi_value result = NULL;
  napi_create_int64(env, value, &result);
  return result;
}

// The value of a system call, or -errno. To be called before anything else can change errno.
static napi_value result_of(napi_env env, long value) {
  return number(env, value < 0 ? -(int64_t)errno : value);
}

// ---- Sockets --------------------------------------------------------------------------------------------------

static napi_value sys_socket(napi_env env, napi_callback_info info) {
  napi_value v[3];
  int32_t domain, type, protocol;
  if (!arguments(env, info, 3, v) || !int_of(env, v[0], &domain) || !int_of(env, v[1], &type) ||
      !int_of(env, v[2], &protocol)) {
    return NULL;
  }
  return result_of(env, socket(domain, type, protocol));
}

static napi_value sys_close(napi_env env, napi_callback_info info) {
  napi_value v[1];
  int32_t fd;
  if (!arguments(env, info, 1, v) || !int_of(env, v[0], &fd)) return NULL;
  return result_of(env, close(fd));
}

static napi_value sys_bind(napi_env env, napi_callback_info info) {
  napi_value v[2];
  int32_t fd;
  bytes_t address;
  if (!arguments(env, info, 2, v) || !int_of(env, v[0], &fd) || !bytes_of(env, v[1], &address)) return NULL;
  return result_of(env, bind(fd, (struct sockaddr *)address.data, (socklen_t)address.length));
}

static napi_value sys_connect(napi_env env, napi_callback_info info) {
  napi_value v[2];
  int32_t fd;
  bytes_t address;
  if (!arguments(env, info, 2, v) || !int_of(env, v[0], &fd) || !bytes_of(env, v[1], &address)) return NULL;
  return result_of(env, connect(fd, (struct sockaddr *)address.data, (socklen_t)address.length));
}

static napi_value sys_listen(napi_env env, napi_callback_info info) {
  napi_value v[2];
  int32_t fd, backlog;
  if (!arguments(env, info, 2, v) || !int_of(env, v[0], &fd) || !int_of(env, v[1], &backlog)) return NULL;
  return result_of(env, listen(fd, backlog));
}

static napi_value sys_accept4(napi_env env, napi_callback_info info) {
  napi_value v[1];
  int32_t fd;
  if (!arguments(env, info, 1, v) || !int_of(env, v[0], &fd)) return NULL;
  return result_of(env, accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC));
}

static napi_value sys_shutdown(napi_env env, napi_callback_info info) {
  napi_value v[2];
  int32_t fd, how;
  if (!arguments(env, info, 2, v) || !int_of(env, v[0], &fd) || !int_of(env, v[1], &how)) return NULL;
  return result_of(env, shutdown(fd, how));
}

static napi_value sys_fcntl(napi_env env, napi_callback_info info) {
  napi_value v[3];
  int32_t fd, command, value;
  if (!arguments(env, info, 3, v) || !int_of(env, v[0], &fd) || !int_of(env, v[1], &command) ||
      !int_of(env, v[2], &value)) {
    return NULL;
  }
  switch (command) {
  case F_DUPFD:
  case F_DUPFD_CLOEXEC:
  case F_GETFD:
  case F_SETFD:
  case F_GETFL:
  case F_SETFL:
    return result_of(env, fcntl(fd, command, value));
  default: // other commands take pointers, which an integer must never become
    return number(env, -EINVAL);
  }
}

static napi_value sys_setsockopt(napi_env env, napi_callback_info info) {
  napi_value v[4];
  int32_t fd, level, name;
  if (!arguments(env, info, 4, v) || !int_of(env, v[0], &fd) || !int_of(env, v[1], &level) ||
      !int_of(env, v[2], &name)) {
    return NULL;
  }
  napi_valuetype type = napi_undefined;
  napi_typeof(env, v[3], &type);
  if (type == napi_number) {
    int32_t value;
    if (!int_of(env, v[3], &value)) return NULL;
    return result_of(env, setsockopt(fd, level, name, &value, sizeof value));
  }
  bytes_t value;
  if (!bytes_of(env, v[3], &value)) return NULL;
  return result_of(env, setsockopt(fd, level, name, value.data, (socklen_t)value.length));
}

static napi_value sys_getsockopt(napi_env env, napi_callback_info info) {
  napi_value v[4];
  int32_t fd, level, name;
  bytes_t value;
  if (!arguments(env, info, 4, v) || !int_of(env, v[0], &fd) || !int_of(env, v[1], &level) ||
      !int_of(env, v[2], &name) || !bytes_of(env, v[3], &value)) {
    return NULL;
  }
  socklen_t length = (socklen_t)value.length;
  long status = getsockopt(fd, level, name, value.data, &length);
  return result_of(env, status < 0 ? status : (long)length);
}

static napi_value sys_getsockname(napi_env env, napi_callback_info info) {
  napi_value v[3];
  int32_t fd, peer;
  bytes_t address;
  if (!arguments(env, info, 3, v) || !int_of(env, v[0], &fd) || !bytes_of(env, v[1], &address) ||
      !int_of(env, v[2], &peer)) {
    return NULL;
  }
  socklen_t length = (socklen_t)address.length;
  struct sockaddr *out = (struct sockaddr *)address.data;
  long status = peer ? getpeername(fd, out, &length) : getsockname(fd, out, &length);
  return result_of(env, status < 0 ? status : (long)length);
}

// How much the kernel reads and writes depends on the request alone, so it works on a copy with room enough.
static napi_value sys_ioctl(napi_env env, napi_callback_info info) {
  napi_value v[3];
  int32_t fd;
  uint32_t request;
  bytes_t argument;
  if (!arguments(env, info, 3, v) || !int_of(env, v[0], &fd) || !uint_of(env, v[1], &request) ||
      !bytes_of(env, v[2], &argument)) {
    return NULL;
  }
  _Alignas(16) unsigned char room[IOCTL_ROOM] = {0};
  if (argument.length > sizeof room) return number(env, -EINVAL);
  if (argument.length > 0) memcpy(room, argument.data, argument.length);
  long status = ioctl(fd, (unsigned long)request, room);
  int error = errno;
  if (argument.length > 0) memcpy(argument.data, room, argument.length);
  return number(env, status < 0 ? -(int64_t)error : status);
}

// ---- Data -----------------------------------------------------------------------------------------------------

static napi_value sys_send(napi_env env, napi_callback_info info) {
  napi_value v[5];
  int32_t fd, flags;
  bytes_t range;
  if (!arguments(env, info, 5, v) || !int_of(env, v[0], &fd) || !range_of(env, v + 1, &range) ||
      !int_of(env, v[4], &flags)) {
    return NULL;
  }
  return result_of(env, send(fd, range.data, range.length, flags | MSG_NOSIGNAL));
}

// sendv(fd, arrays, flags): one call for several arrays; those behind the first SENDV_MOST are not looked at.
static napi_value sys_sendv(napi_env env, napi_callback_info info) {
  napi_value v[3], element;
  int32_t fd, flags;
  uint32_t count;
  if (!arguments(env, info, 3, v) || !int_of(env, v[0], &fd) || !int_of(env, v[2], &flags)) return NULL;
  if (napi_get_array_length(env, v[1], &count) != napi_ok) {
    napi_throw_type_error(env, NULL, "expected an array");
    return NULL;
  }
  if (count > SENDV_MOST) count = SENDV_MOST;
  struct iovec parts[SENDV_MOST];
  for (uint32_t i = 0; i < count; i++) {
    bytes_t bytes;
    if (napi_get_element(env, v[1], i, &element) != napi_ok || !bytes_of(env, element, &bytes)) return NULL;
    parts[i].iov_base = bytes.data;
    parts[i].iov_len = bytes.length;
  }
  const struct msghdr message = {.msg_iov = parts, .msg_iovlen = count};
  return result_of(env, sendmsg(fd, &message, flags | MSG_NOSIGNAL));
}

static napi_value sys_recv(napi_env env, napi_callback_info info) {
  napi_value v[5];
  int32_t fd, flags;
  bytes_t range;
  if (!arguments(env, info, 5, v) || !int_of(env, v[0], &fd) || !range_of(env, v + 1, &range) ||
      !int_of(env, v[4], &flags)) {
    return NULL;
  }
  return result_of(env, recv(fd, range.data, range.length, flags));
}

// recvmany(fd, bytes, flags, room): datagrams one behind another, each at a multiple of four as netlink wants it.
static napi_value sys_recvmany(napi_env env, napi_callback_info info) {
  napi_value v[4];
  int32_t fd, flags;
  uint32_t room;
  bytes_t out;
  if (!arguments(env, info, 4, v) || !int_of(env, v[0], &fd) || !bytes_of(env, v[1], &out) ||
      !int_of(env, v[2], &flags) || !uint_of(env, v[3], &room)) {
    return NULL;
  }
  if (room == 0 || room > out.length) {
    napi_throw_range_error(env, NULL, "room exceeds the array");
    return NULL;
  }
  size_t end = 0;
  for (size_t at = 0; out.length - at >= room;) {
    // MSG_TRUNC makes recv tell the true length, so that a datagram that was cut off is never taken for a whole one.
    ssize_t got = recv(fd, out.data + at, room, flags | MSG_TRUNC | MSG_DONTWAIT);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && end == 0) return number(env, -(int64_t)errno);
    if (got <= 0) break;
    if ((size_t)got > room) return number(env, -EMSGSIZE);
    end = at + (size_t)got;
    at = (end + 3) & ~(size_t)3;
    if (at > out.length) break;
    memset(out.data + end, 0, at - end);
  }
  return number(env, (int64_t)end);
}

static napi_value sys_recvmsg(napi_env env, napi_callback_info info) {
  napi_value v[6];
  int32_t fd, flags;
  bytes_t payload, name, control, out;
  if (!arguments(env, info, 6, v) || !int_of(env, v[0], &fd) || !bytes_of(env, v[1], &payload) ||
      !bytes_of(env, v[2], &name) || !bytes_of(env, v[3], &control) || !int_of(env, v[4], &flags) ||
      !typed_array_of(env, v[5], napi_int32_array, 4, &out)) {
    return NULL;
  }
  if (out.length < 3 * sizeof(int32_t)) {
    napi_throw_range_error(env, NULL, "out needs three numbers");
    return NULL;
  }
  struct iovec vector = {.iov_base = payload.data, .iov_len = payload.length};
  struct msghdr message = {0};
  message.msg_name = name.data;
  message.msg_namelen = (socklen_t)name.length;
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  message.msg_control = control.data;
  message.msg_controllen = control.length;
  ssize_t got = recvmsg(fd, &message, flags);
  if (got < 0) return number(env, -(int64_t)errno);
  int32_t *facts = (int32_t *)out.data;
  facts[0] = (int32_t)message.msg_namelen;
  facts[1] = (int32_t)message.msg_controllen;
  facts[2] = message.msg_flags;
  return number(env, got);
}

// SO_ATTACH_FILTER takes a pointer to the program, which plain setsockopt with octets cannot express.
static napi_value sys_attach_filter(napi_env env, napi_callback_info info) {
  napi_value v[2];
  int32_t fd;
  bytes_t code;
  if (!arguments(env, info, 2, v) || !int_of(env, v[0], &fd) || !bytes_of(env, v[1], &code)) return NULL;
  size_t count = code.length / sizeof(struct sock_filter);
  if (count == 0 || count > BPF_MAXINSNS || code.length % sizeof(struct sock_filter) != 0) {
    napi_throw_range_error(env, NULL, "not a filter program");
    return NULL;
  }
  struct sock_fprog program = {.len = (unsigned short)count, .filter = (struct sock_filter *)code.data};
  return result_of(env, setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program));
}

// glibc only: musl gives memory back by itself.
extern int malloc_trim(size_t pad) __attribute__((weak));

static napi_value sys_malloc_trim(napi_env env, napi_callback_info info) {
  (void)info;
  return number(env, malloc_trim == NULL ? -ENOSYS : malloc_trim(0));
}

// ---- Poll -----------------------------------------------------------------------------------------------------
//
// A watch lives from `new Poll` to close() or to the end of the environment (worker.terminate()), whichever is first.
// Until then the callback and the object are held strongly: nobody needs to keep the Poll reachable. The JavaScript
// object owns only a box with a pointer to the watch; the pointer is cleared by close, so a late call finds nothing.

typedef struct box box_t;

typedef struct {
  uv_poll_t *handle;
  napi_env env;
  napi_ref callback;
  napi_ref object;
  napi_async_context context;
  napi_async_cleanup_hook_handle hook;
  box_t *box;
  bool dispatching; // inside the callback: the context is in use
  bool closed;
  bool ending; // the environment ends and waits for our hook
} watch_t;

struct box {
  watch_t *watch;
};

static void release_references(watch_t *watch) {
  napi_delete_reference(watch->env, watch->callback);
  napi_delete_reference(watch->env, watch->object);
  napi_async_destroy(watch->env, watch->context);
}

static void on_handle_closed(uv_handle_t *handle) {
  watch_t *watch = uv_handle_get_data(handle);
  if (watch->ending) napi_remove_async_cleanup_hook(watch->hook);
  free(watch);
  free(handle);
}

static void close_watch(watch_t *watch) {
  if (watch->closed) return;
  watch->closed = true;
  if (watch->box != NULL) watch->box->watch = NULL;
  if (!watch->ending) napi_remove_async_cleanup_hook(watch->hook);
  if (!watch->dispatching) release_references(watch);
  uv_poll_stop(watch->handle);
  uv_close((uv_handle_t *)watch->handle, on_handle_closed);
}

// The loop of a terminated worker still runs until our handle is closed: the asynchronous hook makes it wait.
static void on_environment_end(napi_async_cleanup_hook_handle hook, void *data) {
  watch_t *watch = data;
  (void)hook;
  watch->ending = true;
  close_watch(watch);
}

// An exception of the callback becomes an uncaught exception, as for any other callback of the event loop.
static void report_exception(napi_env env) {
  bool pending = false;
  napi_value exception;
  if (napi_is_exception_pending(env, &pending) != napi_ok || !pending) return;
  if (napi_get_and_clear_last_exception(env, &exception) == napi_ok) napi_fatal_exception(env, exception);
}

static void on_ready(uv_poll_t *handle, int status, int events) {
  watch_t *watch = uv_handle_get_data((uv_handle_t *)handle);
  napi_env env = watch->env;
  napi_handle_scope scope;
  if (napi_open_handle_scope(env, &scope) != napi_ok) return;
  napi_value callback, object, values[2], ignored;
  napi_get_reference_value(env, watch->callback, &callback);
  napi_get_reference_value(env, watch->object, &object);
  napi_create_int32(env, status, &values[0]);
  napi_create_int32(env, events, &values[1]);
  watch->dispatching = true;
  napi_status called = napi_make_callback(env, watch->context, object, callback, 2, values, &ignored);
  if (called != napi_ok) report_exception(env);
  watch->dispatching = false;
  if (watch->closed) release_references(watch); // closed by its own callback; freed later, by on_handle_closed
  napi_close_handle_scope(env, scope);
}

static void free_box(napi_env env, void *data, void *hint) {
  box_t *box = data;
  (void)env;
  (void)hint;
  if (box->watch != NULL) box->watch->box = NULL;
  free(box);
}

// Allocates the watch and its uv handle for fd, or throws.
static watch_t *open_watch(napi_env env, int32_t fd) {
  uv_loop_t *loop = NULL;
  watch_t *watch = calloc(1, sizeof *watch);
  uv_poll_t *handle = calloc(1, uv_handle_size(UV_POLL));
  int error = watch == NULL || handle == NULL ? UV_ENOMEM : 0;
  if (error == 0 && napi_get_uv_event_loop(env, &loop) != napi_ok) error = UV_EINVAL;
  if (error == 0) error = uv_poll_init(loop, handle, fd);
  if (error != 0) {
    free(watch);
    free(handle);
    napi_throw_error(env, uv_err_name(error), uv_strerror(error));
    return NULL;
  }
  uv_handle_set_data((uv_handle_t *)handle, watch);
  watch->handle = handle;
  watch->env = env;
  return watch;
}

static napi_value poll_new(napi_env env, napi_callback_info info) {
  napi_value v[2], self, target = NULL, name;
  size_t given = 2;
  int32_t fd;
  napi_valuetype type = napi_undefined;
  napi_get_cb_info(env, info, &given, v, &self, NULL);
  napi_get_new_target(env, info, &target);
  if (target == NULL || given < 2 || napi_typeof(env, v[1], &type) != napi_ok || type != napi_function) {
    napi_throw_type_error(env, NULL, "use new Poll(fd, callback)");
    return NULL;
  }
  if (!int_of(env, v[0], &fd)) return NULL;
  box_t *box = calloc(1, sizeof *box);
  if (box == NULL || napi_wrap(env, self, box, free_box, NULL, NULL) != napi_ok) {
    free(box);
    napi_throw_error(env, NULL, "out of memory");
    return NULL;
  }
  watch_t *watch = open_watch(env, fd);
  if (watch == NULL) return NULL;
  box->watch = watch;
  watch->box = box;
  napi_create_string_utf8(env, "SysPoll", NAPI_AUTO_LENGTH, &name);
  napi_create_reference(env, v[1], 1, &watch->callback);
  napi_create_reference(env, self, 1, &watch->object);
  napi_async_init(env, self, name, &watch->context);
  napi_add_async_cleanup_hook(env, on_environment_end, watch, &watch->hook);
  return self;
}

// The watch behind `this`, or NULL after close() and for objects that are no Poll.
static watch_t *watch_of(napi_env env, napi_callback_info info, size_t *count, napi_value *values) {
  napi_value self;
  void *box = NULL;
  napi_get_cb_info(env, info, count, values, &self, NULL);
  if (napi_unwrap(env, self, &box) != napi_ok || box == NULL) return NULL;
  return ((box_t *)box)->watch;
}

static napi_value poll_start(napi_env env, napi_callback_info info) {
  napi_value v[1];
  size_t given = 1;
  int32_t events;
  watch_t *watch = watch_of(env, info, &given, v);
  if (given < 1 || !int_of(env, v[0], &events)) return NULL;
  if (watch == NULL) return number(env, -EBADF);
  if ((events & ~(UV_READABLE | UV_WRITABLE | UV_DISCONNECT | UV_PRIORITIZED)) != 0) return number(env, -EINVAL);
  return number(env, uv_poll_start(watch->handle, events, on_ready));
}

static napi_value poll_stop(napi_env env, napi_callback_info info) {
  size_t given = 0;
  watch_t *watch = watch_of(env, info, &given, NULL);
  return number(env, watch == NULL ? -EBADF : uv_poll_stop(watch->handle));
}

static napi_value poll_ref(napi_env env, napi_callback_info info) {
  size_t given = 0;
  watch_t *watch = watch_of(env, info, &given, NULL);
  if (watch != NULL) uv_ref((uv_handle_t *)watch->handle);
  return NULL;
}

static napi_value poll_unref(napi_env env, napi_callback_info info) {
  size_t given = 0;
  watch_t *watch = watch_of(env, info, &given, NULL);
  if (watch != NULL) uv_unref((uv_handle_t *)watch->handle);
  return NULL;
}

static napi_value poll_close(napi_env env, napi_callback_info info) {
  size_t given = 0;
  watch_t *watch = watch_of(env, info, &given, NULL);
  if (watch != NULL) close_watch(watch);
  return NULL;
}

// ---- Module ---------------------------------------------------------------------------------------------------

#define METHOD(name, function) {name, NULL, function, NULL, NULL, NULL, napi_default, NULL}
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

NAPI_MODULE_INIT() {
  const napi_property_descriptor methods[] = {
      METHOD("start", poll_start), METHOD("stop", poll_stop),   METHOD("ref", poll_ref),
      METHOD("unref", poll_unref), METHOD("close", poll_close),
  };
  const napi_property_descriptor functions[] = {
      METHOD("socket", sys_socket),
      METHOD("close", sys_close),
      METHOD("bind", sys_bind),
      METHOD("connect", sys_connect),
      METHOD("listen", sys_listen),
      METHOD("accept4", sys_accept4),
      METHOD("shutdown", sys_shutdown),
      METHOD("fcntl", sys_fcntl),
      METHOD("setsockopt", sys_setsockopt),
      METHOD("getsockopt", sys_getsockopt),
      METHOD("getsockname", sys_getsockname),
      METHOD("ioctl", sys_ioctl),
      METHOD("send", sys_send),
      METHOD("sendv", sys_sendv),
      METHOD("recv", sys_recv),
      METHOD("recvmany", sys_recvmany),
      METHOD("recvmsg", sys_recvmsg),
      METHOD("attachFilter", sys_attach_filter),
      METHOD("mallocTrim", sys_malloc_trim),
  };
  napi_value poll;
  napi_define_class(env, "Poll", NAPI_AUTO_LENGTH, poll_new, NULL, COUNT(methods), methods, &poll);
  napi_define_properties(env, exports, COUNT(functions), functions);
  napi_set_named_property(env, exports, "Poll", poll);
  return exports;
}
