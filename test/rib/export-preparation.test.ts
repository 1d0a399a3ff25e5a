// Groups whose export policy sees routes as they would be sent (BIRD), and what it leaves is sent as it is.

import t from "tap";
import { toHex } from "../../src/base/bytes.js";
import { formatBytes } from "../../src/base/ip.js";
import type { PathAttributes } from "../../src/packet/attributes/attribute.js";
import type { Filter, Route } from "../../src/policy/route.js";
import type { GroupOptions } from "../../src/rib/export-rules.js";
import { RELATION, type Relation } from "../../src/rib/sources.js";
import { type Joined, LOCAL_AS, RibStage } from "./rib-stage.js";
import { address, announce, prefix, sequence } from "./updates.js";

const P = "10.1.0.0/16";
const { local, ebgp, ibgpClient, ibgpNonClient } = RELATION;

/** What a policy sees of a route. */
interface Seen {
  readonly asPath: Route["asPath"];
  readonly nextHop: string;
  readonly localPref: number | undefined;
  readonly med: number | undefined;
  readonly originatorId: number | undefined;
  readonly clusterList: readonly number[] | undefined;
  readonly isBare: boolean;
}

function look(route: Route): Seen {
  const { asPath, localPref, med, originatorId, clusterList, isBare } = route;
  return { asPath, nextHop: formatBytes(route.nextHop), localPref, med, originatorId, clusterList, isBare };
}

function filterOf(run: (route: Route) => void, changes: Partial<Filter> = {}): Filter {
  const filter = (route: Route): { accept: boolean; by: string } => {
    run(route);
    return { accept: true, by: "test" };
  };
  return Object.assign(filter, { readsPrefix: false, readsPeer: false, identity: "test", ...changes });
}

interface Told {
  readonly seen: Seen | undefined;
  readonly told: PathAttributes | undefined;
  readonly stage: RibStage;
  readonly member: Joined;
}

function told(
  from: Relation,
  to: Partial<GroupOptions>,
  changes: PathAttributes = {},
  run: (route: Route) => void = () => undefined,
  text = P,
): Told {
  const stage = new RibStage();
  let seen: Seen | undefined;
  const exportFilter = filterOf((route) => {
    seen = look(route);
    run(route);
  });
  const member = stage.join(9, { preparesExport: true, exportFilter, ...to });
  const source = stage.source(from, 1);
  if (from === local) stage.rib.announceLocal(source, prefix(text), { origin: 0, asPath: [], ...changes });
  else announce(stage.rib, source, [text], { asPath: from === ebgp ? sequence(65010) : [], ...changes });
  stage.settle();
  return { seen, told: member.inbox.view.get(text), stage, member };
}

t.test("a route of our own has our AS in front towards an external peer, LOCAL_PREF 100 and a next hop", async (t) => {
  const { seen, told: sent } = told(local, { relation: ebgp });
  t.match(seen, { asPath: sequence(LOCAL_AS), localPref: 100, nextHop: "10.0.0.254", isBare: false });
  t.same(sent?.asPath, sequence(LOCAL_AS), "and it is not put there again");
  t.equal(sent?.localPref, undefined, "LOCAL_PREF stays inside");
  t.equal(toHex(sent?.nextHop ?? address("0.0.0.0")), "0a0000fe");
});

t.test("a route of our own has an empty path and LOCAL_PREF 100 towards an internal peer", async (t) => {
  const { seen, told: sent } = told(local, { relation: ibgpNonClient });
  t.match(seen, { asPath: [], localPref: 100, nextHop: "10.0.0.254" });
  t.match(sent, { asPath: [], localPref: 100 });
});

t.test("a learned route is seen with our AS in front and our address as next hop", async (t) => {
  const { seen, told: sent } = told(ebgp, { relation: ebgp });
  t.match(seen, { asPath: sequence(LOCAL_AS, 65010), nextHop: "10.0.0.254" });
  t.same(sent?.asPath, sequence(LOCAL_AS, 65010));
});

t.test("what the policy prepends stands in front of our own AS", async (t) => {
  const prepend = (route: Route): void =>
    void (route.asPath = [{ type: 2, asNumbers: [7, ...(route.asPath[0]?.asNumbers ?? [])] }]);
  t.same(told(ebgp, { relation: ebgp }, {}, prepend).told?.asPath, sequence(7, LOCAL_AS, 65010));
  t.same(told(local, { relation: ibgpClient }, {}, prepend).told?.asPath, sequence(7));
});

t.test("LOCAL_PREF and MED go out as the policy leaves them", async (t) => {
  const set = (route: Route): void => {
    route.localPref = 2147482623;
    route.med = 5;
  };
  t.match(told(local, { relation: ibgpClient }, {}, set).told, { localPref: 2147482623, med: 5 });
  t.match(told(ebgp, { relation: ebgp }, { med: 9 }, set).told, { med: 5 });
  const { seen, told: sent } = told(ebgp, { relation: ebgp }, { med: 9 });
  t.equal(seen?.med, undefined, "MED of a neighbour does not reach another (RFC 4271 §5.1.4)");
  t.equal(sent?.med, undefined);
  t.equal(told(ebgp, { relation: ibgpClient }, { med: 9 }).told?.med, 9);
});

t.test("a reflected route is seen with the marks of reflection, and they are not made twice", async (t) => {
  const { seen, told: sent } = told(ibgpClient, { relation: ibgpNonClient });
  t.match(seen, { originatorId: 0x0a000001, clusterList: [0x0a0000fd] });
  t.match(sent, { originatorId: 0x0a000001, clusterList: [0x0a0000fd] });
});

t.test("the next hop is the one the policy sets, and a peer is not sent its own", async (t) => {
  const set = (route: Route): void => void (route.nextHop = address("10.0.0.77"));
  t.equal(toHex(told(local, { relation: ibgpClient }, {}, set).told?.nextHop ?? address("0.0.0.0")), "0a00004d");
  const own = (route: Route): void => void (route.nextHop = address("10.0.0.9"));
  t.equal(told(local, { relation: ibgpClient }, {}, own).told, undefined);
});

t.test("an IPv6 route", async (t) => {
  const changes = { nextHop: address("2001:db8::1") };
  const { seen, told: sent } = told(ebgp, { relation: ebgp, family: 1 }, changes, undefined, "2001:db8:1::/48");
  t.match(seen, { asPath: sequence(LOCAL_AS, 65010), nextHop: "2001:db8::fe" });
  t.same(sent?.asPath, sequence(LOCAL_AS, 65010));
});

t.test("speakers of two-octet AS numbers get the whole path beside it", async (t) => {
  const asPath = (route: Route): void => void (route.asPath = [{ type: 2, asNumbers: [4200000001, LOCAL_AS] }]);
  const { told: sent } = told(local, { relation: ebgp, fourOctetAs: false }, {}, asPath);
  t.same(sent?.asPath, sequence(23456, LOCAL_AS));
  t.same(sent?.as4Path, sequence(4200000001, LOCAL_AS));
});

t.test("without a policy the routes are the same as in a group that prepares nothing", async (t) => {
  for (const from of [local, ebgp, ibgpClient]) {
    for (const relation of [ebgp, ibgpClient, ibgpNonClient] as const) {
      const changes = { med: 3, communities: [5], clusterList: from === ibgpClient ? [9] : undefined };
      const given = changes.clusterList === undefined ? { med: 3, communities: [5] } : { ...changes, clusterList: [9] };
      const prepared = told(from, { relation }, given).told;
      t.same(prepared, told(from, { relation, preparesExport: false }, given).told, `${from} to ${relation}`);
      t.not(prepared, undefined);
    }
  }
});

t.test("facts of our own routes are there for the policy and gone on the wire", async (t) => {
  const stage = new RibStage();
  const metrics: (number | undefined)[] = [];
  const exportFilter = filterOf((route) => {
    metrics.push(route.kernelMetric);
    route.localPref = 2147483647 - 1024;
  });
  const member = stage.join(9, { preparesExport: true, exportFilter });
  const source = stage.source(local, 1);
  for (const [i, device] of ["cali1", "cali2"].entries()) {
    stage.rib.announceLocal(source, prefix(`10.1.${i}.0/24`), { origin: 0, asPath: [] }, 10, {
      destination: "device",
      gateway: new Uint8Array(0),
      interfaceName: device,
      kernelMetric: 512 + i,
      kernelSource: 80,
      protocolName: "",
    });
  }
  stage.settle();
  t.same(metrics, [512, 513]);
  for (const i of [0, 1]) t.same(member.inbox.view.get(`10.1.${i}.0/24`)?.unknown ?? [], []);
  const group = stage.rib.groups[0];
  const sets = [0, 1].map((i) =>
    group.advertised.attrs(group.advertised.first(stage.rib.find(prefix(`10.1.${i}.0/24`)))),
  );
  t.equal(sets[0], sets[1], "they go out as one set");
  stage.rib.withdrawLocal(source, prefix("10.1.0.0/24"));
  stage.rib.withdrawLocal(source, prefix("10.1.1.0/24"));
  stage.settle();
  t.equal(stage.rib.attrs.size, 0, "nothing is held any more");
});

t.test("sets are let go of with the group and with their routes", async (t) => {
  const { stage, member } = told(ebgp, { relation: ebgp });
  t.equal(stage.rib.attrs.size, 2, "the route's, and the one made ready of it");
  stage.rib.leave(member.member);
  stage.settle();
  t.equal(stage.rib.attrs.size, 1);
});
