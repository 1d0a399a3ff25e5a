// Signals of the daemon, raised on an emitter.

import { EventEmitter } from "node:events";
import t from "tap";
import { SILENT_LOG } from "../../src/base/log.js";
import { handleSignals, type SignalHabits } from "../../src/daemon/signals.js";

function listen(): { readonly source: EventEmitter; readonly seen: string[]; readonly release: () => void } {
  const source = new EventEmitter();
  const seen: string[] = [];
  const release = handleSignals(source, SILENT_LOG, {
    stop: (signal) => void seen.push(`stop ${signal}`),
    force: (signal) => void seen.push(`force ${signal}`),
    reload: () => void seen.push("reload"),
  });
  return { source, seen, release };
}

t.test("signals do what operators expect of them", async (t) => {
  const cases = [
    { signals: ["SIGTERM"], want: ["stop SIGTERM"] },
    { signals: ["SIGINT"], want: ["stop SIGINT"] },
    { signals: ["SIGHUP", "SIGHUP"], want: ["reload", "reload"] },
    { signals: ["SIGTERM", "SIGTERM"], want: ["stop SIGTERM", "force SIGTERM"] },
    { signals: ["SIGTERM", "SIGINT"], want: ["stop SIGTERM", "force SIGINT"] },
    { signals: ["SIGTERM", "SIGHUP"], want: ["stop SIGTERM"] },
  ];
  for (const { signals, want } of cases) {
    const { source, seen } = listen();
    for (const signal of signals) source.emit(signal);
    t.same(seen, want, signals.join(" "));
  }
});

t.test("another daemon has other habits", async (t) => {
  const source = new EventEmitter();
  const seen: string[] = [];
  const log = { ...SILENT_LOG, info: (message: string) => void seen.push(message) };
  const note = (what: string) => (): void => void seen.push(what);
  const habits: SignalHabits = {
    stopSignals: ["SIGTERM"],
    stopping: (signal) => `going down by ${signal}`,
    reloading: "reading again",
  };
  const actions = { stop: note("stop"), force: note("force"), reload: note("reload"), dump: note("dump") };
  const release = handleSignals(source, log, actions, habits);
  for (const signal of ["SIGUSR1", "SIGINT", "SIGHUP", "SIGTERM"]) source.emit(signal);
  t.same(seen, ["dump", "reading again", "reload", "going down by SIGTERM", "stop"]);
  release();
  t.same(source.eventNames(), []);
});

t.test("released, nothing is listened to any more", async (t) => {
  const { source, release } = listen();
  release();
  t.same(source.eventNames(), []);
});
