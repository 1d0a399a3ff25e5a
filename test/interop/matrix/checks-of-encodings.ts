// What is written in more than one way: AS numbers, large communities, families and next hops, long messages, several paths.

import { eventually } from "../../support/eventually.js";
import type { PeerRoute } from "../../support/peers/real-peer.js";
import { bestRoute, established } from "../../support/peers/waiting.js";
import { sameFields } from "../../support/same-fields.js";
import type { Checks } from "./checks.js";
import type { MatrixPeer } from "./peers.js";
import { BIG_COMMUNITIES, PREFIXES } from "./prefixes.js";
import { endsOf, OLD_AS, OTHER_AS, OUR_AS, OUTER_AS, received, routeVia } from "./segment.js";

const OUTER = endsOf("outer");
const IPV6 = endsOf("ipv6");
const UNNUMBERED = endsOf("unnumbered");
const OLD = endsOf("old");
const ADD_PATH = endsOf("addPath");

const fourOctetAs: Checks = {
  async toPeer(t, { outer }) {
    const route = await routeVia(outer, PREFIXES.other, OUTER.us);
    t.equal(route.asPath, `${OUR_AS} ${OTHER_AS}`);
  },
  async fromPeer(t, { starling }) {
    const status = await starling.established(OUTER.them);
    t.equal(status.as, OUTER_AS, "the session");
    const route = await received(starling, OUTER.them, PREFIXES.other);
    t.equal(route.asPath, `${OUTER_AS} ${OTHER_AS}`, "a path of two");
  },
};

const oldAs: Checks = {
  async session(t, { starling }) {
    const { capabilities } = await starling.established(OLD.them);
    t.notOk(
      capabilities.some((name) => /4-octet|four-octet/i.test(name)),
      capabilities.join(", "),
    );
  },
  async toPeer(t, { outer }) {
    const route = await routeVia(outer, PREFIXES.other, OLD.us);
    t.equal(route.asPath, `${OUR_AS} ${OTHER_AS}`, "it reads AS4_PATH");
  },
  async fromPeer(t, { starling, kind }) {
    const route = await received(starling, OLD.them, PREFIXES.other);
    t.equal(route.asPath, `${kind.isRouter ? OLD_AS : OUTER_AS} ${OTHER_AS}`, "we read AS4_PATH");
  },
};

const largeCommunities: Checks = {
  async toPeer(t, { outer }) {
    t.strictSame((await routeVia(outer, PREFIXES.ours, OUTER.us)).largeCommunities, ["4200000001:7:2"]);
  },
  async fromPeer(t, { starling }) {
    t.strictSame((await received(starling, OUTER.them, PREFIXES.outer)).largeCommunities, ["4200000001:2:1"]);
  },
};

/** The next hop to expect: of a global and a link-local address (RFC 2545) ExaBGP shows the latter. */
function shown({ nextHop }: PeerRoute, global: string, kind: MatrixPeer): string {
  return !kind.isRouter && nextHop.startsWith("fe80::") ? nextHop : global;
}

const ipv6: Checks = {
  async toPeer(t, { outer, kind }) {
    await established(outer, IPV6.us);
    const route = await bestRoute(outer, PREFIXES.oursIpv6);
    sameFields(t, route, { asPath: String(OUR_AS), nextHop: shown(route, IPV6.us, kind) }, "our route");
  },
  async fromPeer(t, { starling }) {
    const route = await received(starling, IPV6.them, PREFIXES.outerIpv6);
    sameFields(t, route, { asPath: String(OUTER_AS), nextHop: IPV6.them }, "its route");
  },
};

const ipv6OverIpv4: Checks = {
  async toPeer(t, { outer, kind }) {
    const route = await bestRoute(outer, PREFIXES.oursIpv6OverIpv4);
    sameFields(t, route, { asPath: String(OUR_AS), nextHop: shown(route, IPV6.us, kind) }, "our route");
  },
  async fromPeer(t, { starling }) {
    const route = await received(starling, OUTER.them, PREFIXES.outerIpv6);
    sameFields(t, route, { asPath: String(OUTER_AS), nextHop: IPV6.them }, "its route");
  },
};

const extendedNextHop: Checks = {
  async toPeer(t, { outer }) {
    const route = await routeVia(outer, PREFIXES.ours, UNNUMBERED.us);
    t.equal(route.asPath, String(OUR_AS));
  },
  async fromPeer(t, { starling }) {
    const route = await received(starling, UNNUMBERED.them, PREFIXES.outerUnnumbered);
    sameFields(t, route, { asPath: String(OUTER_AS), nextHop: UNNUMBERED.them }, "its route");
  },
};

const extendedMessages: Checks = {
  async toPeer(t, { outer }) {
    const route = await routeVia(outer, PREFIXES.big, OUTER.us);
    // BIRD shows the first of a long list.
    t.ok(route.communities.length > 40, `${route.communities.length} communities are shown`);
    t.strictSame(route.communities, BIG_COMMUNITIES.slice(0, route.communities.length));
  },
  async fromPeer(t, { starling }) {
    const route = await received(starling, OUTER.them, PREFIXES.big);
    t.equal(route.communities.length, BIG_COMMUNITIES.length);
  },
};

const tooLarge: Checks = {
  async session(t, { starling, outer }) {
    const { us, them } = OLD;
    await starling.established(them);
    await starling.bestRoute(PREFIXES.big);
    await routeVia(outer, PREFIXES.other, us);
    const routes = await outer.routes("ipv4");
    t.notOk(
      routes.some((route) => route.prefix === PREFIXES.big && route.nextHop === us),
      "it is not there",
    );
    t.equal((await starling.peer(them)).transitions, 1, "the session stays");
    t.match(
      starling.log(),
      /route withheld: its attributes do not fit into messages of 4096 octets/,
      "the log says so",
    );
  },
};

const addPath: Checks = {
  async toPeer(t, { outer, starling }) {
    await starling.established(ADD_PATH.them);
    const marks = await eventually("both paths at the peer", async () => {
      const routes = await outer.routes("ipv4");
      const paths = routes.filter(
        ({ prefix, nextHop, asPath }) =>
          prefix === PREFIXES.other && nextHop === ADD_PATH.us && asPath === `${OUR_AS} ${OTHER_AS}`,
      );
      const found = paths.flatMap(({ communities }) => communities).sort();
      if (!found.includes("65000:101") || !found.includes("65000:102")) throw new Error(JSON.stringify(routes));
      return found;
    });
    t.strictSame(marks, ["65000:101", "65000:102"]);
  },
  async fromPeer(t, { starling }) {
    const marks = await eventually("both paths of the peer", async () => {
      const routes = await starling.routes("received", { peer: ADD_PATH.them, prefix: PREFIXES.other });
      const paths = routes.filter(({ asPath }) => asPath === `${OUTER_AS} ${OTHER_AS}`);
      if (paths.length < 2 || paths[0].pathId === paths[1].pathId) throw new Error(JSON.stringify(routes));
      return paths.flatMap(({ communities }) => communities).sort();
    });
    t.strictSame(marks, ["65000:101", "65000:102"]);
  },
};

export const ENCODING_CHECKS = {
  fourOctetAs,
  oldAs,
  largeCommunities,
  ipv6,
  ipv6OverIpv4,
  extendedNextHop,
  extendedMessages,
  tooLarge,
  addPath,
} as const;
