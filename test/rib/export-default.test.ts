// The default route that peers are told whether there is one or not.

import t from "tap";
import { toHex } from "../../src/base/bytes.js";
import { REJECT_ALL } from "../../src/policy/route.js";
import { type GroupOptions } from "../../src/rib/export-rules.js";
import { RELATION } from "../../src/rib/sources.js";
import { groupOptions, type Joined, RibStage } from "./rib-stage.js";
import { filterOf } from "./sample-filters.js";
import { address, announce, sequence, withdraw } from "./updates.js";

const { ebgp, ibgpClient } = RELATION;
const ON = { relation: ebgp, defaultOriginate: true };

function paths({ inbox }: Joined): Record<string, unknown> {
  return Object.fromEntries(
    [...inbox.view].map(([prefix, { asPath }]) => [prefix, (asPath ?? []).flatMap(({ asNumbers }) => asNumbers)]),
  );
}

t.test("an empty table is told as a default route of our own", async (t) => {
  for (const family of [0, 1] as const) {
    const stage = new RibStage();
    const peer = stage.join(1, { ...ON, family, globalAs: 64512 });
    stage.settle();
    const [prefix, nextHop] = family === 0 ? ["0.0.0.0/0", "10.0.0.254"] : ["::/0", "2001:db8::fe"];
    const told = peer.inbox.view.get(prefix);
    t.same([...peer.inbox.view.keys()], [prefix]);
    t.same([told?.origin, told?.asPath, told?.med], [0, sequence(65000, 64512), undefined]);
    t.equal(toHex(told?.nextHop ?? address("::")), toHex(address(nextHop)));
    t.same(peer.inbox.endOfRib[family], 1);
  }
});

t.test("it replaces every other default route, also the peer's own", async (t) => {
  const stage = new RibStage();
  const [peer, plain, twin] = [stage.join(1, ON), stage.join(2, { relation: ebgp }), stage.join(3, ON)];
  announce(stage.rib, peer.source, ["0.0.0.0/0", "10.1.0.0/16"], { asPath: sequence(65010) });
  stage.settle();
  t.same(paths(peer), { "0.0.0.0/0": [65000] });
  t.same(paths(twin), { "0.0.0.0/0": [65000], "10.1.0.0/16": [65000, 65010] });
  t.same(paths(plain), { "0.0.0.0/0": [65000, 65010], "10.1.0.0/16": [65000, 65010] }, "others hear what there is");
  withdraw(stage.rib, peer.source, ["0.0.0.0/0"]);
  stage.settle();
  t.same(paths(peer), { "0.0.0.0/0": [65000] });
  t.same(paths(plain), { "10.1.0.0/16": [65000, 65010] });
  t.equal(twin.inbox.announced, 2, "and nothing was told twice");
});

t.test("the export policy is not asked about it", async (t) => {
  const stage = new RibStage();
  const peer = stage.join(1, { ...ON, exportFilter: REJECT_ALL });
  announce(stage.rib, stage.source(ebgp, 9), ["10.1.0.0/16"]);
  stage.settle();
  t.same(paths(peer), { "0.0.0.0/0": [65000] });
});

t.test("it is rewritten like any other route", async (t) => {
  const stage = new RibStage();
  const inside = stage.join(1, { ...ON, relation: ibgpClient, isDraining: true });
  const outside = stage.join(2, { ...ON, role: "provider" });
  const behind = stage.join(3, { ...ON, role: "customer", nextHop: "keep" });
  stage.settle();
  const told = inside.inbox.view.get("0.0.0.0/0");
  t.same([told?.asPath, told?.localPref, told?.communities, told?.originatorId], [[], 0, [0xffff0000], undefined]);
  t.equal(outside.inbox.view.get("0.0.0.0/0")?.onlyToCustomer, 65000);
  t.equal(toHex(behind.inbox.view.get("0.0.0.0/0")?.nextHop ?? address("::")), toHex(address("10.0.0.254")));
});

t.test("switched on and off it is the only thing that is told", async (t) => {
  for (const others of [0, 1]) {
    const stage = new RibStage();
    const peer = stage.join(1, { relation: ebgp });
    // With another member in the group the peer moves to a group of its own; alone it takes its group along.
    for (let i = 0; i < others; i++) stage.join(5 + i, { relation: ebgp });
    const source = stage.source(ebgp, 9);
    announce(stage.rib, source, ["10.1.0.0/16", "10.2.0.0/16"], { asPath: sequence(65010) });
    stage.settle();
    const become = (changes: Partial<GroupOptions>): void => {
      stage.rib.regroup(new Map([[peer.member, groupOptions({ relation: ebgp, ...changes })]]));
      stage.settle();
    };
    become(ON);
    t.same(paths(peer)["0.0.0.0/0"], [65000]);
    t.same([peer.inbox.announced, peer.inbox.withdrawn], [3, 0]);
    become({ ...ON, exportFilter: filterOf("all", () => true) });
    t.same([peer.inbox.announced, peer.inbox.withdrawn], [3, 0], "another policy does not tell it again");
    become({});
    t.same(Object.keys(paths(peer)).sort(), ["10.1.0.0/16", "10.2.0.0/16"]);
    t.same([peer.inbox.announced, peer.inbox.withdrawn], [3, 1]);
    become(ON);
    announce(stage.rib, source, ["0.0.0.0/0"], { asPath: sequence(65010) });
    stage.settle();
    become({});
    t.same(paths(peer)["0.0.0.0/0"], [65000, 65010], "the table's own takes its place");
    t.same([peer.inbox.announced, peer.inbox.withdrawn], [5, 1]);
  }
});

t.test("without an address of our own it is withheld, and the log says so", async (t) => {
  const stage = new RibStage();
  const said: string[] = [];
  stage.rib.attrs.onFault = (source, reasons) => {
    said.push(`${stage.rib.sources.get(source).options.name}: ${reasons.join()}`);
  };
  const peer = stage.join(1, { ...ON, family: 1, selfNextHop: new Uint8Array(0) });
  stage.settle();
  t.equal(peer.inbox.view.size, 0);
  t.match(said, [/^default-originate: route withheld: we have no address/]);
});

t.test("a group that goes leaves nothing behind", async (t) => {
  const stage = new RibStage();
  const before = [stage.rib.attrs.size, stage.rib.families[0].routes.prefixes.size];
  for (let round = 0; round < 3; round++) {
    const peer = stage.join(1, ON);
    stage.settle();
    t.equal(peer.inbox.view.size, 1);
    stage.rib.leave(peer.member);
    stage.settle();
    t.same([stage.rib.attrs.size, stage.rib.families[0].routes.prefixes.size], before);
  }
  t.equal([...stage.rib.sources].filter(({ options }) => options.name === "default-originate").length, 1);
});
