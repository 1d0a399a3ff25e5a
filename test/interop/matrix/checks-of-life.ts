// The life of a session: refresh, shutdown with a text, restarts of either side.

import { eventually, pause } from "../../support/eventually.js";
import { bestRoute, established } from "../../support/peers/waiting.js";
import type { Checks } from "./checks.js";
import { PREFIXES } from "./prefixes.js";
import { endsOf, received, routeVia } from "./segment.js";

const INNER = endsOf("inner");
const OUTER = endsOf("outer");
const MD5 = endsOf("md5");
const TTL = endsOf("ttl");

const routeRefresh: Checks = {
  async toPeer(t, { starling }) {
    const before = (await starling.peer(OUTER.them)).messages;
    t.equal((await starling.cli("peer", "refresh", OUTER.them, "--direction", "in")).code, 0);
    const after = await starling.peerWhen(
      OUTER.them,
      "was sent everything again",
      ({ messages }) =>
        messages.sent.routeRefresh > before.sent.routeRefresh && messages.received.update > before.received.update,
    );
    t.equal(after.transitions, 1);
    t.ok(await received(starling, OUTER.them, PREFIXES.outer), "the route is still there");
  },
  async fromPeer(t, { starling, outer }) {
    const before = (await starling.peer(OUTER.them)).messages;
    await outer.refresh(OUTER.us);
    const after = await starling.peerWhen(
      OUTER.them,
      "has answered a ROUTE-REFRESH",
      ({ messages }) =>
        messages.received.routeRefresh > before.received.routeRefresh && messages.sent.update > before.sent.update,
    );
    t.equal(after.transitions, 1);
    t.ok(await routeVia(outer, PREFIXES.ours, OUTER.us), "it still has our route");
  },
};

/** RFC 7313: what is told again stands between two more ROUTE-REFRESH messages. */
const enhancedRefresh: Checks = {
  async session(t, { starling }) {
    const { capabilities } = await starling.peer(OUTER.them);
    t.ok(
      capabilities.some((name) => /enhanced/i.test(name)),
      capabilities.join(", "),
    );
  },
  async toPeer(t, { starling }) {
    const before = (await starling.peer(OUTER.them)).messages.received.routeRefresh;
    t.equal((await starling.cli("peer", "refresh", OUTER.them, "--direction", "in")).code, 0);
    const after = await starling.peerWhen(
      OUTER.them,
      "was sent BoRR and EoRR",
      ({ messages }) => messages.received.routeRefresh >= before + 2,
    );
    t.equal(after.transitions, 1);
    t.ok(await received(starling, OUTER.them, PREFIXES.outer), "the route is still there");
  },
  async fromPeer(t, { starling, outer }) {
    const before = (await starling.peer(OUTER.them)).messages.sent.routeRefresh;
    await outer.refresh(OUTER.us);
    const after = await starling.peerWhen(
      OUTER.them,
      "has sent BoRR and EoRR",
      ({ messages }) => messages.sent.routeRefresh >= before + 2,
    );
    t.equal(after.transitions, 1);
    t.ok(await routeVia(outer, PREFIXES.ours, OUTER.us), "it still has our route");
  },
};

const shutdownText: Checks = {
  async toPeer(t, { starling, outer }) {
    t.equal((await starling.cli("peer", "disable", TTL.them, "--reason", "moving to rack 7")).code, 0);
    const text = await eventually("the text at the peer", async () => {
      const { state, text } = await outer.neighborState(TTL.us);
      const all = `${text}\n${outer.log()}`;
      if (state === "Established" || !all.includes("moving to rack 7")) throw new Error(all.slice(-3000));
      return all;
    });
    t.match(text, "moving to rack 7");
    t.equal((await starling.cli("peer", "enable", TTL.them)).code, 0);
    await starling.established(TTL.them);
    t.ok(await routeVia(outer, PREFIXES.ours, TTL.us), "enabled again, it has our route");
  },
  async fromPeer(t, { starling, outer }) {
    await outer.shutdown(MD5.us, "tea break");
    const status = await starling.peerWhen(MD5.them, "is down", ({ state }) => state !== "Established");
    t.match(status.lastError ?? "", /administrative shutdown/i);
    t.match(status.info, /tea break/);
  },
};

const gracefulRestart: Checks = {
  async fromPeer(t, { starling, inner, client, kind }) {
    await starling.established(INNER.them);
    await received(client, INNER.us, PREFIXES.inner);
    const watched = watch(async () =>
      (await client.routes("received", { peer: INNER.us, prefix: PREFIXES.inner })).some((route) => !route.stale),
    );
    const { transitions } = await starling.peer(INNER.them);
    await inner.kill();
    const stale = await starling.bestRoute(PREFIXES.inner, (route) => route.stale);
    t.equal(stale.from, INNER.them, "its route is kept");
    await inner.start();
    await starling.established(INNER.them);
    t.equal((await starling.bestRoute(PREFIXES.inner, (route) => !route.stale)).from, INNER.them);
    const losses = await watched.end();
    // What happened is in our log, should this fail once in a thousand runs.
    const log = starling.log().split("\n").slice(-200);
    t.equal((await starling.peer(INNER.them)).transitions, transitions + 1, "one session after the restart", { log });
    if (kind.restartsWithoutLoss) t.strictSame(losses, [], "those we tell were never without it", { log });
    t.ok(await received(client, INNER.us, PREFIXES.inner), "those we tell have it");
  },
  async toPeer(t, { starling, inner }) {
    await established(inner, INNER.us);
    await routeVia(inner, PREFIXES.ours, INNER.us);
    await starling.kill();
    t.ok(await routeVia(inner, PREFIXES.ours, INNER.us, (route) => route.stale), "our route is kept");
    const watched = watch(async () =>
      (await inner.routes("ipv4")).some(({ prefix, nextHop }) => prefix === PREFIXES.ours && nextHop === INNER.us),
    );
    await starling.start();
    await starling.established(INNER.them);
    await routeVia(inner, PREFIXES.ours, INNER.us, (route) => !route.stale);
    t.strictSame(await watched.end(), [], "it was never without it");
    t.ok((await bestRoute(inner, PREFIXES.ours)).best);
  },
};

/** Looks again and again until end is called, which gives the times (ms) when there was nothing. */
function watch(look: () => Promise<boolean>): { readonly end: () => Promise<readonly number[]> } {
  const losses: number[] = [];
  const startedAt = performance.now();
  let isOver = false;
  const watching = (async () => {
    while (!isOver) {
      if (!(await look())) losses.push(Math.round(performance.now() - startedAt));
      await pause(20);
    }
  })();
  return {
    end: async () => {
      isOver = true;
      await watching;
      return losses;
    },
  };
}

export const LIFE_CHECKS = { routeRefresh, enhancedRefresh, shutdownText, gracefulRestart } as const;
