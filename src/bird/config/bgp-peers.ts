// `protocol bgp` → PeerConfig, with BIRD's defaults for what the file does not say.
//
// Deviates from BIRD: `connect delay time`, `startup hold time` and `error forget time` have no counterpart: we connect at
// once, wait four minutes for an OPEN (RFC 4271 §8.2.2), and forget errors after a session that outlived the longest wait.

import type { IpAddress } from "../../base/ip.js";
import type { MaxPrefixesConfig, PeerConfig, PeerType } from "../../config/speaker-config.js";
import type { BgpDeclaration, LimitDeclaration } from "../language/declarations.js";
import type { FilterSource } from "./filter-source.js";
import { refuse } from "./refuse.js";

const BGP_PORT = 179;
const HOLD_SECONDS = 240;
const CONNECT_RETRY_SECONDS = 120;
const ERROR_WAIT_SECONDS = [60, 300] as const;
const IBGP_HOPS = 64;
const PREFERENCE = 100;
const LOCAL_PREF = 100;
/** `allow local as` without a number. More than any AS_PATH has. */
const UNLIMITED = 0x7fffffff;
const GRACEFUL_RESTART = { off: false, aware: "aware", on: true } as const;
/** As confd names them. */
const TYPE_OF_NAME: readonly (readonly [string, PeerType])[] = [
  ["Mesh_", "node-to-node mesh"],
  ["Node_", "node specific"],
];

/** The peers of a file. Throws BirdConfigError for what cannot be done. */
export function bgpPeers(
  declarations: readonly BgpDeclaration[],
  ipVersion: 4 | 6,
  filters: FilterSource,
): readonly PeerConfig[] {
  return declarations.map((declaration) => {
    checkSupported(declaration);
    return bgpPeer(declaration, ipVersion, filters);
  });
}

function addressOf({ neighbor, interface: device }: BgpDeclaration): IpAddress {
  const { bytes } = neighbor.address;
  return device === undefined ? { bytes } : { bytes, zone: device };
}

function bgpPeer(bgp: BgpDeclaration, ipVersion: 4 | 6, filters: FilterSource): PeerConfig {
  const isInternal = bgp.neighbor.as === bgp.localAs;
  const errorWait = bgp.errorWaitSeconds ?? ERROR_WAIT_SECONDS;
  return {
    // The address would not do: several protocols may have one neighbour.
    key: bgp.name,
    name: bgp.name,
    type: TYPE_OF_NAME.find(([start]) => bgp.name.startsWith(start))?.[1] ?? "global",
    group: "",
    address: addressOf(bgp),
    port: bgp.neighbor.port ?? BGP_PORT,
    as: bgp.neighbor.as,
    localAs: bgp.localAs,
    localAddress: bgp.localAddress,
    passive: bgp.passive ?? false,
    disabled: bgp.disabled,
    families: [ipVersion === 4 ? "ipv4" : "ipv6"],
    holdTimeSeconds: bgp.holdTimeSeconds ?? HOLD_SECONDS,
    keepaliveSeconds: bgp.keepaliveTimeSeconds ?? 0,
    connectRetrySeconds: bgp.connectRetrySeconds ?? CONNECT_RETRY_SECONDS,
    delayOpenSeconds: 0,
    sendHoldSeconds: undefined,
    idleHoldSeconds: errorWait,
    routeReflectorClient: bgp.rrClient ?? false,
    nextHop: bgp.nextHop ?? "default",
    multihop: bgp.multihop ?? (isInternal ? IBGP_HOPS : 0),
    ttlSecurity: bgp.ttlSecurity ?? false,
    password: bgp.password,
    importPolicy: filters.filter(bgp.import, "all"),
    exportPolicy: filters.filter(bgp.export, "none"),
    // RFC 8212 is not BIRD's.
    missingPolicy: [],
    weight: bgp.preference ?? PREFERENCE,
    // Set where a route comes without one: filters see it as defined.
    localPref: bgp.defaultLocalPref ?? LOCAL_PREF,
    localAsNoPrepend: false,
    localAsReplaceAs: false,
    allowAsIn: Math.min(bgp.allowLocalAs ?? 0, UNLIMITED),
    asOverride: false,
    removePrivateAs: "no",
    enforceFirstAs: false,
    defaultOriginate: false,
    maxPrefixesIn: limit(bgp, bgp.receiveLimit ?? bgp.importLimit, errorWait[0]),
    maxPrefixesOut: limit(bgp, bgp.exportLimit, errorWait[0]),
    role: undefined,
    roleStrict: false,
    gracefulShutdown: false,
    blackhole: false,
    addPathReceive: bgp.addPaths === "rx" || bgp.addPaths === "both",
    addPathSend: bgp.addPaths === "tx" || bgp.addPaths === "both" ? "all" : 0,
    extendedMessage: bgp.enableExtendedMessages ?? false,
    extendedNextHop: false,
    gracefulRestart: GRACEFUL_RESTART[bgp.gracefulRestart ?? "aware"],
    restartTimeSeconds: bgp.gracefulRestartTimeSeconds,
  };
}

/** After a restart for too many routes BIRD waits as after any error. */
function limit(
  bgp: BgpDeclaration,
  declaration: LimitDeclaration | undefined,
  restartAfterSeconds: number,
): MaxPrefixesConfig | undefined {
  if (declaration === undefined) return undefined;
  const { count, action } = declaration;
  if (action === "block") return refuse(bgp, "A limit with action block is not supported");
  return { ipv4: count, ipv6: count, warnPercent: 100, action, restartAfterSeconds };
}

/** Options that change which routes there are, or which of them is best, and that we have no counterpart for. Values that
 *  are BIRD's defaults, or do what we do anyway, pass. */
function checkSupported(bgp: BgpDeclaration): void {
  const refused: readonly (readonly [boolean, string])[] = [
    [bgp.rsClient === true, "rs client"],
    [bgp.disableAfterError === true, "disable after error"],
    [(bgp.defaultMed ?? 0) !== 0, "default bgp_med"],
    [bgp.igpMetric === false, "igp metric off"],
    [bgp.preferOlder === true, "prefer older"],
    [bgp.comparePathLengths === false, "path metric off"],
    [bgp.enableAs4 === false, "enable as4 off"],
    [bgp.capabilities === false, "capabilities off"],
    [bgp.interpretCommunities === false, "interpret communities off"],
    [bgp.importKeepFiltered, "import keep filtered"],
  ];
  for (const [isRefused, what] of refused) if (isRefused) refuse(bgp, `${what} is not supported`);
}
