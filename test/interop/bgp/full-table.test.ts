// A hold time of 3 s while a full table goes through: BIRD 2 announces it, Starling passes it on to another BIRD 2.

import t from "tap";
import { eventually } from "../../support/eventually.js";
import { type Host, Lan } from "../../support/lan.js";
import { BIRD2_PROGRAMS, Bird2 } from "../../support/peers/bird2.js";
import { needs } from "../../support/requirements.js";
import { Starling } from "../../support/starling.js";

t.setTimeout(180_000);

const COUNT = 400_000;
const HOLD_TIME_SECONDS = 3;
const AS = 65000;

/** The nth /24 of 16.0.0.0/4 and up. */
function prefix(n: number): string {
  return `${16 + (n >>> 16)}.${(n >>> 8) & 255}.${n & 255}.0/24`;
}

t.test("sessions with a hold time of 3 s survive a full table", needs(...BIRD2_PROGRAMS), async (t) => {
  const lan = await Lan.open(["us", "sender", "receiver"]);
  const [us, sender, receiver] = lan.hosts as [Host, Host, Host];
  const starling = new Starling(us.namespace, {
    routerId: us.ipv4,
    as: AS,
    listen: [`${us.ipv4}:179`],
    kernel: { enabled: false },
    defaults: { holdTimeSeconds: HOLD_TIME_SECONDS, connectRetrySeconds: 1, routeReflectorClient: true },
    peers: [
      { address: sender.ipv4, as: AS },
      { address: receiver.ipv4, as: AS },
    ],
  });
  const bird = (host: Host, announce: readonly string[]): Bird2 => {
    const neighbor = { address: us.ipv4, as: AS, holdTimeSeconds: HOLD_TIME_SECONDS, nextHopSelf: true };
    return new Bird2(host.namespace, { as: AS, routerId: host.ipv4, neighbors: [neighbor], announce });
  };
  const table = bird(
    sender,
    Array.from({ length: COUNT }, (_, n) => prefix(n)),
  );
  const sink = bird(receiver, []);
  t.teardown(async () => {
    await starling.remove();
    await table.stop();
    await sink.stop();
    await lan.close();
  });
  await sink.start();
  await starling.start();
  await starling.established(receiver.ipv4);
  await table.start();
  await eventually(
    "the whole table at the receiver",
    async () => {
      const { text } = await sink.neighborState(us.ipv4);
      const found = /Routes:\s+(\d+) imported/.exec(text)?.[1] ?? "nothing";
      if (Number(found) !== COUNT) throw new Error(`it has ${found}`);
      return true;
    },
    60_000,
  );
  for (const host of [sender, receiver]) {
    const peer = await starling.peer(host.ipv4);
    t.equal(peer.state, "Established");
    t.equal(peer.transitions, 1, `${host.ipv4}: the session never went down`);
    t.equal(peer.holdTimeSeconds, HOLD_TIME_SECONDS);
  }
});
