// Limits of prefixes in both directions: warnings, sessions that end, and how they come back (RFC 4271 §6.7, RFC 4486).

import t from "tap";
import { type Log, type LogFields } from "../../src/base/log.js";
import { type Node, World } from "./world.js";

t.setTimeout(120_000);

interface Line {
  readonly level: string;
  readonly message: string;
}

function recordingLog(lines: Line[]): Log {
  const add =
    (level: string) =>
    (message: string, _fields?: LogFields): void => {
      lines.push({ level, message });
    };
  const log: Log = {
    error: add("error"),
    warn: add("warn"),
    info: add("info"),
    debug: () => undefined,
    debugEnabled: false,
    child: () => log,
  };
  return log;
}

const routes = (count: number, first = 0): string =>
  Array.from({ length: count }, (_, i) => `{prefix: "10.200.${first + i}.0/24", type: none}`).join(", ");

/** A node that announces so many prefixes, and one with options for its peer. */
const sender = (count: number, peerOptions = "", first = 0): string => `
as: 65001
peers: [{address: 10.0.0.2, as: 65002, importPolicy: accept, exportPolicy: accept${peerOptions}}]
node: {static: [${routes(count, first)}]}`;

const receiver = (options: string, more = ""): string => `
as: 65002
${more}
peers: [{address: 10.0.0.1, as: 65001, importPolicy: accept, exportPolicy: accept, ${options}}]`;

interface Pair {
  readonly world: World;
  readonly a: Node;
  readonly b: Node;
  readonly log: Line[];
  /** Warnings and errors about limits, since the last call. */
  readonly said: () => string[];
}

async function pair(count: number, options: string): Promise<Pair> {
  const world = new World();
  const log: Line[] = [];
  const a = await world.start("10.0.0.1", sender(count));
  const b = await world.start("10.0.0.2", receiver(options), { log: recordingLog(log) });
  world.run(5000);
  const said = (): string[] =>
    log
      .splice(0)
      .filter(({ message }) => message.includes("maxPrefixes"))
      .map(({ level, message }) => `${level}: ${message}`);
  return { world, a, b, log, said };
}

const received = (node: Node): number => node.speaker.countRoutes({ stage: "received", peer: "10.0.0.1" });

t.test("a warning comes once at the given part of the limit, and again only after the count fell below", async (t) => {
  const { world, a, b, said } = await pair(7, "maxPrefixesIn: {ipv4: 10, warnPercent: 80, action: restart}");
  t.same(said(), []);
  await a.apply(sender(8));
  world.run();
  t.same(said(), ["warn: 8 ipv4 prefixes received, the limit is 10 (maxPrefixesIn)"]);
  await a.apply(sender(10));
  world.run();
  t.same(said(), [], "it was said");
  await a.apply(sender(5));
  world.run();
  await a.apply(sender(9));
  world.run();
  t.same(said(), ["warn: 9 ipv4 prefixes received, the limit is 10 (maxPrefixesIn)"]);
  t.equal(b.state("10.0.0.1"), "Established", "the limit itself is allowed");
  t.match(b.speaker.peer("10.0.0.1")?.families[0], { received: 9, receivedLimit: 10 });
});

t.test("action warn lets the session live", async (t) => {
  const { b, said } = await pair(12, "maxPrefixesIn: {ipv4: 10, action: warn}");
  t.equal(b.state("10.0.0.1"), "Established");
  t.equal(received(b), 12);
  t.same(said(), ["warn: received more than 10 ipv4 prefixes (maxPrefixesIn): a warning only, as configured"]);
});

t.test("action restart ends the session, keeps it down for a time, and starts again", async (t) => {
  const { world, a, b, said } = await pair(5, "maxPrefixesIn: {ipv4: 10, action: restart, restartAfterSeconds: 300}");
  await a.apply(sender(11));
  world.run(1000);
  t.same(said().at(-1), "error: received more than 10 ipv4 prefixes (maxPrefixesIn): the session ends");
  t.equal(received(b), 0, "its routes leave at once");
  const held = b.speaker.peer("10.0.0.1");
  t.match(held, {
    state: "Idle",
    adminDown: false,
    info: "received more than 10 ipv4 prefixes (maxPrefixesIn), again in 4 min 59 s",
  });
  t.equal(b.speaker.status().peers.disabled, 0);
  const told = a.speaker.peer("10.0.0.2");
  t.match(told?.info, /peer sent Cease\/Maximum Number of Prefixes Reached: ipv4 limit 10/);
  world.run(290_000);
  t.equal(b.state("10.0.0.1"), "Idle", "whoever connects is refused until then");
  t.equal(b.speaker.peer("10.0.0.1")?.transitions, 1);
  await a.apply(sender(3));
  world.run(60_000);
  t.equal(b.state("10.0.0.1"), "Established");
  t.equal(received(b), 3);
});

t.test("action disable keeps it down until it is enabled", async (t) => {
  const { world, a, b } = await pair(11, "maxPrefixesIn: {ipv4: 10, action: disable}");
  t.match(b.speaker.peer("10.0.0.1"), {
    state: "Idle",
    adminDown: false,
    info: 'received more than 10 ipv4 prefixes (maxPrefixesIn), down until "starling peer enable"',
  });
  world.run(600_000);
  b.speaker.resetPeer("10.0.0.1");
  world.run(60_000);
  t.equal(b.state("10.0.0.1"), "Idle");
  await a.apply(sender(2));
  b.speaker.enablePeer("10.0.0.1");
  world.run(60_000);
  t.equal(b.state("10.0.0.1"), "Established");
});

t.test("an administrator's wish goes before the wait", async (t) => {
  const { world, a, b } = await pair(11, "maxPrefixesIn: {ipv4: 10, action: restart, restartAfterSeconds: 300}");
  await a.apply(sender(4));
  b.speaker.disablePeer("10.0.0.1", "for good");
  world.run(600_000);
  t.match(b.speaker.peer("10.0.0.1"), { adminDown: true, info: "administratively down: for good" });
  b.speaker.enablePeer("10.0.0.1");
  world.run(60_000);
  t.equal(b.state("10.0.0.1"), "Established");
  await a.apply(sender(12));
  world.run(1000);
  t.equal(b.state("10.0.0.1"), "Idle");
  await a.apply(sender(4));
  b.speaker.resetPeer("10.0.0.1");
  world.run(60_000);
  t.equal(b.state("10.0.0.1"), "Established", "a reset ends the wait");
});

t.test("what a reload does to a peer that is kept down", async (t) => {
  const limit = (ipv4: number | string, action = "restart", seconds = 3600): string =>
    ipv4 === "" ? "" : `maxPrefixesIn: {ipv4: ${ipv4}, action: ${action}, restartAfterSeconds: ${seconds}}`;
  const rows = [
    { name: "a higher limit", after: limit(20), up: true },
    { name: "no limit", after: limit(""), up: true },
    { name: "only a warning", after: limit(10, "warn"), up: true },
    { name: "the same", after: limit(10), up: false },
    { name: "a lower limit", after: limit(5), up: false },
    { name: "another matter", after: `${limit(10)}, connectRetrySeconds: 3`, up: false },
  ];
  for (const row of rows) {
    const { world, b } = await pair(11, limit(10));
    t.equal(b.state("10.0.0.1"), "Idle", `${row.name}: before`);
    await b.apply(receiver(row.after));
    world.run(60_000);
    t.equal(b.state("10.0.0.1") === "Established", row.up, row.name);
  }
});

t.test("a reload that lowers the limit below what is there ends the session", async (t) => {
  const { world, b } = await pair(8, "maxPrefixesIn: {ipv4: 10, action: disable}");
  await b.apply(receiver("maxPrefixesIn: {ipv4: 7, action: disable}"));
  world.run(1000);
  t.match(b.speaker.peer("10.0.0.1")?.info, /^received more than 7 ipv4 prefixes/);
  t.equal(received(b), 0);
});

t.test("graceful restart does not keep the routes of a peer that was thrown out", async (t) => {
  for (const notification of [false, true]) {
    const world = new World();
    const more = `gracefulRestart: {notification: ${notification}}`;
    const a = await world.start("10.0.0.1", `${more}${sender(5)}`);
    const b = await world.start("10.0.0.2", receiver("maxPrefixesIn: {ipv4: 10, action: disable}", more));
    world.run(5000);
    t.equal(received(b), 5);
    await a.apply(`${more}${sender(11)}`);
    world.run(1000);
    t.equal(received(b), 0, `N bit: ${notification}`);
    t.equal(b.speaker.peer("10.0.0.1")?.families[0]?.stale, 0);
  }
});

t.test("stale routes of a restarting peer do not count against the new ones", async (t) => {
  const { world, a, b } = await pair(8, "maxPrefixesIn: {ipv4: 10, action: disable}");
  await a.speaker.stop({ graceful: true });
  world.run(1000);
  t.equal(b.speaker.peer("10.0.0.1")?.families[0]?.stale, 8);
  a.kernel.adopt("10.9.9.0/24", { kind: "blackhole", nextHops: [] });
  await world.start("10.0.0.1", sender(9, "", 100));
  world.run(30_000);
  t.equal(b.state("10.0.0.1"), "Established", "8 stale and 9 fresh ones for a while");
  t.equal(received(b), 9);
});

t.test("a peer is never told more prefixes than its outbound limit", async (t) => {
  for (const action of ["restart", "disable"]) {
    const world = new World();
    const log: Line[] = [];
    const limit = `, maxPrefixesOut: {ipv4: 10, action: ${action}, restartAfterSeconds: 20}`;
    const a = await world.start("10.0.0.1", sender(10, limit), { log: recordingLog(log) });
    const b = await world.start("10.0.0.2", receiver(""));
    let most = 0;
    const watch = (ms: number): void => {
      for (let i = 0; i < ms; i += 200) {
        world.run(200);
        most = Math.max(most, received(b));
      }
    };
    watch(5000);
    t.equal(received(b), 10, "the limit itself is allowed");
    await a.apply(sender(11, limit));
    watch(1000);
    const wait = action === "restart" ? "again in 19 s" : 'down until "starling peer enable"';
    t.match(a.speaker.peer("10.0.0.2"), {
      state: "Idle",
      adminDown: false,
      info: `would announce more than 10 ipv4 prefixes (maxPrefixesOut), ${wait}`,
    });
    t.match(b.speaker.peer("10.0.0.1")?.info, /Administrative Shutdown: "would announce more than 10 ipv4 prefixes/);
    await a.apply(sender(9, limit));
    if (action === "disable") a.speaker.enablePeer("10.0.0.2");
    watch(40_000);
    t.equal(received(b), 9);
    t.equal(most, 10, "never more");
    t.ok(log.some(({ message }) => message === "9 ipv4 prefixes announced, the limit is 10 (maxPrefixesOut)"));
  }
});

t.test("a late joiner whose limit is below the table hears nothing of it", async (t) => {
  const world = new World();
  const peers = (limit: string): string => `
as: 65001
peers:
  - {address: 10.0.0.2, as: 65002, exportPolicy: accept, importPolicy: accept}
  - {address: 10.0.0.3, as: 65003, exportPolicy: accept, importPolicy: accept${limit}}
node: {static: [${routes(20)}]}`;
  const a = await world.start("10.0.0.1", peers(", maxPrefixesOut: {ipv4: 10, action: disable}"));
  const b = await world.start("10.0.0.2", receiver(""));
  world.run(5000);
  const c = await world.start("10.0.0.3", receiver("").replaceAll("65002", "65003"));
  let most = 0;
  for (let i = 0; i < 50; i++) {
    world.run(100);
    most = Math.max(most, received(c));
  }
  t.equal(most, 0);
  t.match(a.speaker.peer("10.0.0.3")?.info, /^would announce more than 10 ipv4 prefixes/);
  t.equal(received(b), 20, "the other peer of the group has it all");
  await a.apply(peers(", maxPrefixesOut: {ipv4: 20, action: disable}"));
  world.run(60_000);
  t.equal(received(c), 20);
  await a.apply(peers(", maxPrefixesOut: {ipv4: 15, action: disable}"));
  world.run(1000);
  t.match(a.speaker.peer("10.0.0.3")?.info, /^would announce more than 15 ipv4 prefixes/, "a reload lowers it");
  t.equal(received(c), 0);
});

t.test("what a peer has sent itself does not count against its outbound limit", async (t) => {
  const world = new World();
  const client = (address: string, more: string): string =>
    `{address: ${address}, as: 65001, routeReflectorClient: true${more}}`;
  const a = await world.start(
    "10.0.0.1",
    `
as: 65001
peers:
  - ${client("10.0.0.2", ", maxPrefixesOut: {ipv4: 5, action: disable}")}
  - ${client("10.0.0.3", "")}`,
  );
  const leaf = (address: string, count: number, first: number): Promise<Node> =>
    world.start(
      address,
      `
as: 65001
peers: [{address: 10.0.0.1, as: 65001}]
node: {static: [${routes(count, first)}]}`,
    );
  const b = await leaf("10.0.0.2", 8, 0);
  const c = await leaf("10.0.0.3", 5, 100);
  world.run(5000);
  t.equal(a.state("10.0.0.2"), "Established");
  t.same([received(b), received(c)], [5, 8]);
  t.match(a.speaker.peer("10.0.0.2")?.families[0], { advertised: 5, advertisedLimit: 5 });
  await c.apply(`
as: 65001
peers: [{address: 10.0.0.1, as: 65001}]
node: {static: [${routes(6, 100)}]}`);
  world.run(1000);
  t.equal(a.state("10.0.0.2"), "Idle");
});

t.test("a dynamic peer that was thrown out does not come back as another one before its time", async (t) => {
  const world = new World();
  const range = `
as: 65002
peerGroups: {tor: {importPolicy: accept, exportPolicy: accept, maxPrefixesIn: {ipv4: 10, action: restart, restartAfterSeconds: 300}}}
dynamicPeers: [{prefix: 10.0.0.0/24, group: tor, as: 65001}]`;
  const b = await world.start("10.0.0.2", range);
  const a = await world.start("10.0.0.1", sender(11));
  world.run(100_000);
  t.equal(b.speaker.peer("10.0.0.1")?.transitions, 1, "one session in 100 s");
  t.match(b.speaker.peer("10.0.0.1")?.info, /^received more than 10/);
  await a.apply(sender(3));
  world.run(260_000);
  t.equal(b.state("10.0.0.1"), "Established");
  await a.speaker.stop({ graceful: false });
  world.run(60_000);
  t.equal(b.speaker.peer("10.0.0.1"), undefined, "forgotten as ever");
});
