// How UPDATEs are read: from both OPENs, from one, from none; what the user says comes first. And what is made of
// messages that are wrong, or of families that we do not speak.

import t from "tap";
import { type Bytes, ByteWriter, fromHex } from "../../src/base/bytes.js";
import { HEADER_LENGTH, makeMessage } from "../../src/packet/header.js";
import type { MessageContext } from "../../src/packet/message.js";
import { decodeOpen } from "../../src/packet/open.js";
import {
  decodeNotificationMessage,
  decodeOpenMessage,
  decodeRouteRefreshMessage,
  decodeUpdateMessage,
} from "../../src/replay/bgp/decode-message.js";
import { Interpretation } from "../../src/replay/bgp/interpretation.js";
import { announcementOf, lineOf, openOf, PLAIN_OPTIONS, replaySegments } from "./recorded-conversation.js";

const NOTHING_SAID = { fourOctetAs: undefined, addPath: undefined };
const TWO: MessageContext = { addPathReceive: [false, false], fourOctetAs: false };
const FOUR: MessageContext = { addPathReceive: [false, false], fourOctetAs: true };
const PATHS: MessageContext = { addPathReceive: [true, false], fourOctetAs: true };

function read(interpretation: Interpretation, message: Bytes): readonly [boolean, boolean] {
  const context = interpretation.contextFor(message, HEADER_LENGTH, message.length);
  return [context.fourOctetAs, context.addPathReceive[0]];
}

t.test("without OPENs each reading is judged by the octets", async (t) => {
  const rows: [string, Bytes, boolean, boolean][] = [
    ["two octets", announcementOf(["10.0.0.0/8"], [65001, 65002], TWO), false, false],
    ["four octets", announcementOf(["10.0.0.0/8"], [65001, 65002], FOUR), true, false],
    ["large numbers", announcementOf(["10.0.0.0/8"], [4_200_000_000], FOUR), true, false],
    ["an empty path could be either: four", announcementOf(["10.0.0.0/8"], [], TWO), true, false],
    ["a path identifier", announcementOf(["10.1.2.0/24#1"], [65001], PATHS), true, true],
    ["small path identifiers", announcementOf(["10.1.0.0/16#1", "10.1.0.0/16#2"], [65001], PATHS), true, true],
    [
      "large path identifiers",
      announcementOf(["10.1.2.0/24#3232235777", "10.1.2.0/24#3232235778"], [65001], PATHS),
      true,
      true,
    ],
    ["many plain prefixes", announcementOf(["10.1.2.0/24", "10.1.3.0/24", "10.1.4.0/24"], [65001], FOUR), true, false],
    ["the default route", announcementOf(["0.0.0.0/0"], [65001], FOUR), true, false],
    ["the default route with a path identifier", announcementOf(["0.0.0.0/0#9"], [65001], PATHS), true, true],
    ["the default route read as itself again and again", announcementOf(["0.0.0.0/0#1"], [65001], PATHS), true, true],
    ["host routes", announcementOf(["10.0.0.1/32", "10.0.0.2/32"], [65001], FOUR), true, false],
  ];
  for (const [name, message, fourOctetAs, addPath] of rows) {
    t.strictSame(read(new Interpretation(NOTHING_SAID), message), [fourOctetAs, addPath], name);
  }
});

t.test("what one message has shown holds for those that could be read either way", async (t) => {
  const ambiguous = announcementOf(["10.0.0.0/8"], [], TWO);
  const interpretation = new Interpretation(NOTHING_SAID);
  t.strictSame(read(interpretation, ambiguous), [true, false], "at first");
  read(interpretation, announcementOf(["10.0.0.0/8"], [1, 2, 3], TWO));
  t.strictSame(read(interpretation, ambiguous), [false, false], "afterwards");
});

t.test("AGGREGATOR and AS4_PATH tell the length of AS numbers", async (t) => {
  const update = (attributes: string): Bytes =>
    makeMessage(2, fromHex(`0000 ${hex16(attributes)} ${attributes} 08 0a`));
  const origin = "40 01 01 00";
  t.equal(read(new Interpretation(NOTHING_SAID), update(`${origin} c0 07 06 fde9 0a000001`))[0], false, "6 octets");
  t.equal(read(new Interpretation(NOTHING_SAID), update(`${origin} c0 07 08 0000fde9 0a000001`))[0], true, "8 octets");
  t.equal(read(new Interpretation(NOTHING_SAID), update(`${origin} c0 11 06 02 01 00030d40`))[0], false, "AS4_PATH");
});

function hex16(attributes: string): string {
  return fromHex(attributes).length.toString(16).padStart(4, "0");
}

t.test("OPENs decide: both have to have a capability", async (t) => {
  const open = (message: Bytes): ReturnType<typeof decodeOpen> => decodeOpen(message, HEADER_LENGTH, message.length);
  const paths = (receive: boolean, send: boolean): { addPath: { family: 0; receive: boolean; send: boolean }[] } => ({
    addPath: [{ family: 0, receive, send }],
  });
  const old = openOf(65002, { fourOctetAs: undefined });
  const rows: [string, Bytes | undefined, Bytes | undefined, Bytes, boolean, boolean][] = [
    ["both with four octets", openOf(1), openOf(2), announcementOf(["10.0.0.0/8"], [7], TWO), true, false],
    ["the receiver is old", openOf(1), old, announcementOf(["10.0.0.0/8"], [70000], FOUR), false, false],
    ["only the sender's is known: old", old, undefined, announcementOf(["10.0.0.0/8"], [70000], FOUR), false, false],
    [
      "only one is known: still judged",
      openOf(1),
      undefined,
      announcementOf(["10.0.0.0/8"], [7, 8], TWO),
      false,
      false,
    ],
    [
      "add-path agreed",
      openOf(1, paths(false, true)),
      openOf(2, paths(true, false)),
      announcementOf(["10.0.0.0/8"]),
      true,
      true,
    ],
    [
      "add-path, wrong way",
      openOf(1, paths(true, false)),
      openOf(2, paths(false, true)),
      announcementOf(["1.0.0.0/8#1"]),
      true,
      false,
    ],
    ["the sender does not send paths", openOf(1), undefined, announcementOf(["1.2.0.0/16#1"]), true, false],
  ];
  for (const [name, sender, receiver, message, fourOctetAs, addPath] of rows) {
    const interpretation = new Interpretation(NOTHING_SAID);
    if (sender !== undefined) interpretation.senderOpened(open(sender));
    if (receiver !== undefined) interpretation.receiverOpened(open(receiver));
    t.strictSame(read(interpretation, message), [fourOctetAs, addPath], name);
    const forced = new Interpretation({ fourOctetAs: !fourOctetAs, addPath: !addPath });
    if (sender !== undefined) forced.senderOpened(open(sender));
    if (receiver !== undefined) forced.receiverOpened(open(receiver));
    t.strictSame(read(forced, message), [!fourOctetAs, !addPath], `${name}: the user knows better`);
  }
});

// ---- what is wrong ----

function updateOf({ withdrawn = "", attributes = "", nlri = "" }): Bytes {
  const out = new ByteWriter();
  const part = (hex: string): Bytes => fromHex(hex);
  out.u16(part(withdrawn).length).append(part(withdrawn));
  out.u16(part(attributes).length).append(part(attributes)).append(part(nlri));
  return makeMessage(2, out.finish());
}

const SOUND = "400101 00 400206 0201 0000fde9 400304 c0000201";

t.test("the verdict on an UPDATE is the daemon's own", async (t) => {
  const rows: [string, Bytes, string | undefined, string | undefined][] = [
    ["sound", updateOf({ attributes: SOUND, nlri: "080a" }), undefined, undefined],
    [
      "ORIGIN 7",
      updateOf({ attributes: SOUND.replace("0101 00", "0101 07"), nlri: "080a" }),
      "treat-as-withdraw",
      undefined,
    ],
    [
      "no NEXT_HOP",
      updateOf({ attributes: "40010100 40020602010000fde9", nlri: "080a" }),
      "treat-as-withdraw",
      undefined,
    ],
    [
      "AGGREGATOR of 3 octets",
      updateOf({ attributes: `${SOUND} c00703 000000`, nlri: "080a" }),
      "attribute discard",
      undefined,
    ],
    ["a prefix of 33 bits", updateOf({ attributes: SOUND, nlri: "080a 21 0a00000000" }), "session reset", "3/10"],
    ["attributes run over", makeMessage(2, fromHex("0000 00ff 40010100")), "session reset", "3/1"],
    [
      "MP_REACH_NLRI with flags of its own",
      updateOf({ attributes: `${SOUND} 400e05 0001010000` }),
      "session reset",
      "3/9",
    ],
  ];
  for (const [name, message, reaction, numbers] of rows) {
    const { verdict, content } = decodeUpdateMessage(message, FOUR, true);
    t.equal(verdict?.reaction, reaction, name);
    const sent = verdict?.notification;
    t.equal(sent === undefined ? undefined : `${sent.code}/${sent.subcode}`, numbers, `${name}: NOTIFICATION`);
    t.equal(content.kind, "UPDATE", `${name}: decoded all the same`);
  }
});

t.test("what can be read of a broken UPDATE is read", async (t) => {
  const broken = updateOf({ withdrawn: "10 0a01", attributes: SOUND, nlri: "08 0a 10 0b01 21 00" });
  const { content } = decodeUpdateMessage(broken, FOUR, false);
  t.match(content, {
    withdraw: [{ prefix: "10.1.0.0/16" }],
    announce: [{ prefix: "10.0.0.0/8" }, { prefix: "11.1.0.0/16" }],
  });
  for (let length = HEADER_LENGTH; length < broken.length; length++) {
    t.equal(decodeUpdateMessage(broken.slice(0, length), FOUR, false).content.kind, "UPDATE", `${length} octets`);
  }
});

t.test("families that we do not speak are named, with the length of their routes", async (t) => {
  const vpn = "800e15 0001 80 0c 0000000000000000c0000201 00 11223344";
  const evpn = "800f07 0019 46 05000000";
  const { content, verdict } = decodeUpdateMessage(
    updateOf({ attributes: `${vpn} ${evpn} 40010100 400200` }),
    FOUR,
    false,
  );
  t.match(content, {
    announce: [],
    withdraw: [],
    foreign: [
      { verb: "announce", afi: 1, safi: 128, octets: 4 },
      { verb: "withdraw", afi: 25, safi: 70, octets: 4 },
    ],
    endOfRib: undefined,
  });
  t.equal(verdict?.reaction, undefined);
  const end = decodeUpdateMessage(updateOf({ attributes: "800f03 0019 46" }), FOUR, false);
  t.match(end.content, { endOfRib: { afi: 25, safi: 70 } }, "its End-of-RIB");
});

t.test("confederation segments are shown, though they are malformed to us", async (t) => {
  const attributes = "40010100 40020a 0301 0000fde9 0201 0000fdea".replace("40020a", "40020c") + " 400304c0000201";
  const { content, verdict } = decodeUpdateMessage(updateOf({ attributes, nlri: "080a" }), FOUR, false);
  t.match(content, {
    attributes: {
      asPath: [
        { type: 3, asNumbers: [65001] },
        { type: 2, asNumbers: [65002] },
      ],
    },
  });
  t.match(verdict, { reaction: "treat-as-withdraw", error: /confederation/ });
});

t.test("an OPEN with something unknown still shows its fields", async (t) => {
  const message = makeMessage(1, fromHex("04 fde9 005a 0a000001 04 09020102"));
  const { content, verdict } = decodeOpenMessage(message);
  t.match(content, { open: { version: 4, myAs: 65001, holdTimeSeconds: 90, bgpIdentifier: 0x0a000001 } });
  t.match(verdict, { reaction: "session reset", notification: { code: 2, subcode: 4 } });
  t.match(decodeOpenMessage(makeMessage(1, fromHex("04 fde9"))), {
    content: { open: {} },
    verdict: { reaction: "session reset" },
  });
});

t.test("ROUTE-REFRESH with outbound route filters", async (t) => {
  const filters = makeMessage(5, fromHex("0001 00 01 01 40 0003 800000"));
  t.match(decodeRouteRefreshMessage(filters, true), {
    content: { afi: 1, safi: 1, subtype: 0, whenToRefresh: 1, filters: [{ type: 64, octets: 3 }] },
    verdict: undefined,
  });
  t.match(
    decodeRouteRefreshMessage(filters, false),
    { verdict: { notification: { code: 7, subcode: 1 } } },
    "not agreed on",
  );
  const broken = makeMessage(5, fromHex("0001 00 01 01 40 0009 800000"));
  t.match(decodeRouteRefreshMessage(broken, true), { verdict: { notification: { code: 7, subcode: 1 } } }, "cut off");
  t.match(decodeRouteRefreshMessage(makeMessage(5, fromHex("0001")), true), { content: { kind: "opaque" } });
});

t.test("a NOTIFICATION that is too short is not answered", async (t) => {
  t.match(decodeNotificationMessage(makeMessage(3, fromHex("06"))), {
    content: { kind: "opaque" },
    verdict: { reaction: "none" },
  });
});

t.test("headers that are wrong: the verdict, and the stream goes on", async (t) => {
  const ends = { from: "192.0.2.1 40000", to: "192.0.2.2 179" };
  const strange = makeMessage(9, fromHex("0102"));
  const long = makeMessage(2, announcementOf(["10.0.0.0/8"]).slice(HEADER_LENGTH));
  const payload = Uint8Array.from([...openOf(1), ...strange, ...makeMessage(4, fromHex("00")), ...long]);
  const { lines, messages } = replaySegments(
    [
      { ...ends, sequence: 10, flags: "S" },
      { ...ends, sequence: 11, payload },
    ],
    PLAIN_OPTIONS,
  );
  t.strictSame(lines, [
    "OPEN",
    "message type 9 (Message Header Error/Bad Message Type: type 9)",
    "KEEPALIVE (Message Header Error/Bad Message Length: KEEPALIVE of 20 octets)",
    "UPDATE +10.0.0.0/8",
  ]);
  t.strictSame(messages.map(lineOf), lines);
});
