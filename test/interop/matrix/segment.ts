// The segment on which the matrix is played: Starling, two daemons of the peer (one inside our AS, one outside), and two
// more Starlings as third parties.
//
// They are started once for all features. What a feature needs of its session is in SESSIONS: each has a subnet of its own
// on the same Ethernet, so that a pair of daemons can have any number of sessions.

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Test } from "tap";
import type { FamilyName } from "../../../src/base/family.js";
import type { RouteView } from "../../../src/speaker/snapshot.js";
import { DaemonProcess } from "../../support/daemon-process.js";
import { eventually } from "../../support/eventually.js";
import { type Host, Lan } from "../../support/lan.js";
import {
  familyOfText,
  type NeighborDescription,
  type PeerDescription,
  type PeerRoute,
  type RealPeer,
} from "../../support/peers/real-peer.js";
import { Starling, type StarlingConfig } from "../../support/starling.js";
import type { MatrixPeer } from "./peers.js";
import { BIG_COMMUNITIES, PREFIXES } from "./prefixes.js";

export const OUR_AS = 65000;
export const OUTER_AS = 4200000001;
/** The AS of the outer daemon in the session without 4-octet AS numbers. */
export const OLD_AS = 65009;
export const OTHER_AS = 4200000003;

/** Hosts on the segment; the number ends every address. */
export const HOSTS = { us: 1, inner: 2, outer: 3, client: 4, other: 5 } as const;
export type HostName = keyof typeof HOSTS;

/** Sessions between Starling and the peer, each in the subnet of its number. */
export const SESSIONS = {
  /** Inside the AS; the peer is our client. */
  inner: { subnet: 0, host: "inner" },
  /** Inside the AS; we are the peer's client. */
  reflector: { subnet: 1, host: "inner" },
  /** Both families over IPv4, where the peer can. */
  outer: { subnet: 0, host: "outer" },
  ipv6: { subnet: 0, host: "outer" },
  /** Both families over IPv6, on a link of its own without IPv4 addresses. */
  unnumbered: { subnet: 1, host: "outer" },
  md5: { subnet: 2, host: "outer" },
  wrongKey: { subnet: 3, host: "outer" },
  ttl: { subnet: 4, host: "outer" },
  lowTtl: { subnet: 5, host: "outer" },
  addPath: { subnet: 6, host: "outer" },
  /** Without 4-octet AS numbers and extended messages. */
  old: { subnet: 7, host: "outer" },
} as const satisfies Record<string, { readonly subnet: number; readonly host: HostName }>;
export type SessionName = keyof typeof SESSIONS;

/** Addresses on that link. */
const UNNUMBERED = { us: "fd01::1", them: "fd01::3" } as const;
export const KEY = "quail-feather";

/** The address of a host in a subnet. */
export function addressOf(subnet: number, host: HostName, family: FamilyName = "ipv4"): string {
  if (family === "ipv4") return `10.0.${subnet}.${HOSTS[host]}`;
  if (subnet !== 0) throw new Error("there are IPv6 addresses in subnet 0 only");
  return `fd00::${HOSTS[host]}`;
}

/** Both ends of a session. */
export function endsOf(session: SessionName): { readonly us: string; readonly them: string } {
  const { subnet, host } = SESSIONS[session];
  if (session === "unnumbered") return UNNUMBERED;
  const family = session === "ipv6" ? "ipv6" : "ipv4";
  return { us: addressOf(subnet, "us", family), them: addressOf(subnet, host, family) };
}

export interface Segment {
  readonly starling: Starling;
  readonly inner: RealPeer;
  readonly outer: RealPeer;
  readonly client: Starling;
  readonly other: Starling;
  readonly kind: MatrixPeer;
}

/** Builds the segment and starts everything on it; all goes with the test. */
export async function openSegment(t: Test, kind: MatrixPeer): Promise<Segment> {
  const lan = await Lan.open(Object.keys(HOSTS));
  t.teardown(() => lan.close());
  for (const [i, host] of lan.hosts.entries()) {
    const add = (subnet: number): string => `ip address add 10.0.${subnet}.${i + 1}/24 dev eth0`;
    await host.namespace.exec([1, 2, 3, 4, 5, 6, 7].map(add).join("; "));
  }
  const [us, innerHost, outerHost, clientHost, otherHost] = lan.hosts;
  // A link without IPv4 addresses, where IPv4 routes must have IPv6 next hops.
  await lan.lab.veth(us.namespace, "eth1", outerHost.namespace, "eth1");
  for (const [host, end] of [[us, UNNUMBERED.us] as const, [outerHost, UNNUMBERED.them] as const]) {
    await host.namespace.exec(`ip address add ${end}/64 dev eth1 nodad`);
  }
  await capture(t, us, kind);
  const inner = kind.make(innerHost, describeInner(kind));
  const outer = kind.make(outerHost, describeOuter(kind));
  const starling = new Starling(us.namespace, ourConfig(kind));
  const client = new Starling(clientHost.namespace, clientConfig());
  const other = new Starling(otherHost.namespace, otherConfig(kind));
  for (const peer of [inner, outer]) t.teardown(() => peer.stop());
  for (const each of [starling, client, other]) t.teardown(() => each.remove());
  await Promise.all([inner, outer, starling, client, other].map((each) => each.start()));
  return { starling, inner, outer, client, other, kind };
}

/** With STARLING_CAPTURES=FOLDER, all sessions of Starling with the peer are recorded there: PEER-SESSION.pcap. */
async function capture(t: Test, us: Host, kind: MatrixPeer): Promise<void> {
  const folder = process.env["STARLING_CAPTURES"];
  if (folder === undefined) return;
  mkdirSync(folder, { recursive: true });
  for (const session of sessionsOf(kind)) {
    const file = join(folder, `${kind.slug}-${session}.pcap`);
    const device = session === "unnumbered" ? "eth1" : "eth0";
    const command = ["tcpdump", "-U", "-i", device, "-Z", "root", "-w", file, "tcp port 179 and host"];
    const recorder = new DaemonProcess("tcpdump", us.namespace.spawn([...command, endsOf(session).them]));
    t.teardown(() => recorder.stop());
    await eventually("tcpdump's start", () => {
      if (!recorder.isRunning) throw new Error(recorder.output);
      return recorder.output.includes("listening on");
    });
  }
}

const BOTH: readonly FamilyName[] = ["ipv4", "ipv6"];

/** What the main session with the outer peer carries. */
function outerFamilies(kind: MatrixPeer): readonly FamilyName[] {
  return kind.can("ipv6OverIpv4") ? BOTH : ["ipv4"];
}

/** Sessions that are configured with this peer. */
function sessionsOf(kind: MatrixPeer): SessionName[] {
  const absent: SessionName[] = [];
  if (!kind.can("extendedNextHop")) absent.push("unnumbered");
  if (!kind.can("clientOfPeer")) absent.push("reflector");
  return (Object.keys(SESSIONS) as SessionName[]).filter((name) => !absent.includes(name));
}

function ourConfig(kind: MatrixPeer): StarlingConfig {
  const external = { as: OUTER_AS, importPolicy: "accept", exportPolicy: "outwards" };
  const peers: Record<SessionName, StarlingConfig> = {
    inner: { as: OUR_AS, routeReflectorClient: true, exportPolicy: "inwards" },
    reflector: { as: OUR_AS, exportPolicy: "onlyOurs" },
    outer: { ...external, families: outerFamilies(kind), exportPolicy: "overIpv4" },
    ipv6: external,
    unnumbered: { ...external, families: BOTH, extendedNextHop: true },
    md5: { ...external, password: KEY },
    wrongKey: { ...external, password: KEY },
    ttl: { ...external, ttlSecurity: true },
    lowTtl: { ...external, ttlSecurity: true },
    addPath: { ...external, addPathReceive: true, addPathSend: "all" },
    // What does not fit is logged where the policy does not look at prefixes.
    old: { ...external, as: kind.can("oldAs") ? OLD_AS : OUTER_AS, extendedMessage: false, exportPolicy: "accept" },
  };
  const statics = [PREFIXES.ours, PREFIXES.oursIpv6, PREFIXES.oursIpv6OverIpv4];
  return {
    routerId: "10.0.0.1",
    as: OUR_AS,
    gracefulRestart: { restartTimeSeconds: 60 },
    node: { static: statics.map((prefix) => ({ prefix, type: "none" })) },
    defaults: { connectRetrySeconds: 1 },
    policies: {
      inwards: [
        {
          match: { prefix: PREFIXES.ours },
          set: { localPref: 250, med: 70, communities: ["65000:71"], largeCommunities: ["65000:7:1"] },
          action: "accept",
        },
        { action: "accept" },
      ],
      onlyOurs: [{ match: { prefix: PREFIXES.ours }, set: { localPref: 260 }, action: "accept" }],
      outwards: [
        { match: { prefix: PREFIXES.oursIpv6OverIpv4 }, action: "reject" },
        { match: { prefix: PREFIXES.ours }, set: { largeCommunities: ["4200000001:7:2"] }, action: "accept" },
        { action: "accept" },
      ],
      overIpv4: [
        { match: { prefix: PREFIXES.oursIpv6 }, action: "reject" },
        { match: { prefix: PREFIXES.oursIpv6OverIpv4 }, action: "accept" },
        { call: "outwards" },
      ],
    },
    peers: [
      ...sessionsOf(kind).map((name) => ({
        name,
        address: endsOf(name).them,
        ...peers[name],
      })),
      { address: addressOf(0, "client"), as: OUR_AS, routeReflectorClient: true },
      ...[0, 1].map((subnet) => ({ ...external, address: addressOf(subnet, "other"), as: OTHER_AS })),
    ],
    log: { level: "debug" },
  };
}

function clientConfig(): StarlingConfig {
  const only = (prefix: string): unknown => [{ match: { prefix }, action: "accept" }];
  return {
    routerId: "10.0.0.4",
    as: OUR_AS,
    kernel: { enabled: false },
    node: { static: [PREFIXES.client, PREFIXES.clientOfPeer].map((prefix) => ({ prefix, type: "none" })) },
    defaults: { connectRetrySeconds: 1 },
    policies: { toStarling: only(PREFIXES.client), toInner: only(PREFIXES.clientOfPeer) },
    peers: [
      { address: addressOf(0, "us"), as: OUR_AS, exportPolicy: "toStarling" },
      { address: addressOf(0, "inner"), as: OUR_AS, exportPolicy: "toInner" },
    ],
  };
}

function otherConfig(kind: MatrixPeer): StarlingConfig {
  const mark = (community: string): unknown => [
    { match: { prefix: PREFIXES.big }, set: { communities: { set: BIG_COMMUNITIES } }, action: "accept" },
    { match: { prefix: PREFIXES.other }, set: { communities: [community] }, action: "accept" },
  ];
  const sessions = kind.isRouter ? (["us", "outer"] as const) : (["us"] as const);
  return {
    routerId: "10.0.0.5",
    as: OTHER_AS,
    kernel: { enabled: false },
    node: { static: [PREFIXES.other, PREFIXES.big].map((prefix) => ({ prefix, type: "none" })) },
    defaults: { connectRetrySeconds: 1, importPolicy: "accept" },
    policies: { first: mark("65000:101"), second: mark("65000:102") },
    peers: sessions.flatMap((host) =>
      [0, 1].map((subnet) => ({
        address: addressOf(subnet, host),
        as: host === "us" ? OUR_AS : OUTER_AS,
        exportPolicy: subnet === 0 ? "first" : "second",
      })),
    ),
  };
}

function describeInner(kind: MatrixPeer): PeerDescription {
  const session = (subnet: number, host: HostName, rrClient: boolean): NeighborDescription => ({
    address: addressOf(subnet, host),
    as: OUR_AS,
    localAddress: addressOf(subnet, "inner"),
    rrClient,
    gracefulRestart: true,
  });
  const plain = session(0, "us", false);
  return {
    as: OUR_AS,
    routerId: "10.0.0.2",
    neighbors: kind.isRouter ? [plain, session(1, "us", true), session(0, "client", true)] : [plain],
    announce: [PREFIXES.inner],
    attributes: {
      [PREFIXES.inner]: { localPref: 150, med: 50, communities: ["65000:11"], largeCommunities: ["65000:1:11"] },
    },
  };
}

function describeOuter(kind: MatrixPeer): PeerDescription {
  const sessions: Record<SessionName, Partial<NeighborDescription> | undefined> = {
    inner: undefined,
    reflector: undefined,
    outer: { families: outerFamilies(kind), extendedMessages: kind.can("extendedMessages") },
    ipv6: {},
    unnumbered: { families: BOTH, extendedNextHop: true },
    md5: { password: KEY },
    wrongKey: { password: `${KEY}s` },
    ttl: { ttlSecurity: true },
    lowTtl: {},
    addPath: { addPath: true },
    old: kind.can("oldAs") ? { fourOctetAs: false, localAs: OLD_AS } : {},
  };
  const neighbors = sessionsOf(kind).flatMap((name) => {
    const { us, them } = endsOf(name);
    const options = sessions[name];
    return options === undefined ? [] : [{ address: us, as: OUR_AS, localAddress: them, ...options }];
  });
  const others = [0, 1].map((subnet) => ({
    address: addressOf(subnet, "other"),
    as: OTHER_AS,
    localAddress: addressOf(subnet, "outer"),
    extendedMessages: kind.can("extendedMessages"),
  }));
  return {
    as: OUTER_AS,
    routerId: "10.0.0.3",
    neighbors: kind.isRouter ? [...neighbors, ...others] : neighbors,
    announce: [
      PREFIXES.outer,
      PREFIXES.outerUnnumbered,
      PREFIXES.outerIpv6,
      ...(kind.isRouter ? [] : [PREFIXES.other, PREFIXES.big]),
    ],
    attributes: { [PREFIXES.outer]: { med: 30, largeCommunities: ["4200000001:2:1"] }, ...kind.attributes },
  };
}

/** Resolves with the route that Starling received from this address, whether it is used or not. */
export function received(starling: Starling, from: string, prefix: string): Promise<RouteView> {
  return eventually(`starling: route ${prefix} from ${from}`, async () => {
    const routes = await starling.routes("received", { peer: from, prefix });
    const found = routes.find((route) => route.prefix === prefix && !route.stale);
    if (found === undefined) throw new Error(`it has ${JSON.stringify(routes)}`);
    return found;
  });
}

/** Resolves with the peer's route for the prefix through a next hop, once it has one that `fits`. */
export function routeVia(
  peer: RealPeer,
  prefix: string,
  nextHop: string,
  fits: (route: PeerRoute) => boolean = () => true,
): Promise<PeerRoute> {
  return eventually(`${peer.name}: route ${prefix} via ${nextHop}`, async () => {
    const routes = (await peer.routes(familyOfText(prefix))).filter((route) => route.prefix === prefix);
    const found = routes.find((route) => route.nextHop === nextHop && fits(route));
    if (found === undefined) throw new Error(`it has ${JSON.stringify(routes)}`);
    return found;
  });
}
