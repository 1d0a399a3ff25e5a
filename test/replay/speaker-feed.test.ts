// A recorded stream given to a speaker of our own: its policies decide, and say why.

import t from "tap";
import type { SpeakerConfig } from "../../src/config/speaker-config.js";
import { parseConfig } from "../../src/config/parse-yaml.js";
import { HEADER_LENGTH } from "../../src/packet/header.js";
import type { MessageContext } from "../../src/packet/message.js";
import { decodeOpen } from "../../src/packet/open.js";
import type { ReplayedMessage } from "../../src/replay/bgp/replayed-message.js";
import { SpeakerFeed } from "../../src/replay/speaker-feed.js";
import { announcementOf, openOf, replaySegments } from "./recorded-conversation.js";

const CONFIG = `
routerId: 10.0.0.1
as: 65000
policies:
  some:
    rules:
      - match: {prefix: "10.0.0.0/8 le 24"}
        set: {localPref: 250}
        action: accept
    default: reject
peers:
  - {address: 192.0.2.1, as: 65001, importPolicy: some, exportPolicy: reject}
  - {address: 192.0.2.9, as: 65000}
  - {address: 192.0.2.7, as: 4200000007, importPolicy: accept, exportPolicy: reject, passive: true, disabled: true}
`;

function configOf(text = CONFIG): SpeakerConfig {
  const result = parseConfig(text, "test.yaml");
  if ("errors" in result) throw new Error(result.errors.map(({ message }) => message).join("; "));
  return result.config;
}

/** The UPDATEs among messages that one side says in a row. */
function recorded(...messages: readonly Uint8Array[]): readonly ReplayedMessage[] {
  const payload = Uint8Array.from(Buffer.concat([...messages]));
  const ends = { from: "192.0.2.1 40000", to: "192.0.2.2 179" };
  return replaySegments([
    { ...ends, sequence: 0, flags: "S" },
    { ...ends, sequence: 1, payload },
  ]).messages;
}

const PLAIN: MessageContext = { addPathReceive: [false, false], fourOctetAs: true };

async function feed(
  peer: number,
  context: MessageContext,
  messages: readonly ReplayedMessage[],
): Promise<{
  readonly routes: readonly string[];
  readonly refusal: string | undefined;
  readonly problem: string | undefined;
}> {
  const config = configOf();
  const open = openOf(65001);
  const stream = { open: decodeOpen(open, HEADER_LENGTH, open.length), context };
  const speaker = new SpeakerFeed(config, config.peers[peer], stream, 0, "0.1.0");
  const problem = await speaker.start();
  for (const message of messages) speaker.update(message);
  const routes = [...speaker.routes()]
    .flat()
    .map(
      ({ prefix, pathId, localPref, best, reason }) =>
        `${prefix}#${pathId} ${localPref ?? "-"} ${best ? "best" : (reason ?? "")}`,
    )
    .sort();
  return { routes, refusal: speaker.refusal, problem };
}

t.test("the import policy of the peer decides, and its line is named", async (t) => {
  const updates = recorded(
    announcementOf(["10.1.0.0/16", "198.51.100.0/24"]),
    announcementOf(["10.2.0.0/16"], [65001, 65000]),
  );
  const { routes, refusal, problem } = await feed(0, PLAIN, updates);
  t.equal(problem, undefined);
  t.equal(refusal, undefined);
  t.equal(routes.length, 3);
  t.equal(routes[0], "10.1.0.0/16#0 250 best");
  t.match(routes[1], /^10\.2\.0\.0\/16#0 .*own AS|loop/i, "our AS in the path");
  t.match(routes[2], /^198\.51\.100\.0\/24#0 - rejected by .*some/);
});

t.test("streams of old speakers and with path identifiers are read as they were recorded", async (t) => {
  const old: MessageContext = { addPathReceive: [false, false], fourOctetAs: false };
  const two = await feed(0, old, recorded(announcementOf(["10.1.0.0/16"], [65001, 65002], old)));
  t.strictSame(two.routes, ["10.1.0.0/16#0 250 best"]);
  const paths: MessageContext = { addPathReceive: [true, false], fourOctetAs: true };
  const several = await feed(0, paths, recorded(announcementOf(["10.1.0.0/16#1", "10.1.0.0/16#2"], [65001], paths)));
  t.equal(several.problem, undefined);
  t.strictSame(
    several.routes.map((route) => route.split(" ")[0]),
    ["10.1.0.0/16#1", "10.1.0.0/16#2"],
  );
});

t.test("a peer that is passive, disabled, or has a large AS number comes up all the same", async (t) => {
  const { routes, problem } = await feed(2, PLAIN, recorded(announcementOf(["10.1.0.0/16"], [4_200_000_007])));
  t.equal(problem, undefined);
  t.strictSame(routes, ["10.1.0.0/16#0 - best"]);
});

t.test("an UPDATE that resets the session ends it, and says why", async (t) => {
  const broken = announcementOf(["10.1.0.0/16"]).slice();
  broken[broken.length - 3] = 99; // length of the prefix
  const { routes, refusal } = await feed(0, PLAIN, recorded(broken, announcementOf(["10.2.0.0/16"])));
  t.match(refusal, /UPDATE Message Error\/Invalid Network Field/);
  t.strictSame(routes, []);
});

t.test("more UPDATEs than are flushed at once", async (t) => {
  const updates = Array.from({ length: 600 }, (_, i) => announcementOf([`10.${i >> 8}.${i & 255}.0/24`]));
  const { routes } = await feed(0, PLAIN, recorded(...updates));
  t.equal(routes.length, 600);
  t.ok(routes.every((route) => route.endsWith("250 best")));
});
