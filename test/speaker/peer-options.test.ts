// The tables of peer options: a new option does not compile until it is classified, and what is said about update groups
// is what happens.

import t from "tap";
import { IPV4_UNICAST } from "../../src/base/family.js";
import type { PeerConfig, SpeakerConfig } from "../../src/config/speaker-config.js";
import { ACCEPT_ALL, REJECT_ALL } from "../../src/policy/route.js";
import { groupKey } from "../../src/rib/export-rules.js";
import { RELATION } from "../../src/rib/sources.js";
import type { Negotiated } from "../../src/session/negotiate.js";
import { changedOptions, GROUP_EFFECTS, type GroupEffect, PEER_OPTIONS } from "../../src/speaker/peer-options.js";
import { type GroupFacts, groupOptions } from "../../src/speaker/peer-translation.js";
import { address } from "../support/memory-network.js";
import { configOf } from "./world.js";

/** PeerConfig as it would be with one option more: none of the tables may fit it. */
interface WithAnotherOption extends PeerConfig {
  readonly anotherOption: boolean;
}
// @ts-expect-error: what a change of the new option costs is not said
PEER_OPTIONS satisfies Record<keyof WithAnotherOption, string>;
// @ts-expect-error: whether the new option splits groups is not said
GROUP_EFFECTS satisfies Record<keyof WithAnotherOption, GroupEffect>;

const YAML = `
as: 64512
peers:
  - {address: 10.0.0.2, as: 65010, localAs: 64600, importPolicy: accept, exportPolicy: accept}`;

const FACTS: GroupFacts = {
  family: IPV4_UNICAST,
  relation: RELATION.ebgp,
  negotiated: {
    peerAs: 65010,
    fourOctetAs: true,
    maxMessageLength: 4096,
    localAddress: address("10.0.0.1"),
    addPathSend: [true, true],
    extendedNextHop: [false, false],
  } as unknown as Negotiated,
  isDraining: false,
  isMultihop: false,
  address: address("10.0.0.2"),
  peer: { address: "10.0.0.2", name: "", group: "", as: 65010, isEbgp: true },
  view: undefined,
};

const LIMIT = { ipv4: 1, ipv6: 1, warnPercent: 80, action: "warn", restartAfterSeconds: 60 } as const;

/** For every option a value that the peer above does not have. */
const OTHERS: { readonly [Name in keyof PeerConfig]: PeerConfig[Name] } = {
  key: "10.0.0.3",
  name: "another",
  type: "dynamic",
  group: "another",
  address: address("10.0.0.3"),
  port: 1790,
  as: 65011,
  localAs: 64601,
  localAddress: address("10.0.0.9"),
  passive: true,
  disabled: true,
  families: ["ipv6"],
  holdTimeSeconds: 30,
  keepaliveSeconds: 7,
  connectRetrySeconds: 77,
  delayOpenSeconds: 7,
  sendHoldSeconds: 77,
  idleHoldSeconds: [7, 77],
  maxPrefixesAccepted: LIMIT,
  birdWaits: { connectDelaySeconds: 7, errorForgetSeconds: 77, startupHoldSeconds: 7 },
  routeReflectorClient: true,
  nextHop: "keep",
  multihop: 7,
  ttlSecurity: true,
  password: "secret",
  importPolicy: REJECT_ALL,
  exportPolicy: REJECT_ALL,
  missingPolicy: ["import"],
  weight: 7,
  localPref: 77,
  localAsNoPrepend: true,
  localAsReplaceAs: true,
  allowAsIn: 7,
  asOverride: true,
  removePrivateAs: "remove",
  enforceFirstAs: true,
  defaultOriginate: true,
  maxPrefixesIn: LIMIT,
  maxPrefixesOut: LIMIT,
  role: "provider",
  roleStrict: true,
  gracefulShutdown: false,
  blackhole: true,
  addPathReceive: true,
  addPathSend: 3,
  extendedMessage: false,
  extendedNextHop: true,
  gracefulRestart: false,
  restartTimeSeconds: 45,
};

function parsed(): { readonly speaker: SpeakerConfig; readonly peer: PeerConfig } {
  const speaker = configOf("10.0.0.1", YAML);
  const [peer] = speaker.peers;
  return { speaker, peer: { ...peer, exportPolicy: ACCEPT_ALL } };
}

t.test("an option splits update groups if the table says so, and only then", async (t) => {
  const { speaker, peer } = parsed();
  const key = groupKey(groupOptions(peer, speaker, FACTS));
  for (const [name, effect] of Object.entries(GROUP_EFFECTS)) {
    const changed = { ...peer, [name]: OTHERS[name as keyof PeerConfig] };
    const isSplit = groupKey(groupOptions(changed, speaker, FACTS)) !== key;
    t.equal(isSplit, effect === "splits", `${name}: ${effect}`);
  }
});

t.test("an option that does not split groups cannot be read where groups are made", async (t) => {
  // @ts-expect-error: groupOptions is not given it
  const name: keyof Parameters<typeof groupOptions>[0] = "weight";
  t.equal<GroupEffect>(GROUP_EFFECTS[name], "none");
});

t.test("every option that is another value counts as a change", async (t) => {
  const { peer } = parsed();
  for (const name of Object.keys(PEER_OPTIONS) as (keyof PeerConfig)[]) {
    t.same(changedOptions(peer, { ...peer, [name]: OTHERS[name] }), [name]);
  }
  t.same(changedOptions(peer, { ...peer }), []);
});

t.test("an option that splits groups is applied again at once, or makes a new session", async (t) => {
  for (const [name, effect] of Object.entries(GROUP_EFFECTS)) {
    if (effect === "splits") t.match(PEER_OPTIONS[name as keyof PeerConfig], /^(re-export|reset-session)$/, name);
  }
  const reExported = Object.entries(PEER_OPTIONS).filter(([, cost]) => cost === "re-export");
  for (const [name] of reExported) t.equal(GROUP_EFFECTS[name as keyof PeerConfig], "splits", name);
});
