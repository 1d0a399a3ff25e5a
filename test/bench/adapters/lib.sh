# Shell code that the adapters share; test/bench/README.md tells what an adapter must do.
set -eu

verb=${1:-}
here=$(cd "$(dirname "$0")" && pwd)
case $verb in
start | stop | probe) : "${BENCH_DIR:?}" "${BENCH_FAMILY:=4}" "${BENCH_KERNEL:=0}" "${BENCH_PORT:=179}" ;;
esac

# find_program CANDIDATE...: prints the first path or name that can be run
find_program() {
  for candidate in "$@"; do
    if [ -x "$candidate" ]; then
      echo "$candidate"
      return
    fi
    if command -v "$candidate" 2>/dev/null; then return; fi
  done
  echo "not installed: $*" >&2
  return 1
}

# spawn LOGNAME COMMAND...: starts a daemon that stays in the foreground; notes its pid
spawn() {
  log=$1
  shift
  setsid "$@" >"$BENCH_DIR/$log.log" 2>&1 </dev/null &
  echo $! >>"$BENCH_DIR/pids"
}

# stop_all: ends what spawn started, the newest first, and waits
stop_all() {
  [ -f "$BENCH_DIR/pids" ] || return 0
  pids=$(tac "$BENCH_DIR/pids")
  for pid in $pids; do kill -TERM "$pid" 2>/dev/null || true; done
  n=0
  while [ $n -lt 50 ]; do
    alive=0
    for pid in $pids; do if kill -0 "$pid" 2>/dev/null; then alive=1; fi; done
    [ $alive = 0 ] && return 0
    sleep 0.1
    n=$((n + 1))
  done
  for pid in $pids; do kill -KILL "$pid" 2>/dev/null || true; done
}

# each_peer FUNCTION: calls it with number, address, AS, route reflector client (0 or 1)
each_peer() {
  i=0
  while read -r address as client; do
    i=$((i + 1))
    "$1" "$i" "$address" "$as" "$client"
  done <"$BENCH_PEERS"
}

usage() {
  echo "usage: $0 features|version|start|stop|probe" >&2
  exit 2
}
