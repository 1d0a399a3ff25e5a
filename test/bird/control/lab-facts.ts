// The routes, interfaces, static routes and symbols of the laboratory, in the order in which BIRD gave them.

import type {
  Destination,
  InterfaceView,
  PathView,
  RouteSource,
  StaticRouteView,
  SymbolView,
} from "../../../src/bird/control/bird-view.js";

export interface LabNetwork {
  readonly prefix: string;
  readonly paths: readonly PathView[];
}

const START = Date.parse("2026-11-29T09:17:45Z");
const LATER = Date.parse("2026-11-29T09:17:46Z");

const via = (gateway: string, device: string): Destination => ({ kind: "via", gateway, device });
const dev = (device: string): Destination => ({ kind: "device", device });
const BLACKHOLE: Destination = { kind: "blackhole" };
const UNREACHABLE: Destination = { kind: "unreachable" };
const PROHIBITED: Destination = { kind: "prohibited" };

const PREFERENCES = { static1: 200, direct1: 240, kernel1: 10, Rack: 100, Mesh_10_9_0_2: 100 };

function path(
  protocol: keyof typeof PREFERENCES,
  source: RouteSource,
  destination: Destination,
  attributes: readonly string[] = [],
  more: Partial<PathView> = {},
): PathView {
  return {
    ...{ protocol, source, destination, from: undefined, bgp: undefined },
    changedAt: START,
    mark: "best",
    preference: PREFERENCES[protocol],
    attributes: () => attributes,
    ...more,
  };
}

const fixed = (to: Destination): PathView => path("static1", "static", to);
const direct = (device: string): PathView => path("direct1", "device", dev(device));
const kernel = (to: Destination, metric: number, ...more: string[]): PathView =>
  path("kernel1", "inherit", to, ["Kernel.source: 3", `Kernel.metric: ${metric}`, ...more]);

function mesh(): PathView {
  const attributes = ["BGP.origin: IGP", "BGP.as_path: ", "BGP.next_hop: 10.9.0.2", "BGP.local_pref: 250"];
  return path("Mesh_10_9_0_2", "BGP", via("10.9.0.2", "eth0"), attributes, {
    changedAt: LATER,
    bgp: { igpMetric: 0, isStale: false, originAs: undefined, origin: "IGP" },
  });
}

function rack(origin: "IGP" | "Incomplete", asPath: string, isBest = true): PathView {
  const attributes = [
    `BGP.origin: ${origin}`,
    `BGP.as_path: ${asPath}`,
    ...["BGP.next_hop: 10.9.1.2", "BGP.med: 5", "BGP.local_pref: 100"],
    "BGP.community: (65020,100) (65020,200)",
    "BGP.ext_community: (rt, 65020, 7)",
    "BGP.large_community: (65020, 1, 2)",
  ];
  return path("Rack", "BGP", via("10.9.1.2", "eth1"), attributes, {
    changedAt: LATER,
    mark: isBest ? "best" : undefined,
    bgp: { igpMetric: undefined, isStale: false, originAs: 65020, origin },
  });
}

const net = (prefix: string, ...paths: PathView[]): LabNetwork => ({ prefix, paths });

export const NETWORKS: readonly LabNetwork[] = [
  net("0.0.0.0/0", fixed(via("10.9.1.2", "eth1")), rack("IGP", "65020", false)),
  net("10.9.7.2/32", direct("ptp0")),
  net("10.9.0.0/24", direct("eth0")),
  net("10.9.1.0/30", direct("eth1")),
  net("10.20.1.5/32", kernel(dev("cali12345678901"), 1024)),
  net("10.22.0.0/24", path("static1", "static-device", dev("eth1"))),
  net(
    "10.23.0.0/24",
    fixed({
      kind: "multipath",
      hops: [
        { gateway: "10.9.0.2", device: "eth0", weight: 3 },
        { gateway: "10.9.1.2", device: "eth1", weight: 1 },
      ],
    }),
  ),
  net("10.20.2.0/26", fixed(UNREACHABLE)),
  net("10.20.3.0/26", fixed(PROHIBITED)),
  net("10.20.1.0/26", fixed(BLACKHOLE)),
  net("10.21.0.0/24", fixed(via("10.9.0.2", "eth0"))),
  net("10.24.0.0/24", fixed(UNREACHABLE)),
  net("10.30.0.0/16", kernel(via("10.9.0.2", "eth0"), 0, "Kernel.prefsrc: 10.9.0.1")),
  net("10.32.2.0/24", kernel(PROHIBITED, 0)),
  net("10.32.0.0/24", kernel(BLACKHOLE, 0)),
  net("10.32.1.0/24", kernel(UNREACHABLE, 0)),
  net("10.40.0.0/24", mesh()),
  net("10.40.0.0/16", rack("IGP", "65020")),
  net("10.41.0.0/16", rack("Incomplete", "64999 65020")),
  net("10.50.0.0/24", mesh(), rack("IGP", "65020", false)),
  net("10.50.1.0/24", mesh()),
];

const ETHERNET = ["MultiAccess", "Broadcast", "Multicast", "AdminUp", "LinkUp"];

function link(index: number, name: string, isUp: boolean, text?: string, opposite?: string): InterfaceView {
  const scope = name === "lo" ? "host" : "site";
  return {
    ...{ name, index, isUp },
    flags: name === "lo" ? ["MultiAccess", "AdminUp", "LinkUp", "Loopback", "Ignored"] : ETHERNET,
    mtu: name === "lo" ? 65_536 : 1500,
    addresses: text === undefined ? [] : [{ text, role: "Primary", opposite, scope }],
  };
}

export const INTERFACES: readonly InterfaceView[] = [
  link(1, "lo", true, "127.0.0.1/8"),
  link(2, "eth0", true, "10.9.0.1/24"),
  link(3, "eth1", true, "10.9.1.1/30", "10.9.1.2"),
  link(4, "calix", false),
  link(5, "cali12345678901", false),
  link(6, "ptpx", false),
  link(7, "ptp0", true, "10.9.7.1/32", "10.9.7.2"),
];

const fixedRoute = (prefix: string, target: StaticRouteView["target"], isDormant = false): StaticRouteView => ({
  ...{ prefix, target, isDormant },
});

/** As the configuration has them. */
export const STATIC_ROUTES: readonly StaticRouteView[] = [
  fixedRoute("10.20.1.0/26", { kind: "blackhole" }),
  fixedRoute("10.20.2.0/26", { kind: "unreachable" }),
  fixedRoute("10.20.3.0/26", { kind: "prohibited" }),
  fixedRoute("10.21.0.0/24", { kind: "via", address: "10.9.0.2" }),
  fixedRoute("10.22.0.0/24", { kind: "device", device: "eth1" }),
  fixedRoute("10.23.0.0/24", {
    kind: "multipath",
    hops: [
      { address: "10.9.0.2", weight: 3, isDormant: false },
      { address: "10.9.1.2", weight: 1, isDormant: false },
    ],
  }),
  fixedRoute("10.24.0.0/24", { kind: "recursive", address: "10.40.0.9" }),
  fixedRoute("10.25.0.0/24", { kind: "via", address: "10.99.0.1" }, true),
  fixedRoute("0.0.0.0/0", { kind: "via", address: "10.9.1.2" }),
];

export const SYMBOLS: readonly SymbolView[] = [
  { name: "side", kind: "routing table" },
  { name: "master", kind: "routing table" },
  { name: "Rack", kind: "protocol" },
  { name: "LIMIT", kind: "constant" },
  { name: "nodes", kind: "protocol template" },
  { name: "small", kind: "function" },
  { name: "toward_rack", kind: "filter" },
  { name: "block_only", kind: "filter" },
];
