import t from "tap";
import { toHex } from "../../src/base/bytes.js";
import { type Capabilities, NO_CAPABILITIES } from "../../src/packet/capabilities.js";
import { BGP_ROLE, type BgpRole } from "../../src/packet/codes.js";
import { NotificationError } from "../../src/packet/notification.js";
import type { OpenMessage } from "../../src/packet/open.js";
import { type Negotiated, negotiate, type NegotiationFacts } from "../../src/session/negotiate.js";
import { makeOpen } from "../../src/session/open-offer.js";
import { address } from "../support/memory-network.js";
import { A, B, GRACEFUL, optionsFor } from "./session-pair.js";

const OURS: OpenMessage = makeOpen(
  optionsFor(A, B, { gracefulRestart: () => GRACEFUL, addPathReceive: true, extendedNextHop: true }),
);

const THEIRS: OpenMessage = {
  version: 4,
  myAs: 65001,
  holdTimeSeconds: 180,
  bgpIdentifier: 0x0a000002,
  capabilities: { ...NO_CAPABILITIES, families: [0, 1], routeRefresh: true, fourOctetAs: 65001 },
};

const FACTS: NegotiationFacts = {
  localAs: 65001,
  peerAsNumbers: [65001],
  roleStrict: false,
  keepaliveSeconds: 0,
  localAddress: address(A),
  remoteAddress: address(B),
};

const ROLES = Object.keys(BGP_ROLE) as readonly BgpRole[];

/** RFC 9234 §4.2, table 2. */
const ALLOWED_ROLES: readonly (readonly [BgpRole, BgpRole])[] = [
  ["provider", "customer"],
  ["customer", "provider"],
  ["routeServer", "routeServerClient"],
  ["routeServerClient", "routeServer"],
  ["peer", "peer"],
];

interface Given {
  readonly ours?: Partial<OpenMessage>;
  readonly mine?: Partial<Capabilities>;
  readonly theirs?: Partial<OpenMessage>;
  readonly other?: Partial<Capabilities>;
  readonly facts?: Partial<NegotiationFacts>;
}

/** The same, with a peer in AS 65002. */
function external({ other = {}, facts = {}, ...rest }: Given): Given {
  return {
    ...rest,
    theirs: { myAs: 65002, ...rest.theirs },
    other: { fourOctetAs: 65002, ...other },
    facts: { peerAsNumbers: [65002], ...facts },
  };
}

function run({ ours = {}, mine = {}, theirs = {}, other = {}, facts = {} }: Given): Negotiated {
  return negotiate(
    { ...OURS, ...ours, capabilities: { ...OURS.capabilities, ...mine } },
    { ...THEIRS, ...theirs, capabilities: { ...THEIRS.capabilities, ...other } },
    { ...FACTS, ...facts },
  );
}

t.test("what two OPENs agree on", (t) => {
  const rows: readonly { readonly name: string; readonly given: Given; readonly then: Partial<Negotiated> }[] = [
    {
      name: "plain iBGP",
      given: {},
      then: {
        peerAs: 65001,
        localAs: 65001,
        isEbgp: false,
        peerBgpIdentifier: 0x0a000002,
        holdTimeSeconds: 90,
        keepaliveSeconds: 30,
        families: [0, 1],
        fourOctetAs: true,
        addPathReceive: [false, false],
        addPathSend: [false, false],
        extendedMessage: false,
        maxMessageLength: 4096,
        routeRefresh: true,
        enhancedRouteRefresh: false,
        extendedNextHop: [false, false],
        gracefulRestart: undefined,
        gracefulNotification: false,
        peerRole: undefined,
      },
    },
    {
      name: "the shorter hold time wins",
      given: { theirs: { holdTimeSeconds: 30 } },
      then: { holdTimeSeconds: 30, keepaliveSeconds: 10 },
    },
    {
      name: "hold time 3",
      given: { theirs: { holdTimeSeconds: 3 } },
      then: { holdTimeSeconds: 3, keepaliveSeconds: 1 },
    },
    {
      name: "hold time 4",
      given: { theirs: { holdTimeSeconds: 4 } },
      then: { holdTimeSeconds: 4, keepaliveSeconds: 1 },
    },
    {
      name: "hold time 0 of the peer",
      given: { theirs: { holdTimeSeconds: 0 } },
      then: { holdTimeSeconds: 0, keepaliveSeconds: 0 },
    },
    {
      name: "hold time 0 of ours",
      given: { ours: { holdTimeSeconds: 0 } },
      then: { holdTimeSeconds: 0, keepaliveSeconds: 0 },
    },
    { name: "a configured keepalive time", given: { facts: { keepaliveSeconds: 7 } }, then: { keepaliveSeconds: 7 } },
    {
      name: "a keepalive time beyond a third of the hold time is shortened",
      given: { facts: { keepaliveSeconds: 60 } },
      then: { keepaliveSeconds: 30 },
    },
    {
      name: "a 4-octet AS number counts, AS_TRANS in the old field does not",
      given: { theirs: { myAs: 23456 }, other: { fourOctetAs: 4200000000 }, facts: { peerAsNumbers: [4200000000] } },
      then: { peerAs: 4200000000, isEbgp: true },
    },
    {
      name: "a peer without 4-octet AS numbers",
      given: { other: { fourOctetAs: undefined } },
      then: { peerAs: 65001, fourOctetAs: false },
    },
    {
      name: "one of several allowed AS numbers",
      given: { theirs: { myAs: 65003 }, other: { fourOctetAs: 65003 }, facts: { peerAsNumbers: [65002, 65003] } },
      then: { peerAs: 65003, isEbgp: true },
    },
    {
      name: "no multiprotocol capability at all: IPv4 (RFC 4760 §8)",
      given: { other: { families: [] } },
      then: { families: [0] },
    },
    { name: "only IPv6 in common", given: { other: { families: [1] } }, then: { families: [1] } },
    {
      name: "eBGP peers may share an identifier (RFC 6286)",
      given: {
        theirs: { bgpIdentifier: 0x0a000001, myAs: 65002 },
        other: { fourOctetAs: 65002 },
        facts: { peerAsNumbers: [65002] },
      },
      then: { peerBgpIdentifier: 0x0a000001, isEbgp: true },
    },
    {
      name: "an identifier above 2^31 stays unsigned",
      given: { theirs: { bgpIdentifier: 0xfffffffe } },
      then: { peerBgpIdentifier: 0xfffffffe },
    },
    {
      name: "add-path: we receive what the peer sends",
      given: { other: { addPath: [{ family: 0, receive: false, send: true }] } },
      then: { addPathReceive: [true, false], addPathSend: [false, false] },
    },
    {
      name: "add-path: a peer that only receives gives nothing",
      given: { other: { addPath: [{ family: 0, receive: true, send: false }] } },
      then: { addPathReceive: [false, false], addPathSend: [false, false] },
    },
    {
      name: "add-path: sending, where we offer it",
      given: {
        mine: { addPath: [{ family: 1, receive: false, send: true }] },
        other: { addPath: [{ family: 1, receive: true, send: true }] },
      },
      then: { addPathReceive: [false, false], addPathSend: [false, true] },
    },
    {
      name: "add-path of a family that is not common does not count",
      given: { other: { families: [0], addPath: [{ family: 1, receive: true, send: true }] } },
      then: { addPathReceive: [false, false] },
    },
    {
      name: "extended messages of both",
      given: { other: { extendedMessage: true } },
      then: { extendedMessage: true, maxMessageLength: 65535 },
    },
    {
      name: "extended messages of the peer alone",
      given: { mine: { extendedMessage: false }, other: { extendedMessage: true } },
      then: { extendedMessage: false, maxMessageLength: 4096 },
    },
    {
      name: "enhanced route refresh",
      given: { other: { enhancedRouteRefresh: true } },
      then: { enhancedRouteRefresh: true },
    },
    { name: "no route refresh", given: { other: { routeRefresh: false } }, then: { routeRefresh: false } },
    {
      name: "extended next hop of both (RFC 8950)",
      given: { other: { extendedNextHop: [{ family: 0, nextHopAfi: 2 }] } },
      then: { extendedNextHop: [true, false] },
    },
    {
      name: "extended next hop that names the family's own next hops",
      given: { other: { extendedNextHop: [{ family: 0, nextHopAfi: 1 }] } },
      then: { extendedNextHop: [false, false] },
    },
    {
      name: "graceful restart with the N bit of both",
      given: { other: { gracefulRestart: GRACEFUL } },
      then: { gracefulRestart: GRACEFUL, gracefulNotification: true },
    },
    {
      name: "graceful restart, N bit of the peer missing",
      given: { other: { gracefulRestart: { ...GRACEFUL, notification: false } } },
      then: { gracefulNotification: false },
    },
    {
      name: "graceful restart that we do not offer is not used",
      given: { mine: { gracefulRestart: undefined }, other: { gracefulRestart: GRACEFUL } },
      then: { gracefulRestart: undefined, gracefulNotification: false },
    },
    ...ALLOWED_ROLES.map(([ours, theirs]) => ({
      name: `roles: ${ours} and ${theirs}`,
      given: external({ mine: { roles: [BGP_ROLE[ours]] }, other: { roles: [BGP_ROLE[theirs]] } }),
      then: { peerRole: theirs },
    })),
    {
      name: "roles: the peer states none, and need not",
      given: external({ mine: { roles: [BGP_ROLE.provider] } }),
      then: { peerRole: undefined },
    },
    {
      name: "roles: only the peer states one",
      given: external({ other: { roles: [BGP_ROLE.provider] }, facts: { roleStrict: true } }),
      then: { peerRole: "provider" },
    },
    {
      name: "roles mean nothing inside the AS",
      given: { mine: { roles: [BGP_ROLE.provider] }, other: { roles: [0, 4] }, facts: { roleStrict: true } },
      then: { peerRole: undefined },
    },
  ];
  for (const { name, given, then } of rows) {
    const negotiated = run(given);
    for (const key of Object.keys(then) as (keyof Negotiated)[]) t.same(negotiated[key], then[key], `${name}: ${key}`);
  }
  t.end();
});

t.test("what is refused, with code and words", (t) => {
  const rows: readonly {
    readonly name: string;
    readonly given: Given;
    readonly subcode: number;
    readonly words: RegExp;
    readonly data?: string;
  }[] = [
    {
      name: "another AS",
      given: { theirs: { myAs: 65002 }, other: { fourOctetAs: 65002 } },
      subcode: 2,
      words: /wrong AS: peer says 65002, configured 65001$/,
    },
    {
      name: "none of several AS numbers",
      given: { facts: { peerAsNumbers: [1, 2] } },
      subcode: 2,
      words: /wrong AS: peer says 65001, configured 1 or 2$/,
    },
    {
      name: "AS 0 in the capability (RFC 7607), even if configured",
      given: { other: { fourOctetAs: 0 }, facts: { peerAsNumbers: [0] } },
      subcode: 2,
      words: /peer says 0, which is reserved/,
    },
    {
      name: "AS 0 in the field of an old speaker",
      given: { theirs: { myAs: 0 }, other: { fourOctetAs: undefined } },
      subcode: 2,
      words: /peer says 0/,
    },
    {
      name: "AS 0 in the field beside a sound capability",
      given: { theirs: { myAs: 0 } },
      subcode: 2,
      words: /peer says 0/,
    },
    {
      name: "AS_TRANS of an old speaker",
      given: { theirs: { myAs: 23456 }, other: { fourOctetAs: undefined } },
      subcode: 2,
      words: /peer says 23456 \(AS_TRANS/,
    },
    { name: "identifier 0", given: { theirs: { bgpIdentifier: 0 } }, subcode: 3, words: /peer says 0\.0\.0\.0/ },
    {
      name: "our own identifier in our AS",
      given: { theirs: { bgpIdentifier: 0x0a000001 } },
      subcode: 3,
      words: /our own, 10\.0\.0\.1/,
    },
    { name: "hold time 1", given: { theirs: { holdTimeSeconds: 1 } }, subcode: 6, words: /peer says 1 s/ },
    { name: "hold time 2", given: { theirs: { holdTimeSeconds: 2 } }, subcode: 6, words: /peer says 2 s/ },
    {
      name: "no common family: the data are what we want (RFC 5492 §5)",
      given: { mine: { families: [1] }, other: { families: [0] } },
      subcode: 7,
      words: /peer says ipv4, configured ipv6/,
      data: "010400020001",
    },
    {
      name: "a peer without multiprotocol where we want IPv6 only",
      given: { mine: { families: [1] }, other: { families: [] } },
      subcode: 7,
      words: /peer says ipv4, configured ipv6/,
      data: "010400020001",
    },
    {
      name: "a peer with families of others only",
      given: { other: { families: [], otherFamilies: [{ afi: 25, safi: 70 }] } },
      subcode: 7,
      words: /peer says none of ours, configured ipv4, ipv6/,
      data: "010400010001010400020001",
    },
    ...ROLES.flatMap((ours) =>
      ROLES.filter((theirs) => !ALLOWED_ROLES.some((pair) => pair[0] === ours && pair[1] === theirs)).map((theirs) => ({
        name: `roles: ${ours} and ${theirs} do not go together (RFC 9234 §4.2)`,
        given: external({ mine: { roles: [BGP_ROLE[ours]] }, other: { roles: [BGP_ROLE[theirs]] } }),
        subcode: 11,
        words: new RegExp(`role mismatch: peer says it is ${theirs}, but we are ${ours}: it must be `),
      })),
    ),
    {
      name: "a role without a name",
      given: external({ mine: { roles: [BGP_ROLE.peer] }, other: { roles: [200] } }),
      subcode: 11,
      words: /peer says it is 200, but we are peer: it must be peer/,
    },
    {
      name: "different roles of one peer, whether we have one or not",
      given: external({ other: { roles: [0, 3] } }),
      subcode: 11,
      words: /peer states different roles: provider, customer/,
    },
    {
      name: "no role where we are strict",
      given: external({ mine: { roles: [BGP_ROLE.customer] }, facts: { roleStrict: true } }),
      subcode: 11,
      words: /peer states no role, but we are customer and strict: it must be provider/,
    },
  ];
  for (const { name, given, subcode, words, data = "" } of rows) {
    try {
      run(given);
      t.fail(`${name}: was accepted`);
    } catch (error) {
      if (!(error instanceof NotificationError)) throw error;
      t.match(error, { code: 2, subcode, message: words }, name);
      t.equal(toHex(error.data), data, `${name}: data`);
    }
  }
  t.end();
});

t.test("our OPEN says what the options ask for", (t) => {
  const open = makeOpen(
    optionsFor(A, B, { localAs: 4200000000, families: [1], addPathSend: true, extendedNextHop: true }),
  );
  t.equal(open.myAs, 23456);
  t.equal(open.capabilities.fourOctetAs, 4200000000);
  t.same(open.capabilities.addPath, [{ family: 1, receive: false, send: true }]);
  t.same(open.capabilities.extendedNextHop, [], "IPv4 routes are not spoken of");
  t.equal(open.capabilities.gracefulRestart, undefined);
  t.same(open.capabilities.roles, []);
  t.same(makeOpen(optionsFor(A, B, { role: "customer" })).capabilities.roles, [3]);
  t.same(OURS.capabilities.gracefulRestart, GRACEFUL);
  t.same(OURS.capabilities.extendedNextHop, [{ family: 0, nextHopAfi: 2 }]);
  t.equal(OURS.myAs, 65001);
  t.end();
});
