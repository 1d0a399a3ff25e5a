// The messages of the soak's peers: read back by the program's own decoder, which was tested elsewhere, and by the soak's.

import t from "tap";
import { decodeMessage, type UpdateMessage } from "../../src/packet/message.js";
import { formatPrefix } from "../../src/base/ip.js";
import { ReceivedView } from "./received-view.js";
import { entryOf, factsOf, makeUniverse, nextHopWord, nextHopWord6, prefixText } from "./universe.js";
import {
  announcement,
  CEASE,
  endOfRib,
  HEADER,
  KEEPALIVE,
  openMessage,
  readUpdate,
  refreshRequest,
  withdrawal,
} from "./wire.js";

const UNIVERSE = makeUniverse(30);
const [, CLIENT, EXTERNAL, , ADD_PATH] = UNIVERSE.peers;
const FIRST6 = UNIVERSE.ipv4;

function update(octets: Buffer): UpdateMessage {
  const message = decodeMessage(octets);
  if (message.type !== "UPDATE") throw new Error(message.type);
  return message;
}

/** What a view holds after these messages, without path identifiers. */
function viewAfter(...messages: readonly Buffer[]): ReceivedView {
  const view = new ReceivedView(UNIVERSE.ipv4);
  for (const octets of messages) {
    readUpdate(octets.subarray(HEADER), { universe: UNIVERSE, hasPathIds: false }, view);
  }
  return view;
}

t.test("every OPEN says what the plan says", async (t) => {
  for (const plan of UNIVERSE.peers) {
    const open = decodeMessage(openMessage(plan, 15));
    if (open.type !== "OPEN") throw new Error(open.type);
    const { capabilities, bgpIdentifier, holdTimeSeconds } = open;
    t.strictSame([bgpIdentifier, holdTimeSeconds, capabilities.fourOctetAs], [plan.identifier, 15, plan.as]);
    t.strictSame(capabilities.families, plan.speaksIpv6 ? [0, 1] : [0]);
    t.equal(capabilities.addPath.length, plan.kind === "addPath" ? 2 : 0);
    t.ok(capabilities.addPath.every(({ receive, send }) => receive && !send));
    t.equal(capabilities.enhancedRouteRefresh, plan.enhancedRefresh);
    t.equal(
      capabilities.gracefulRestart?.families.every((family) => family.forwardingPreserved) ?? false,
      plan.restarts,
    );
  }
});

t.test("the other messages are what they are called", async (t) => {
  t.equal(decodeMessage(KEEPALIVE).type, "KEEPALIVE");
  t.match(decodeMessage(CEASE), { type: "NOTIFICATION", code: 6, subcode: 4 });
  t.match(decodeMessage(refreshRequest(1)), { type: "ROUTE-REFRESH", afi: 2, safi: 1, subtype: 0 });
  t.strictSame(update(endOfRib(0)).nlri, []);
  t.match(update(endOfRib(1)).mpUnreach, { afi: 2, prefixes: [] });
});

t.test("announcements carry the attributes of their variant, for both families", async (t) => {
  for (const plan of [CLIENT, EXTERNAL]) {
    for (let variant = 0; variant < 4096; variant += 37) {
      const facts = factsOf(variant, 30);
      const message = update(announcement(UNIVERSE, plan, variant, [3, 300]));
      const { attributes } = message;
      t.strictSame(
        message.nlri.map(({ prefix }) => formatPrefix(prefix)),
        [3, 300].map((i) => prefixText(UNIVERSE, i)),
      );
      const length = (attributes.asPath ?? []).reduce((sum, { asNumbers }) => sum + asNumbers.length, 0);
      t.equal(length, facts.pathLength + (plan === EXTERNAL ? 1 : 0));
      t.equal(attributes.localPref, plan === EXTERNAL ? undefined : facts.localPref);
      t.equal(attributes.origin, facts.origin);
      t.equal(attributes.communities?.length ?? 0, facts.isMarked ? 1 : 0);
      t.strictSame(attributes.largeCommunities, [[65000, plan.number, variant]]);
      t.equal(Buffer.from(attributes.nextHop ?? []).readUInt32BE(0), nextHopWord(plan.number, facts));
    }
  }
  const wide = update(announcement(UNIVERSE, CLIENT, 5, [FIRST6 + 1]));
  t.strictSame(
    wide.mpReach?.prefixes.map(({ prefix }) => formatPrefix(prefix)),
    [prefixText(UNIVERSE, FIRST6 + 1)],
  );
  t.strictSame(wide.nlri, []);
});

t.test("a view holds the last word on every prefix", async (t) => {
  const facts = factsOf(7, 30);
  const view = viewAfter(
    announcement(UNIVERSE, CLIENT, 1, [3, 4, 5]),
    announcement(UNIVERSE, CLIENT, 7, [4]),
    announcement(UNIVERSE, CLIENT, 9, [FIRST6, FIRST6 + 2]),
    withdrawal(UNIVERSE, [5]),
    withdrawal(UNIVERSE, [FIRST6]),
  );
  t.equal(view.size, 3);
  t.strictSame(view.byIndex().get(4), [entryOf(2, 7, nextHopWord(2, facts))]);
  t.strictSame(view.byIndex().get(FIRST6 + 2), [entryOf(2, 9, nextHopWord6(2))]);
  t.equal(view.words, 8);
});

t.test("path identifiers keep the paths of a prefix apart", async (t) => {
  const view = new ReceivedView(UNIVERSE.ipv4);
  const reading = { universe: UNIVERSE, hasPathIds: true };
  const withPathId = (octets: Buffer, pathId: number): Buffer => {
    const at = octets.length - 4;
    return Buffer.concat([octets.subarray(HEADER, at), Buffer.from([0, 0, 0, pathId]), octets.subarray(at)]);
  };
  readUpdate(withPathId(announcement(UNIVERSE, ADD_PATH, 2, [9]), 1), reading, view);
  readUpdate(withPathId(announcement(UNIVERSE, CLIENT, 1, [9]), 2), reading, view);
  t.strictSame(
    view.byIndex().get(9),
    [entryOf(2, 1, nextHopWord(2, factsOf(1, 30))), entryOf(5, 2, nextHopWord(5, factsOf(2, 30)))].sort(
      (a, b) => a - b,
    ),
  );
  view.withdrawn(9, 1);
  t.equal(view.size, 1);
});

t.test("after a refresh only what was told again is left (RFC 7313 §4), in its family only", async (t) => {
  const view = viewAfter(announcement(UNIVERSE, CLIENT, 1, [3, 4, 5]), announcement(UNIVERSE, CLIENT, 1, [FIRST6]));
  view.refreshBegan(0);
  t.equal(view.isRefreshing, true);
  view.announced(3, 0, 99);
  view.withdrawn(4, 0);
  view.announced(4, 0, 98);
  view.refreshEnded(0);
  t.equal(view.isRefreshing, false);
  t.strictSame([...view.byIndex().keys()].sort(), [3, 4, FIRST6].sort());
  view.clear();
  t.equal(view.size, 0);
});

t.test("what nobody announced is a fault", async (t) => {
  const octets = announcement(UNIVERSE, CLIENT, 1, [3]);
  const foreign = Buffer.from(octets);
  foreign[foreign.length - 3] = 11;
  t.throws(() => viewAfter(foreign), /nobody announced/);
  t.throws(() => viewAfter(announcement(UNIVERSE, CLIENT, 1, [UNIVERSE.prefixes])), /nobody announced/);
  const nameless = Buffer.from(octets);
  nameless[nameless.indexOf(Buffer.from([0xc0, 32])) + 1] = 33;
  t.throws(() => viewAfter(nameless), /without the community/);
});
