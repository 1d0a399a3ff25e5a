// Options of peers and of the decision process from YAML to routes: what happens to a route on its way in, what people
// are told about it, and what a reload changes.

import t from "tap";
import { parsePrefix } from "../../src/base/ip.js";
import type { RouteView } from "../../src/speaker/snapshot.js";
import { type Node, World } from "./world.js";

const HERE = "10.0.0.1";

interface Peering {
  readonly last: number;
  readonly as: number;
  /** Options of ours towards it. */
  readonly options?: string;
}

/** The speaker at hand, AS 65001. */
function here(peers: readonly Peering[], more = "", as = 65001): string {
  const lines = peers.map(
    (peer) =>
      `  - {address: 10.0.0.${peer.last}, as: ${peer.as}, importPolicy: accept, exportPolicy: accept${
        peer.options === undefined ? "" : `, ${peer.options}`
      }}`,
  );
  return `as: ${as}\npeers:\n${lines.join("\n")}\n${more}`;
}

interface Announcer {
  readonly last: number;
  readonly as: number;
  readonly prefixes: string;
  /** What its export policy sets. */
  readonly set?: string;
  /** Options towards the speaker at hand, whose AS it knows as `of`. */
  readonly options?: string;
  readonly of?: number;
}

function announcer({ as, prefixes, set = "{med: 0}", options = "", of = 65001 }: Announcer): string {
  const routes = prefixes.split(", ").map((prefix) => `{prefix: ${prefix}, type: none}`);
  return `
as: ${as}
policies: {out: [{set: ${set}, action: accept}]}
peers: [{address: ${HERE}, as: ${of}, importPolicy: accept, exportPolicy: out${options === "" ? "" : `, ${options}`}}]
node: {static: [${routes.join(", ")}]}`;
}

const addressOf = ({ last }: { readonly last: number }): string => `10.0.0.${last}`;

async function stage(yaml: string, announcers: readonly Announcer[]): Promise<{ world: World; node: Node }> {
  const world = new World();
  const node = await world.start(HERE, yaml);
  for (const each of announcers) await world.start(addressOf(each), announcer(each));
  world.run(10_000);
  return { world, node };
}

function received(node: Node, prefix: string, peer?: string): RouteView {
  const query = { stage: "received", prefix } as const;
  const [route] = node.routes(peer === undefined ? query : { ...query, peer });
  if (route === undefined) throw new Error(`${node.address} has no route to ${prefix}`);
  return route;
}

const heard = (node: Node): readonly string[] =>
  node
    .routes({ stage: "received" })
    .map(({ prefix }) => prefix)
    .sort();

t.test("BLACKHOLE drops packets in the kernel, needs no next hop, and does not leave the AS (RFC 7999)", async (t) => {
  const peers = (blackhole: boolean): string =>
    here([
      { last: 2, as: 65002, options: `blackhole: ${blackhole}` },
      { last: 3, as: 65001 },
      { last: 4, as: 65004 },
    ]);
  const { world, node } = await stage(peers(true), [
    { last: 2, as: 65002, prefixes: "10.9.0.1/32", set: "{communities: {add: [blackhole]}}" },
  ]);
  const inside = await world.start("10.0.0.3", `as: 65001\npeers: [{address: ${HERE}, as: 65001}]`);
  const outside = await world.start(
    "10.0.0.4",
    `as: 65004\npeers: [{address: ${HERE}, as: 65001, importPolicy: accept, exportPolicy: accept}]`,
  );
  world.run(10_000);
  t.same(node.fib(), ["10.9.0.1/32 blackhole"]);
  t.same(received(node, "10.9.0.1/32").notes, ["packets are dropped: BLACKHOLE (RFC 7999)"]);
  t.same(received(inside, "10.9.0.1/32").communities, ["blackhole", "no-export"]);
  t.equal(received(inside, "10.9.0.1/32").nextHop, "10.0.0.2", "the next hop stays what it was");
  t.same(heard(outside), []);
  node.kernel.setReachable("10.0.0.2", false);
  world.run(100);
  t.same(node.fib(), ["10.9.0.1/32 blackhole"], "where nobody goes no way is needed");
  t.equal(received(node, "10.9.0.1/32").best, true);
  node.kernel.setReachable("10.0.0.2", true);

  await node.apply(peers(false));
  world.run(1000);
  t.same(node.fib(), ["10.9.0.1/32 unicast via 10.0.0.2 dev eth0"], "the agreement has ended");
  t.equal(received(node, "10.9.0.1/32").notes, undefined);
  t.same(heard(outside), ["10.9.0.1/32"]);
  await node.apply(peers(true));
  world.run(1000);
  t.same(node.fib(), ["10.9.0.1/32 blackhole"]);
  t.same(heard(outside), []);
});

t.test("a blackhole shares no traffic with an equal path, and the other way round", async (t) => {
  const prefixes = "10.9.0.1/32";
  const hole = "{communities: {add: [blackhole]}}";
  for (const [last, fib] of [
    [2, "10.9.0.1/32 blackhole"],
    [3, "10.9.0.1/32 unicast via 10.0.0.2 dev eth0"],
  ] as const) {
    const peers = [2, 3].map((other) => ({ last: other, as: 65002, options: "blackhole: true" }));
    const announcers = peers.map((peer) => ({
      ...peer,
      prefixes,
      options: "",
      ...(peer.last === last ? { set: hole } : {}),
    }));
    const { node } = await stage(here(peers, "multipath: {ebgp: 4}"), announcers);
    t.same(node.fib(), [fib]);
  }
});

t.test("GRACEFUL_SHUTDOWN moves traffic away before the session ends (RFC 8326)", async (t) => {
  const both = [2, 3].map((last) => ({ last, as: 65000 + last }));
  const announcers = both.map((each) => ({ ...each, prefixes: "10.9.0.0/24" }));
  const { world, node } = await stage(here(both, "multipath: {ebgp: 1}"), announcers);
  t.same(node.best(), ["10.9.0.0/24 via 10.0.0.2 from 10.0.0.2"]);
  const leaving = announcer({ ...announcers[0], set: "{communities: {add: [graceful-shutdown]}}" });
  await world.nodes.get("10.0.0.2")?.apply(leaving);
  world.run(1000);
  t.same(node.best(), ["10.9.0.0/24 via 10.0.0.3 from 10.0.0.3"]);
  const route = received(node, "10.9.0.0/24", "10.0.0.2");
  t.match(route, { localPref: 0, notes: ["LOCAL_PREF 0: GRACEFUL_SHUTDOWN (RFC 8326)"] });
  t.equal(route.reason, "another path is better: higher LOCAL_PREF");
  const [first, second] = both;
  await node.apply(here([{ ...first, options: "gracefulShutdown: false" }, second], "multipath: {ebgp: 1}"));
  world.run(1000);
  t.same(node.best(), ["10.9.0.0/24 via 10.0.0.2 from 10.0.0.2"], "who does not honour it takes it as any community");
});

t.test("localAs stands in front of what the peer says, unless localAsNoPrepend (RFC 7705)", async (t) => {
  const yaml = (more: string): string => here([{ last: 2, as: 65002, options: `localAs: 64999${more}` }]);
  const { world, node } = await stage(yaml(""), [{ last: 2, as: 65002, prefixes: "10.9.0.0/24", of: 64999 }]);
  t.equal(received(node, "10.9.0.0/24").asPath, "64999 65002");
  t.match(received(node, "10.9.0.0/24").notes?.[0], /AS 64999 in front of AS_PATH/);
  await node.apply(yaml(", localAsNoPrepend: true"));
  world.run(60_000);
  t.equal(received(node, "10.9.0.0/24").asPath, "65002");
});

t.test("allowAsIn takes routes of another site with our AS", async (t) => {
  const yaml = (more: string): string => here([{ last: 2, as: 65002, options: more }]);
  const set = "{prepend: {as: 65001, times: 2}}";
  const { world, node } = await stage(yaml("allowAsIn: 2"), [{ last: 2, as: 65002, prefixes: "10.9.0.0/24", set }]);
  t.match(received(node, "10.9.0.0/24"), { best: true, asPath: "65002 65001 65001" });
  await node.apply(yaml("allowAsIn: 1"));
  world.run(60_000);
  t.match(received(node, "10.9.0.0/24"), { best: false, reason: "own AS in AS_PATH (RFC 4271 §9.1.2)" });
});

t.test("weight and localPref of a peer apply at a reload, and the policy sees them", async (t) => {
  const both = [2, 3].map((last) => ({ last, as: 65000 + last }));
  const announcers = both.map((each) => ({ ...each, prefixes: "10.9.0.0/24" }));
  const [first, second] = both;
  const { world, node } = await stage(here(both, "multipath: {ebgp: 1}"), announcers);
  const best = async (options: string, more = ""): Promise<string | undefined> => {
    await node.apply(here([first, { ...second, options }], `multipath: {ebgp: 1}\n${more}`));
    world.run(1000);
    return node.best()[0];
  };
  t.match(await best("weight: 0"), /from 10\.0\.0\.2$/);
  t.match(await best("weight: 5"), /from 10\.0\.0\.3$/);
  t.match(received(node, "10.9.0.0/24", "10.0.0.2").reason, /higher weight/);
  t.same(received(node, "10.9.0.0/24", "10.0.0.3").notes, ["weight 5: the peer's"]);
  t.match(await best("localPref: 99"), /from 10\.0\.0\.2$/);
  t.match(await best("localPref: 101"), /from 10\.0\.0\.3$/);
});

t.test("a route leak is seen, kept out, and explained (RFC 9234 §5)", async (t) => {
  // 65002 is a customer of 65001 and of 65004; it tells 65001 what it has of 65004.
  const node = here([{ last: 2, as: 65002, options: "role: provider" }]);
  const customer = `
as: 65002
peers:
  - {address: ${HERE}, as: 65001, importPolicy: accept, exportPolicy: accept}
  - {address: 10.0.0.4, as: 65004, importPolicy: accept, exportPolicy: accept, role: customer}
node: {static: [{prefix: 10.2.0.0/24, type: none}]}`;
  const provider = `
as: 65004
peers: [{address: 10.0.0.2, as: 65002, importPolicy: accept, exportPolicy: accept}]
node: {static: [{prefix: 10.4.0.0/24, type: none}]}`;
  const world = new World();
  const a = await world.start(HERE, node);
  const b = await world.start("10.0.0.2", customer);
  await world.start("10.0.0.4", provider);
  world.run(10_000);
  t.same(received(b, "10.4.0.0/24").notes, ["OTC 65004 added (RFC 9234 §5)"]);
  t.same(a.best(), ["10.2.0.0/24 via 10.0.0.2 from 10.0.0.2"]);
  t.equal(received(a, "10.4.0.0/24").reason, "route leak: OTC 65004 from a customer (RFC 9234 §5)");
  t.equal(a.speaker.peer("10.0.0.2")?.families.find(({ family }) => family === "ipv4")?.accepted, 1);
});

t.test("a next hop that is an address of ours is no way (RFC 4271 §5.1.3)", async (t) => {
  const { world, node } = await stage(here([{ last: 2, as: 65001 }]), [
    { last: 2, as: 65001, prefixes: "10.9.0.0/24", set: "{nextHop: 10.0.0.77}" },
  ]);
  t.equal(received(node, "10.9.0.0/24").best, true);
  const own = parsePrefix("10.0.0.0/24");
  if (own === undefined) throw new Error("not a prefix");
  node.kernel.setAddresses([{ device: "eth0", address: { bytes: Uint8Array.of(10, 0, 0, 77) }, prefix: own }]);
  world.run(1000);
  t.match(received(node, "10.9.0.0/24"), {
    best: false,
    nextHopReachable: false,
    reason: "NEXT_HOP is an address of our own (RFC 4271 §5.1.3)",
  });
  t.same(node.fib(), []);
});

t.test("how MED counts, and what multipath asks for, may change at a reload", async (t) => {
  const peers = [2, 3].map((last) => ({ last, as: 65000 + last }));
  const announcers = [
    { ...peers[0], prefixes: "10.9.0.0/24", set: "{med: 20}" },
    { ...peers[1], prefixes: "10.9.0.0/24", set: "{med: 10}" },
  ];
  const { world, node } = await stage(here(peers), announcers);
  const apply = async (more: string): Promise<readonly string[]> => {
    await node.apply(here(peers, more));
    world.run(1000);
    return node.fib();
  };
  t.same(node.fib(), ["10.9.0.0/24 unicast via 10.0.0.2 dev eth0 via 10.0.0.3 dev eth0"]);
  t.same(await apply("multipath: {relaxAsPath: false}"), ["10.9.0.0/24 unicast via 10.0.0.2 dev eth0"]);
  t.same(await apply("bestPath: {alwaysCompareMed: true}"), ["10.9.0.0/24 unicast via 10.0.0.3 dev eth0"]);
  t.equal(received(node, "10.9.0.0/24", "10.0.0.2").reason, "another path is better: lower MED");
  await world.nodes.get("10.0.0.3")?.apply(announcer({ ...announcers[1], set: "{med: none}" }));
  world.run(1000);
  t.same(node.fib(), ["10.9.0.0/24 unicast via 10.0.0.3 dev eth0"], "no MED counts as 0");
  t.same(await apply("bestPath: {alwaysCompareMed: true, missingMedAsWorst: true}"), [
    "10.9.0.0/24 unicast via 10.0.0.2 dev eth0",
  ]);
});
