// The machine of a peer that is connected to, and two connections at a time (RFC 4271 §6.8, RFC 6286 §2.3).

import { eventually, pause } from "../../support/eventually.js";
import {
  type Behaviour,
  confirm,
  inEstablished,
  inOpenSent,
  inState,
  isClosed,
  isLeftAlone,
  isTold,
  type Scene,
} from "./behaviour.js";
import { SUBJECT_IDENTIFIER } from "./subject.js";
import { KEEPALIVE, open, type OpenFields, UPDATE, type Wire } from "./wire.js";

const ACTIVE = { passive: false } as const;

/** The subject's own connection, its OPEN read. */
async function theirs({ t, peer }: Scene): Promise<Wire> {
  await peer.listen();
  const wire = await peer.accept();
  t.equal((await wire.next()).text, "OPEN");
  return wire;
}

const CONNECTING: readonly Behaviour[] = [
  {
    name: "an active peer is connected to, and gets the OPEN at once",
    settings: ACTIVE,
    run: async (scene) => {
      const wire = await theirs(scene);
      await confirm(scene, wire);
      wire.send(KEEPALIVE);
      await inState(scene, "Established");
      await isLeftAlone(scene.t, wire, 300);
    },
  },
  {
    name: "a refused connection is tried again",
    settings: ACTIVE,
    run: async (scene) => {
      await pause(3000);
      const wire = await theirs(scene);
      scene.t.pass("it came back");
      wire.close();
    },
  },
  {
    name: "OpenSent: the peer closes TCP: Active, and a new attempt after the ConnectRetryTimer",
    settings: ACTIVE,
    run: async (scene) => {
      const wire = await theirs(scene);
      scene.peer.stopListening();
      const before = performance.now();
      wire.close();
      await inState(scene, "Active", 1500);
      const next = await theirs(scene);
      const delay = performance.now() - before;
      scene.t.ok(delay > 900, `${Math.round(delay)} ms`);
      next.close();
    },
    notBird: "BIRD goes to Idle and then to Active",
  },
  {
    name: "Established: the peer closes TCP, and is connected to again",
    settings: ACTIVE,
    run: async (scene) => {
      const wire = await theirs(scene);
      await confirm(scene, wire);
      wire.send(KEEPALIVE);
      await inState(scene, "Established");
      wire.close();
      const next = await scene.peer.accept();
      scene.t.equal((await next.next()).text, "OPEN");
    },
  },
  {
    name: "after errors the pause grows, and a peer that is blamed is not let in meanwhile",
    settings: { passive: false, idleHoldSeconds: [1, 8] },
    run: async (scene) => {
      const { t, peer } = scene;
      await peer.listen();
      for (let round = 0; round < 4; round++) {
        const wire = await peer.accept();
        t.equal((await wire.next()).text, "OPEN");
        wire.send(open({ as: 65010 }));
        await isTold(t, wire, "2/2");
        if (round < 3) continue;
        const early = await peer.connect();
        t.not((await early.next(1000)).text, "OPEN", "the door is shut");
      }
      const pauses = peer.arrivals.slice(1).map((at, index) => at - peer.arrivals[index]);
      t.ok(pauses[1] > pauses[0] + 500 && pauses[2] > pauses[1] + 500, pauses.map(Math.round).join());
    },
  },
];

interface Collision {
  readonly name: string;
  readonly fields: OpenFields;
  readonly as: number;
  /** Who made the connection that stays. */
  readonly stays: "subject" | "peer";
}

const COLLISIONS: readonly Collision[] = [
  { name: "the peer has the smaller identifier", fields: { identifier: "0a000001" }, as: 65009, stays: "subject" },
  { name: "the peer has the larger identifier", fields: { identifier: "0a000063" }, as: 65009, stays: "peer" },
  {
    name: "identifiers are compared without sign",
    fields: { identifier: "f0000001" },
    as: 65009,
    stays: "peer",
  },
  {
    name: "equal identifiers, the peer's AS is larger (RFC 6286)",
    fields: { identifier: SUBJECT_IDENTIFIER },
    as: 65009,
    stays: "peer",
  },
  {
    name: "equal identifiers, the peer's AS is smaller (RFC 6286)",
    fields: { identifier: SUBJECT_IDENTIFIER, as: 64999 },
    as: 64999,
    stays: "subject",
  },
];

/** Both connections get to OpenConfirm, the subject's own first or last; one must go with 6/7. */
function collide({ name, fields, as, stays }: Collision, first: "subject" | "peer"): Behaviour {
  return {
    name: `collision, ${name}, OPEN first on the ${first}'s connection`,
    settings: { passive: false, as },
    run: async (scene) => {
      const wires = { subject: await theirs(scene), peer: await inOpenSent(scene) };
      const other = first === "subject" ? "peer" : "subject";
      await confirm(scene, wires[first], fields);
      wires[other].send(open(fields));
      const goes = stays === "subject" ? "peer" : "subject";
      await isTold(scene.t, wires[goes], "6/7");
      wires[stays].send(KEEPALIVE);
      await inState(scene, "Established");
      await isLeftAlone(scene.t, wires[stays], 500);
    },
  };
}

const TWO_CONNECTIONS: readonly Behaviour[] = [
  ...COLLISIONS.flatMap((collision) => [collide(collision, "subject"), collide(collision, "peer")]),
  {
    name: "collision in OpenSent: the connection that is Established first stays, the silent one goes",
    settings: ACTIVE,
    run: async (scene) => {
      const silent = await theirs(scene);
      const wire = await inEstablished(scene);
      const heard = await silent.nextEvent();
      scene.t.match(heard.text, /^(NOTIFICATION 6\/7|closed)$/);
      await isLeftAlone(scene.t, wire, 500);
    },
    notBird: "BIRD leaves the silent connection open until its hold timer ends it",
  },
  {
    name: "Established: another connection with a valid OPEN goes with 6/7, the session stays",
    run: async (scene) => {
      const wire = await inEstablished(scene);
      const other = await scene.peer.connect();
      const heard = await other.next();
      // Rejected at once, or tracked until its OPEN comes.
      if (heard.text === "OPEN") {
        other.send(open());
        await isTold(scene.t, other, "6/7");
      } else {
        scene.t.match(heard.text, /^(NOTIFICATION 6\/|closed|reset)/);
      }
      wire.send(UPDATE);
      await isLeftAlone(scene.t, wire, 500);
      scene.t.equal(await scene.subject.state(scene.peer.address), "Established");
    },
  },
  {
    name: "Established: another connection that says nothing, or nonsense, does not touch the session",
    run: async (scene) => {
      const wire = await inEstablished(scene);
      const silent = await scene.peer.connect();
      const nonsense = await scene.peer.connect();
      nonsense.send("00".repeat(40));
      silent.close();
      await isLeftAlone(scene.t, wire, 1000);
      scene.t.equal(await scene.subject.state(scene.peer.address), "Established");
    },
  },
  {
    name: "Connect: a connection of the peer makes the session while our own attempt is refused",
    settings: ACTIVE,
    run: async (scene) => {
      const wire = await inEstablished(scene);
      await isLeftAlone(scene.t, wire, 1000);
    },
  },
];

const OURS = "an option of ours";

/** DelayOpen (RFC 4271 §8.1.1) and roles (RFC 9234 §4.2). */
const OPTIONS: readonly Behaviour[] = [
  {
    name: "DelayOpen, Active: the OPEN of the peer is answered at once",
    settings: { ours: { delayOpenSeconds: 3 } },
    notBird: OURS,
    run: async (scene) => {
      const { t } = scene;
      const wire = await scene.peer.connect();
      t.equal((await wire.next(1000)).text, "nothing", "the OPEN waits");
      t.equal(await scene.subject.state(scene.peer.address), "Active");
      wire.send(open());
      t.equal((await wire.next()).text, "OPEN");
      t.equal((await wire.next()).text, "KEEPALIVE");
      wire.send(KEEPALIVE);
      await inState(scene, "Established");
    },
  },
  {
    name: "DelayOpen, Connect: the OPEN goes when the timer expires",
    settings: { passive: false, ours: { delayOpenSeconds: 2 } },
    notBird: OURS,
    run: async (scene) => {
      const { t } = scene;
      await scene.peer.listen();
      const wire = await scene.peer.accept();
      const before = performance.now();
      t.equal(await scene.subject.state(scene.peer.address), "Connect");
      t.equal((await wire.next()).text, "OPEN");
      const delay = performance.now() - before;
      t.ok(delay > 1500 && delay < 4000, `${Math.round(delay)} ms`);
      await inState(scene, "OpenSent");
      await confirm(scene, wire);
      wire.send(KEEPALIVE);
      await inState(scene, "Established");
    },
  },
  {
    name: "DelayOpen: errors are told before our OPEN was sent, and other messages end the connection",
    settings: { ours: { delayOpenSeconds: 20 } },
    notBird: OURS,
    run: async (scene) => {
      const { t, peer } = scene;
      const wrong = await peer.connect();
      wrong.send(open({ as: 65010 }));
      await isTold(t, wrong, "2/2");
      await eventually("the end of the pause", async () => (await scene.subject.state(peer.address)) === "Active");
      const early = await peer.connect();
      early.send(KEEPALIVE);
      await isClosed(t, early);
    },
  },
  ...(
    [
      { name: "customer, as it must be", capabilities: [[9, "03"]], answer: undefined },
      { name: "peer", capabilities: [[9, "04"]], answer: "2/11" },
      { name: "none, where we are strict", capabilities: [], answer: "2/11" },
      {
        name: "two different ones",
        capabilities: [
          [9, "03"],
          [9, "04"],
        ],
        answer: "2/11",
      },
    ] as const
  ).map(({ name, capabilities, answer }): Behaviour => ({
    name: `role of the peer of a strict provider: ${name}`,
    settings: { ours: { role: "provider", roleStrict: true } },
    notBird: OURS,
    run: async (scene) => {
      const wire = await scene.peer.connect();
      scene.t.match((await wire.next()).body, /090100/, "our role is provider");
      wire.send(open({ capabilities: [[1, "00010001"], ...capabilities] }));
      if (answer !== undefined) return isTold(scene.t, wire, answer);
      scene.t.equal((await wire.next()).text, "KEEPALIVE");
    },
  })),
];

export const ACTIVE_BEHAVIOURS: readonly Behaviour[] = [...CONNECTING, ...TWO_CONNECTIONS, ...OPTIONS];
