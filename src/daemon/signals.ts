// Signals of the daemon: SIGTERM and SIGINT stop it in order, the second one at once; SIGHUP reads the configuration
// again.

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
}

const STOP_SIGNALS = ["SIGTERM", "SIGINT"] as const;

/** Listens until the returned function is called. */
export function handleSignals(source: SignalSource, log: Log, actions: SignalActions): () => void {
  let stopping = false;
  const onStop = (signal: NodeJS.Signals) => (): void => {
    if (stopping) {
      log.warn(`second ${signal}: ending at once`);
      actions.force(signal);
      return;
    }
    stopping = true;
    log.info(`${signal}: stopping`);
    actions.stop(signal);
  };
  const listeners: readonly (readonly [NodeJS.Signals, () => void])[] = [
    ...STOP_SIGNALS.map((signal) => [signal, onStop(signal)] as const),
    [
      "SIGHUP",
      () => {
        if (stopping) return;
        log.info("SIGHUP: reading the configuration again");
        actions.reload();
      },
    ],
  ];
  for (const [signal, listener] of listeners) source.on(signal, listener);
  return () => {
    for (const [signal, listener] of listeners) source.off(signal, listener);
  };
}
