// Signals of the daemon: those that stop it do so in order, the second one at once; SIGHUP reads the configuration again.

import type { Log } from "../base/log.js";

/** The part of `process` that is needed, so that tests raise signals on an emitter of their own. */
export interface SignalSource {
  on(signal: NodeJS.Signals, listener: () => void): unknown;
  off(signal: NodeJS.Signals, listener: () => void): unknown;
}

export interface SignalActions {
  /** The first SIGTERM or SIGINT. */
  readonly stop: (signal: NodeJS.Signals) => void;
  /** The second one: whoever sends it does not want to wait. */
  readonly force: (signal: NodeJS.Signals) => void;
  readonly reload: () => void;
  /** SIGUSR1; undefined: it is not listened to. */
  readonly dump?: (() => void) | undefined;
}

/** Which signals a daemon listens to, and what it says then. */
export interface SignalHabits {
  readonly stopSignals: readonly NodeJS.Signals[];
  readonly stopping: (signal: NodeJS.Signals) => string;
  readonly reloading: string;
}

export const STARLING_HABITS: SignalHabits = {
  stopSignals: ["SIGTERM", "SIGINT"],
  stopping: (signal) => `${signal}: stopping`,
  reloading: "SIGHUP: reading the configuration again",
};

/** Listens until the returned function is called. */
export function handleSignals(
  source: SignalSource,
  log: Log,
  actions: SignalActions,
  habits: SignalHabits = STARLING_HABITS,
): () => void {
  let stopping = false;
  const onStop = (signal: NodeJS.Signals) => (): void => {
    if (stopping) {
      log.warn(`second ${signal}: ending at once`);
      actions.force(signal);
      return;
    }
    stopping = true;
    log.info(habits.stopping(signal));
    actions.stop(signal);
  };
  const listeners: (readonly [NodeJS.Signals, () => void])[] = [
    ...habits.stopSignals.map((signal) => [signal, onStop(signal)] as const),
    [
      "SIGHUP",
      () => {
        if (stopping) return;
        log.info(habits.reloading);
        actions.reload();
      },
    ],
  ];
  const { dump } = actions;
  if (dump !== undefined) listeners.push(["SIGUSR1", dump]);
  for (const [signal, listener] of listeners) source.on(signal, listener);
  return () => {
    for (const [signal, listener] of listeners) source.off(signal, listener);
  };
}
