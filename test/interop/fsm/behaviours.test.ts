// The state machine over real TCP, from outside: a scripted peer does one thing, and the daemon must do what RFC 4271 says.
// The same is asked of BIRD 2, so that our expectations are not only ours. Needs no privileges: all of it is loopback.

import t, { type Test } from "tap";
import { needs } from "../../support/requirements.js";
import { BIRD2_PROGRAMS } from "../../support/peers/bird2.js";
import { ACTIVE_BEHAVIOURS } from "./active-behaviours.js";
import type { Behaviour } from "./behaviour.js";
import { PASSIVE_BEHAVIOURS } from "./passive-behaviours.js";
import {
  BirdSubject,
  freePort,
  PEER_PORT_OFFSET,
  type PeerSettings,
  StarlingSubject,
  type Subject,
  SUBJECT_ADDRESS,
} from "./subject.js";
import { ScriptedPeer } from "./wire.js";

t.setTimeout(240_000);

const BEHAVIOURS: readonly Behaviour[] = [...PASSIVE_BEHAVIOURS, ...ACTIVE_BEHAVIOURS];
/** Most of the time each of them waits. */
const AT_A_TIME = 16;

const DEFAULTS: Omit<PeerSettings, "address"> = {
  as: 65009,
  passive: true,
  holdTimeSeconds: 90,
  idleHoldSeconds: [1, 8],
  ours: {},
};

async function play(t: Test, subject: Subject, behaviours: readonly Behaviour[]): Promise<void> {
  const settings = behaviours.map((behaviour, index) => ({
    ...DEFAULTS,
    ...behaviour.settings,
    address: `127.0.1.${index + 1}`,
  }));
  t.teardown(() => subject.end());
  await subject.start(settings);
  t.jobs = AT_A_TIME;
  const plays = behaviours.map((behaviour, index) =>
    t.test(behaviour.name, { buffered: true }, async (t) => {
      const endpoint = { address: SUBJECT_ADDRESS, port: subject.port };
      const peer = new ScriptedPeer(settings[index].address, subject.port + PEER_PORT_OFFSET, endpoint);
      t.teardown(() => peer.end());
      await behaviour.run({ t, subject, peer });
    }),
  );
  await Promise.all(plays);
}

t.test("Starling", async (t) => {
  await play(t, new StarlingSubject(await freePort()), BEHAVIOURS);
});

t.test("a stranger is turned away", async (t) => {
  const subject = new StarlingSubject(await freePort());
  t.teardown(() => subject.end());
  await subject.start([{ ...DEFAULTS, address: "127.0.1.1" }]);
  const stranger = new ScriptedPeer("127.0.1.99", subject.port + PEER_PORT_OFFSET, {
    address: SUBJECT_ADDRESS,
    port: subject.port,
  });
  t.teardown(() => stranger.end());
  const wire = await stranger.connect();
  t.match((await wire.next()).text, /^(closed|reset|NOTIFICATION 6\/5)$/, "no OPEN");
});

t.test("BIRD 2", needs(...BIRD2_PROGRAMS), async (t) => {
  const behaviours = BEHAVIOURS.filter((behaviour) => behaviour.notBird === undefined);
  await play(t, new BirdSubject(await freePort()), behaviours);
});
