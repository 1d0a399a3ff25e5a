// Peers that take their time: the four minutes before an OPEN, the Hold Time before a KEEPALIVE, and DelayOpen
// (RFC 4271 §8.1.1, §8.2.2), with a listener of our own in place of the other side.

import t from "tap";
import { fromHex } from "../../src/base/bytes.js";
import type { Connection, SocketFailure } from "../../src/session/ports.js";
import { A, B, makePair, type Pair, type PairOptions } from "./session-pair.js";

const MARKER = "ff".repeat(16);
/** An OPEN of AS 65001, identifier 10.0.0.2, without capabilities; the Hold Time in hexadecimal. */
function open(holdTime = "005a"): string {
  return `${MARKER}001d0104fde9${holdTime}0a00000200`;
}
const KEEPALIVE = `${MARKER}001304`;

interface Scene extends Pair {
  /** Connections that A made with the script. */
  readonly accepted: Connection[];
  /** Types of what the script has heard over all of them, a NOTIFICATION with its code: `1 4 3:4/0`. */
  heard(): string;
  /** A connection of the script to A. */
  connect(): Connection;
}

function makeScene(options: PairOptions = {}): Scene {
  const pair = makePair(options);
  const heard: string[] = [];
  const listen = (connection: Connection): void => {
    connection.handler = {
      onBytes: (chunk) => {
        heard.push(chunk[18] === 3 ? `3:${chunk[19]}/${chunk[20]}` : String(chunk[18]));
      },
      onDrain: () => undefined,
      onClosed: ({ code }: SocketFailure) => {
        heard.push(code);
      },
    };
  };
  const accepted: Connection[] = [];
  pair.b.session.accept = (connection) => {
    accepted.push(connection);
    listen(connection);
  };
  return {
    ...pair,
    accepted,
    heard: () => heard.join(" "),
    connect: () => {
      const made: Connection[] = [];
      const options = { localAddress: undefined, ttl: 64, minTtl: undefined, md5Key: undefined, device: undefined };
      pair.b.host.connect({ remoteAddress: pair.a.host.addresses[0], remotePort: 179, ...options }, (result) => {
        if (!("code" in result)) made.push(result);
      });
      pair.clock.settle();
      const [connection] = made;
      if (connection === undefined) throw new Error("A did not accept");
      listen(connection);
      pair.clock.settle();
      return connection;
    },
  };
}

function send(scene: Scene, connection: Connection | undefined, ...messages: readonly string[]): void {
  for (const message of messages) connection?.write(fromHex(message));
  scene.clock.settle();
}

t.test("OpenSent: a connection that stays silent is given four minutes, whoever made it", (t) => {
  for (const passive of [false, true]) {
    const scene = makeScene({ a: { passive } });
    scene.a.session.start();
    scene.clock.settle();
    if (passive) scene.connect();
    t.equal(scene.a.session.state, "OpenSent");
    scene.clock.advance(239_999);
    t.equal(scene.a.session.state, "OpenSent", "not yet");
    scene.clock.advance(101);
    t.equal(scene.heard(), "1 3:4/0 closed");
    t.equal(scene.a.session.state, "Idle");
    t.match(scene.a.session.status().lastError, "hold timer expired: nothing heard for 240 s");
  }
  t.end();
});

t.test("OpenSent: half an OPEN is no sign of life", (t) => {
  const scene = makeScene();
  scene.a.session.start();
  scene.clock.settle();
  send(scene, scene.accepted[0], open().slice(0, 40));
  scene.clock.advance(240_100);
  t.equal(scene.heard(), "1 3:4/0 closed");
  t.end();
});

t.test("OpenConfirm: without a KEEPALIVE the negotiated Hold Time ends the session", (t) => {
  const scene = makeScene();
  scene.a.session.start();
  scene.clock.settle();
  send(scene, scene.accepted[0], open("0009"));
  t.equal(scene.a.session.state, "OpenConfirm");
  scene.clock.advance(8_999);
  t.equal(scene.heard(), "1 4 4 4", "KEEPALIVEs go out meanwhile, a third of the Hold Time apart");
  scene.clock.advance(101);
  t.match(scene.heard(), /^1 4 4 4 (4 )?3:4\/0 closed$/);
  t.match(scene.a.session.status().lastError, "hold timer expired: nothing heard for 9 s");
  t.end();
});

t.test("OpenConfirm: with Hold Time 0 there is no end to the patience, and no KEEPALIVE", (t) => {
  const scene = makeScene();
  scene.a.session.start();
  scene.clock.settle();
  send(scene, scene.accepted[0], open("0000"));
  scene.clock.advance(10_000_000);
  t.equal(scene.a.session.state, "OpenConfirm");
  t.equal(scene.heard(), "1 4");
  t.end();
});

t.test("DelayOpen, Connect: our OPEN waits for its timer, the status says so", (t) => {
  const scene = makeScene({ a: { delayOpenSeconds: 5 } });
  scene.a.session.start();
  scene.clock.settle();
  t.equal(scene.a.session.state, "Connect");
  t.equal(scene.heard(), "");
  scene.clock.advance(1000);
  t.equal(scene.a.session.status().info, "connected, the peer has 4 s to send its OPEN before ours goes");
  scene.clock.advance(4000);
  t.equal(scene.a.session.state, "OpenSent");
  t.equal(scene.heard(), "1");
  send(scene, scene.accepted[0], open(), KEEPALIVE);
  t.equal(scene.a.session.state, "Established");
  t.end();
});

t.test("DelayOpen: an OPEN meanwhile is answered by OPEN and KEEPALIVE", (t) => {
  for (const passive of [false, true]) {
    const scene = makeScene({ a: { delayOpenSeconds: 5, passive } });
    scene.a.session.start();
    scene.clock.settle();
    const connection = passive ? scene.connect() : scene.accepted[0];
    t.equal(scene.a.session.state, passive ? "Active" : "Connect");
    send(scene, connection, open());
    t.equal(scene.heard(), "1 4");
    t.equal(scene.a.session.state, "OpenConfirm");
    send(scene, connection, KEEPALIVE);
    t.equal(scene.a.session.state, "Established");
    scene.clock.advance(5000);
    t.equal(scene.a.session.state, "Established", "the timer was stopped");
  }
  t.end();
});

t.test("DelayOpen: TCP is lost meanwhile", (t) => {
  const active = makeScene({ a: { delayOpenSeconds: 5 } });
  active.a.session.start();
  active.clock.settle();
  active.network.cut(A, B);
  t.equal(active.a.session.state, "Active", "Connect → Active");
  active.clock.advance(120_000);
  t.equal(active.a.host.attempts.length, 2, "and again after the ConnectRetryTimer");
  const passive = makeScene({ a: { delayOpenSeconds: 5, passive: true } });
  passive.a.session.start();
  passive.clock.settle();
  passive.connect();
  passive.network.cut(A, B);
  t.equal(passive.a.session.state, "Idle", "Active → Idle");
  passive.clock.advance(4000);
  t.equal(passive.a.session.state, "Active", "and back after the idle hold");
  t.end();
});

t.test("DelayOpen: what a stop says depends on the state", (t) => {
  const active = makeScene({ a: { delayOpenSeconds: 5 } });
  active.a.session.start();
  active.clock.settle();
  active.a.session.stop();
  active.clock.settle();
  t.equal(active.heard(), "closed", "Connect: nothing");
  const passive = makeScene({ a: { delayOpenSeconds: 5, passive: true } });
  passive.a.session.start();
  passive.clock.settle();
  passive.connect();
  passive.a.session.stop();
  passive.clock.settle();
  t.equal(passive.heard(), "3:6/2 closed", "Active: Cease");
  t.end();
});

t.test("DelayOpen: a bad OPEN is told, any other message just ends the connection", (t) => {
  for (const { name, sent, heard } of [
    { name: "version 3", sent: open().replace("001d0104", "001d0103"), heard: "3:2/1 closed" },
    { name: "another AS", sent: open().replace("fde9", "fdea"), heard: "3:2/2 closed" },
    { name: "no marker", sent: "00".repeat(19), heard: "3:1/1 closed" },
    { name: "KEEPALIVE", sent: KEEPALIVE, heard: "closed" },
    { name: "UPDATE", sent: `${MARKER}00170200000000`, heard: "closed" },
    { name: "NOTIFICATION", sent: `${MARKER}0015030602`, heard: "closed" },
    { name: "version error", sent: `${MARKER}00170302010004`, heard: "closed" },
  ]) {
    const scene = makeScene({ a: { delayOpenSeconds: 5, passive: true } });
    scene.a.session.start();
    scene.clock.settle();
    send(scene, scene.connect(), sent);
    t.equal(scene.heard(), heard, name);
    t.equal(scene.a.session.state, "Idle", name);
  }
  t.end();
});

t.test("a collision while our OPEN is delayed: the OPEN of the peer decides, the other connection goes", (t) => {
  const scene = makeScene({ a: { delayOpenSeconds: 5 } });
  scene.a.session.start();
  scene.clock.settle();
  const incoming = scene.connect();
  send(scene, incoming, open(), KEEPALIVE);
  t.equal(scene.a.session.state, "Established");
  t.equal(scene.network.between(A, B).length, 1);
  t.equal(scene.network.between(A, B)[0]?.localPort, 179, "the one that the script has made");
  t.end();
});

// A has identifier 10.0.0.1, the script 10.0.0.2: where both have connected, the script's connection stays (§6.8). The
// script has judged already: OPEN, KEEPALIVE and Cease on A's connection arrive before its own OPEN is read.
const CEASE_COLLISION = `${MARKER}0015030607`;

t.test("a collision that the peer has judged first: nobody is Established on the losing connection", (t) => {
  const scene = makeScene();
  scene.a.session.start();
  scene.clock.settle();
  const incoming = scene.connect();
  send(scene, scene.accepted[0], open(), KEEPALIVE);
  t.equal(scene.a.session.state, "OpenConfirm", "the KEEPALIVE waits for the other connection's OPEN");
  send(scene, scene.accepted[0], CEASE_COLLISION);
  send(scene, incoming, open(), KEEPALIVE);
  t.equal(scene.a.session.state, "Established");
  t.same(scene.a.handler.events, ["established 65001"], "once, and it never went down");
  t.equal(scene.network.between(A, B)[0]?.localPort, 179, "on the script's connection");
  t.end();
});

t.test("a connection that would win but says nothing delays the session by half a second, and goes", (t) => {
  const scene = makeScene();
  scene.a.session.start();
  scene.clock.settle();
  scene.connect();
  send(scene, scene.accepted[0], open(), KEEPALIVE, `${MARKER}00170200000000`);
  scene.clock.advance(499);
  t.equal(scene.a.session.state, "OpenConfirm");
  t.same(scene.a.handler.events, [], "what came behind the KEEPALIVE waits as well");
  scene.clock.advance(1);
  t.equal(scene.a.session.state, "Established");
  t.same(scene.a.handler.events, ["established 65001", "update 00000000"]);
  t.equal(scene.network.between(A, B).length, 1, "the silent one is closed");
  t.end();
});

t.test("a connection that would win but ends lets the session come up at once", (t) => {
  const scene = makeScene();
  scene.a.session.start();
  scene.clock.settle();
  const incoming = scene.connect();
  send(scene, scene.accepted[0], open(), KEEPALIVE);
  incoming.destroy();
  scene.clock.settle();
  t.equal(scene.a.session.state, "Established");
  t.end();
});

t.test("a connection that would lose delays nothing", (t) => {
  const scene = makeScene({ a: { routerId: 0x0a000003 } });
  scene.a.session.start();
  scene.clock.settle();
  scene.connect();
  send(scene, scene.accepted[0], open(), KEEPALIVE);
  t.equal(scene.a.session.state, "Established");
  t.end();
});

t.test("a session that ends while it waits for the other connection's OPEN leaves nothing behind", (t) => {
  const scene = makeScene();
  scene.a.session.start();
  scene.clock.settle();
  scene.connect();
  send(scene, scene.accepted[0], open(), KEEPALIVE);
  scene.a.session.stop();
  scene.clock.advance(2000);
  t.equal(scene.a.session.state, "Idle");
  t.same(scene.a.handler.events, []);
  t.equal(scene.clock.pending, 0);
  t.end();
});
