// Routes inside and outside the AS, and through route reflectors: which attributes arrive, which do not.

import { bestRoute, established } from "../../support/peers/waiting.js";
import { sameFields } from "../../support/same-fields.js";
import type { Checks } from "./checks.js";
import type { MatrixPeer } from "./peers.js";
import { PREFIXES } from "./prefixes.js";
import { addressOf, endsOf, OUR_AS, OTHER_AS, OUTER_AS, received, routeVia } from "./segment.js";

const INNER = endsOf("inner");
const REFLECTOR = endsOf("reflector");
const OUTER = endsOf("outer");
const CLIENT_ID = "10.0.0.4";

/** CLUSTER_LIST as the inner daemon shows what was sent with `sent`. */
function clusters(sent: readonly string[], kind: MatrixPeer): readonly string[] {
  return kind.showsOwnCluster ? ["10.0.0.2", ...sent] : sent;
}

const ibgp: Checks = {
  async toPeer(t, { inner, kind }) {
    await established(inner, INNER.us);
    const route = await routeVia(inner, PREFIXES.ours, INNER.us);
    const unchanged = {
      asPath: "",
      localPref: 250,
      med: 70,
      communities: ["65000:71"],
      clusterList: clusters([], kind),
    };
    sameFields(t, route, { ...unchanged, largeCommunities: ["65000:7:1"] }, "our route arrives unchanged");
  },
  async fromPeer(t, { starling }) {
    await starling.established(INNER.them);
    const route = await received(starling, INNER.them, PREFIXES.inner);
    const unchanged = { asPath: "", localPref: 150, med: 50, communities: ["65000:11"], clusterList: [] };
    sameFields(
      t,
      route,
      { ...unchanged, largeCommunities: ["65000:1:11"], nextHop: INNER.them, best: true },
      "its route arrives unchanged",
    );
  },
};

const ourClient: Checks = {
  async toPeer(t, { inner, kind }) {
    const route = await routeVia(inner, PREFIXES.client, addressOf(0, "client"));
    const reflected = {
      originatorId: CLIENT_ID,
      clusterList: clusters(["10.0.0.1"], kind),
      localPref: 100,
      asPath: "",
    };
    sameFields(t, route, reflected, "another client's route is reflected to it");
  },
  async fromPeer(t, { client }) {
    const route = await received(client, INNER.us, PREFIXES.inner);
    const reflected = { originatorId: "10.0.0.2", clusterList: ["10.0.0.1"], localPref: 150, med: 50 };
    sameFields(t, route, { ...reflected, nextHop: INNER.them }, "its route is reflected to another client");
  },
};

const clientOfPeer: Checks = {
  async toPeer(t, { client }) {
    const route = await received(client, INNER.them, PREFIXES.ours);
    const reflected = { originatorId: "10.0.0.1", clusterList: ["10.0.0.2"], localPref: 260, nextHop: REFLECTOR.us };
    sameFields(t, route, reflected, "it reflects our route to its other client");
  },
  async fromPeer(t, { starling }) {
    const route = await received(starling, REFLECTOR.them, PREFIXES.clientOfPeer);
    const reflected = { originatorId: CLIENT_ID, clusterList: ["10.0.0.2"], nextHop: addressOf(0, "client") };
    sameFields(t, route, { ...reflected, localPref: 100, asPath: "" }, "its other client's route is reflected to us");
  },
};

const ebgp: Checks = {
  async toPeer(t, { outer }) {
    await established(outer, OUTER.us);
    const ours = await routeVia(outer, PREFIXES.ours, OUTER.us);
    sameFields(t, ours, { asPath: String(OUR_AS), originatorId: undefined, clusterList: [] }, "our own route");
    // It has LOCAL_PREF 150, MED 50 and, behind a reflector, ORIGINATOR_ID.
    const inner = await routeVia(outer, PREFIXES.inner, OUTER.us);
    sameFields(t, inner, { asPath: String(OUR_AS), originatorId: undefined, clusterList: [] }, "a route of our AS");
    t.ok(inner.med === undefined || inner.med === 0, `MED does not leave the AS: ${inner.med}`);
    t.not(inner.localPref, 150, "LOCAL_PREF does not leave the AS");
    const other = await routeVia(outer, PREFIXES.other, OUTER.us);
    t.equal(other.asPath, `${OUR_AS} ${OTHER_AS}`, "another AS's route");
  },
  async fromPeer(t, { starling, inner }) {
    await starling.established(OUTER.them);
    const route = await received(starling, OUTER.them, PREFIXES.outer);
    sameFields(t, route, { asPath: String(OUTER_AS), nextHop: OUTER.them, med: 30 }, "its route");
    const passedOn = await bestRoute(inner, PREFIXES.outer);
    sameFields(t, passedOn, { asPath: String(OUTER_AS), localPref: 100, med: 30 }, "its route inside our AS");
  },
};

export const ROUTE_CHECKS = { ibgp, ourClient, clientOfPeer, ebgp } as const;
