// Parameters of the control methods, judged before the speaker is asked.

import t from "tap";
import { METHODS } from "../../src/control/methods.js";
import { DISABLED_PEER, fakeTarget, NO_DELAY } from "./snapshots.js";

async function call(
  target: ReturnType<typeof fakeTarget>,
  name: string,
  params: Record<string, unknown> = {},
): Promise<unknown> {
  const method = METHODS.get(name);
  if (method === undefined) throw new Error(`no method ${name}`);
  const outcome = await method.run(target, params);
  if (outcome.kind === "value") return outcome.value;
  const items = [...{ [Symbol.iterator]: () => outcome.chunks as Iterator<unknown> }].flat();
  return outcome.kind === "single" ? items[0] : items;
}

t.test("peers are found by address in any spelling, or by name", async (t) => {
  const cases = [
    { method: "disablePeer", params: { peer: "2001:DB8:0:0::1", reason: "x" }, told: "disable 2001:db8::1 x" },
    { method: "disablePeer", params: { peer: "tor" }, told: "disable 2001:db8::1 -" },
    { method: "enablePeer", params: { peer: "node2" }, told: "enable 172.17.8.102" },
    { method: "resetPeer", params: { peer: "172.17.8.102", reason: "new key" }, told: "reset 172.17.8.102 new key" },
    { method: "refreshPeer", params: { peer: "node2" }, told: "refresh 172.17.8.102 both" },
    { method: "refreshPeer", params: { peer: "node2", direction: "in" }, told: "refresh 172.17.8.102 in" },
    {
      method: "drain",
      params: { peers: ["node2", "2001:DB8::1"], draining: true },
      told: "drain 172.17.8.102 2001:db8::1 true",
    },
    { method: "drain", params: { all: true, draining: false }, told: "drain all false" },
  ];
  for (const { method, params, told } of cases) {
    const target = fakeTarget();
    await call(target, method, params);
    t.same(target.speaker.told, [told]);
  }
});

t.test("peers come all, or the one that is meant", async (t) => {
  const target = fakeTarget();
  t.same(await call(target, "peers"), target.speaker.all);
  t.same(await call(target, "peer", { peer: "tor" }), DISABLED_PEER);
  t.same(await call(target, "peer", { peer: "2001:DB8:0::1" }), DISABLED_PEER);
});

t.test("the delay of the event loop is part of the status, and can be measured anew", async (t) => {
  const target = fakeTarget();
  target.delay = { p50Ms: 0.5, p99Ms: 4, maxMs: 20, samples: 100, sinceSeconds: 10 };
  t.match(await call(target, "status"), { eventLoopDelay: target.delay });
  t.same(await call(target, "resetEventLoopDelay"), {});
  t.match(await call(target, "status"), { eventLoopDelay: NO_DELAY });
});

t.test("bad parameters are refused and nothing is done", async (t) => {
  const cases = [
    { method: "peer", params: {}, code: "bad-params", message: '"peer" is missing' },
    { method: "peer", params: { peer: 5 }, code: "bad-params", message: '"peer" is not a string' },
    { method: "enablePeer", params: { peer: "10.9.9.9" }, code: "not-found", message: 'no peer "10.9.9.9"' },
    {
      method: "drain",
      params: { peers: ["node2", "10.9.9.9"], draining: true },
      code: "not-found",
      message: 'no peer "10.9.9.9"',
    },
    { method: "drain", params: { draining: true }, code: "bad-params", message: '"peers" is no list of peers' },
    {
      method: "drain",
      params: { peers: [], draining: true },
      code: "bad-params",
      message: '"peers" is no list of peers',
    },
    { method: "drain", params: { peers: [7], draining: true }, code: "bad-params", message: '"peer" is not a string' },
    { method: "drain", params: { all: true }, code: "bad-params", message: '"draining" is neither true nor false' },
    {
      method: "disablePeer",
      params: { peer: "node2", reason: "ü".repeat(128) },
      code: "bad-params",
      message: "the reason is longer than 255 octets (RFC 9003)",
    },
    {
      method: "refreshPeer",
      params: { peer: "node2", direction: "up" },
      code: "bad-params",
      message: '"direction" is none of in, out, both',
    },
    {
      method: "routes",
      params: { stage: "worst" },
      code: "bad-params",
      message: '"stage" is none of received, best, advertised, kernel',
    },
    {
      method: "routes",
      params: { stage: "advertised" },
      code: "bad-params",
      message: "advertised routes are those of one peer: say which",
    },
    { method: "routes", params: { family: "vpnv4" }, code: "bad-params", message: '"family" is none of ipv4, ipv6' },
    { method: "routes", params: { peer: "nobody" }, code: "not-found", message: 'no peer "nobody"' },
    {
      method: "routes",
      params: { prefix: "10.0.0.0/33" },
      code: "bad-params",
      message: '"10.0.0.0/33" is neither a prefix nor an address',
    },
    {
      method: "countRoutes",
      params: { prefix: "fe80::1%eth0" },
      code: "bad-params",
      message: '"fe80::1%eth0" is neither a prefix nor an address',
    },
    {
      method: "routes",
      params: { prefix: "10.0.0.1/8" },
      code: "bad-params",
      message: '"10.0.0.1/8" is neither a prefix nor an address; did you mean 10.0.0.0/8?',
    },
  ];
  for (const { method, params, code, message } of cases) {
    const target = fakeTarget();
    await t.rejects(call(target, method, params), { code, message }, `${method} ${JSON.stringify(params)}`);
    t.same(target.speaker.told, []);
    t.equal(target.speaker.lastQuery, undefined);
  }
});

t.test("a route query reaches the speaker in canonical form", async (t) => {
  const target = fakeTarget();
  t.match(
    await call(target, "routes", {
      stage: "advertised",
      peer: "tor",
      prefix: "2001:DB8::/32",
      longer: true,
      family: "ipv6",
    }),
    [{ prefix: "10.1.0.0/26" }],
  );
  t.same(target.speaker.lastQuery, {
    stage: "advertised",
    peer: "2001:db8::1",
    prefix: "2001:db8::/32",
    longer: true,
    family: "ipv6",
  });
  t.equal(await call(target, "countRoutes", { prefix: "2001:DB8::1", longer: false }), 1);
  t.same(target.speaker.lastQuery, { stage: "best", prefix: "2001:db8::1" });
});

t.test("status tells of the reload the speaker never heard of", async (t) => {
  const target = fakeTarget();
  t.match(await call(target, "status"), { lastReload: { ok: true } });
  target.lastReloadResult = { ok: false, at: "2026-11-21T10:00:00.000Z", message: "a.yaml:1:1: bad" };
  t.match(await call(target, "status"), {
    routerId: "172.17.8.101",
    lastReload: { ok: false, message: "a.yaml:1:1: bad" },
  });
});
