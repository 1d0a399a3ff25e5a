// Sessions over real TCP: the session room and the transport room together, on loopback.

import t from "tap";
import { SILENT_LOG } from "../../src/base/log.js";
import type { Sys } from "../../src/native/sys.js";
import { PeerSession } from "../../src/session/peer-session.js";
import type { SessionHandler } from "../../src/session/ports.js";
import type { Listener } from "../../src/speaker/ports.js";
import { TcpListenerFactory } from "../../src/transport/listener.js";
import { TcpTransport } from "../../src/transport/tcp.js";
import { optionsFor } from "../session/session-pair.js";
import { address } from "../support/memory-network.js";
import { clock, WAYS } from "./socket-pair.js";

const A = "127.0.0.1";
const B = "127.0.0.2";

class Watcher implements SessionHandler {
  readonly bodies: number[] = [];
  readonly downs: string[] = [];
  readonly #waiting: { readonly test: () => boolean; readonly resolve: () => void }[] = [];

  established(): void {
    this.stateChanged();
  }
  update(_bytes: Uint8Array, start: number, end: number): void {
    this.bodies.push(end - start);
    this.stateChanged();
  }
  refresh(): void {
    this.stateChanged();
  }
  turnEnded(): void {
    this.stateChanged();
  }
  writable(): void {
    this.stateChanged();
  }
  down(reason: { readonly text: string }): void {
    this.downs.push(reason.text);
  }
  stateChanged(): void {
    for (const waiter of this.#waiting.filter(({ test }) => test())) {
      this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
      waiter.resolve();
    }
  }
  until(test: () => boolean): Promise<void> {
    return test() ? Promise.resolve() : new Promise((resolve) => this.#waiting.push({ test, resolve }));
  }
}

interface Speaking {
  readonly session: PeerSession;
  readonly watcher: Watcher;
  readonly listener: Listener;
}

async function speak(
  sys: Sys | undefined,
  local: string,
  remote: string,
  ports: Map<string, number>,
): Promise<Speaking> {
  const watcher = new Watcher();
  const early: { session?: PeerSession } = {};
  const factory = new TcpListenerFactory({ clock, log: SILENT_LOG, sys });
  const listener = await factory.listen({ address: address(local), port: ports.get(local) ?? 0 }, (connection) =>
    early.session?.accept(connection),
  );
  ports.set(local, listener.port);
  const options = optionsFor(local, remote, {
    routerId: local === A ? 1 : 2,
    remotePort: ports.get(remote) ?? 0,
    idleHoldSeconds: [0.05, 0.1],
  });
  const transport = new TcpTransport({ clock, sys });
  const session = new PeerSession(options, {
    clock,
    transport,
    log: SILENT_LOG,
    handler: watcher,
    random: Math.random,
  });
  early.session = session;
  return { session, watcher, listener };
}

for (const { name, sys } of WAYS) {
  t.test(`${name}: two active peers meet, exchange octets and part`, async (t) => {
    const ports = new Map<string, number>();
    const a = await speak(sys, A, B, ports);
    const b = await speak(sys, B, A, ports);
    a.session.updateOptions({ ...a.session.options, remotePort: b.listener.port });
    a.session.start();
    b.session.start();
    await a.watcher.until(() => a.session.isEstablished);
    await b.watcher.until(() => b.session.isEstablished);
    t.equal(a.session.negotiated?.peerBgpIdentifier, 2);

    const update = new Uint8Array(4096).fill(0xff, 0, 16);
    update.set([0x10, 0x00, 2], 16);
    const total = 2000;
    for (let i = 0; i < total; i++) a.session.write(update);
    await b.watcher.until(() => b.watcher.bodies.length === total);
    t.ok(
      b.watcher.bodies.every((length) => length === 4096 - 19),
      "8 MB arrived whole",
    );

    a.session.stop(undefined, "enough");
    await b.watcher.until(() => b.watcher.downs.length > 0);
    t.same(b.watcher.downs.at(-1), 'peer sent Cease/Administrative Shutdown: "enough"');
    b.session.stop();
    a.listener.close();
    b.listener.close();
  });

  t.test(`${name}: a killed connection comes back by itself`, async (t) => {
    const ports = new Map<string, number>();
    const a = await speak(sys, A, B, ports);
    const b = await speak(sys, B, A, ports);
    b.session.updateOptions({ ...b.session.options, passive: true });
    a.session.updateOptions({ ...a.session.options, remotePort: b.listener.port });
    a.session.start();
    b.session.start();
    await b.watcher.until(() => b.session.isEstablished);
    b.session.abandon();
    await a.watcher.until(() => a.watcher.downs.length === 1);
    t.equal(a.watcher.downs[0], `connection closed by ${B}`);
    b.session.start();
    // Without unref'd timers nothing keeps the process waiting: the listeners do.
    await a.watcher.until(() => a.session.isEstablished);
    await b.watcher.until(() => b.session.isEstablished);
    t.equal(b.session.status().transitions, 2);
    a.session.stop();
    b.session.stop();
    a.listener.close();
    b.listener.close();
  });
}
