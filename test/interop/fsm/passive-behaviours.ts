// The machine of a peer that is waited for: what it sends, what it answers, and how it ends (RFC 4271 §6, §8.2.2).

import { pause } from "../../support/eventually.js";
import {
  type Behaviour,
  inEstablished,
  inOpenConfirm,
  inOpenSent,
  inState,
  isClosed,
  isLeftAlone,
  isRefused,
  isTold,
  type Scene,
} from "./behaviour.js";
import { SUBJECT_AS, SUBJECT_IDENTIFIER } from "./subject.js";
import {
  KEEPALIVE,
  MARKER,
  message,
  notification,
  open,
  type OpenFields,
  ROUTE_REFRESH,
  UPDATE,
  type Wire,
} from "./wire.js";

type State = "OpenSent" | "OpenConfirm" | "Established";

const ENTER: Readonly<Record<State, (scene: Scene, fields?: OpenFields) => Promise<Wire>>> = {
  OpenSent: inOpenSent,
  OpenConfirm: inOpenConfirm,
  Established: inEstablished,
};

/** In `state` the peer sends `sent` and is told `code`. */
function answered(state: State, what: string, sent: string, code: string, extra: Partial<Behaviour> = {}): Behaviour {
  const [, data] = code.split(" ");
  return {
    name: `${state}: ${what} is answered by ${code}`,
    run: async (scene) => {
      const wire = await ENTER[state](scene);
      wire.send(sent);
      await isTold(scene.t, wire, code.split(" ")[0], data);
      await comesBack(scene);
    },
    ...extra,
  };
}

/** In `state` the peer does something that ends the connection without an answer. */
function ended(state: State, what: string, act: (wire: Wire) => void): Behaviour {
  return {
    name: `${state}: ${what} ends the connection without an answer`,
    run: async (scene) => {
      const wire = await ENTER[state](scene);
      act(wire);
      await isClosed(scene.t, wire);
      await comesBack(scene);
    },
  };
}

/** The machine is not stuck. */
async function comesBack(scene: Scene): Promise<void> {
  const wire = await inEstablished(scene);
  scene.t.pass("the peer can come back");
  wire.close();
}

const RFC6608: readonly (readonly [State, string, string, string])[] = [
  ["OpenSent", "KEEPALIVE", KEEPALIVE, "5/1 04"],
  ["OpenSent", "UPDATE", UPDATE, "5/1 02"],
  ["OpenSent", "ROUTE-REFRESH", ROUTE_REFRESH, "5/1 05"],
  ["OpenConfirm", "OPEN", open(), "5/2 01"],
  ["OpenConfirm", "UPDATE", UPDATE, "5/2 02"],
  ["OpenConfirm", "ROUTE-REFRESH", ROUTE_REFRESH, "5/2 05"],
  ["Established", "OPEN", open(), "5/3 01"],
];

const UNEXPECTED: readonly Behaviour[] = RFC6608.map(([state, what, sent, code]) =>
  answered(state, what, sent, code, { notBird: "BIRD sends no data, and takes an UPDATE for the missing KEEPALIVE" }),
);

const HEADER_ERRORS: readonly Behaviour[] = (["OpenSent", "OpenConfirm", "Established"] as const).flatMap((state) => [
  answered(state, "a wrong marker", `${"00".repeat(16)}001304`, "1/1"),
  answered(state, "a message that is too short", `${MARKER}001204`, "1/2 0012"),
  answered(state, "a KEEPALIVE that is too long", `${MARKER}00140400`, "1/2 0014", { notBird: "BIRD takes it" }),
  answered(state, "an unknown type", `${MARKER}001309`, "1/3 09"),
]);

const OPEN_ERRORS: readonly Behaviour[] = [
  answered("OpenSent", "version 3", open({ version: 3 }), "2/1 0004", { notBird: "its data are 0400" }),
  answered("OpenSent", "another AS", open({ as: 65010 }), "2/2"),
  answered("OpenSent", "identifier 0.0.0.0", open({ identifier: "00000000" }), "2/3"),
  answered("OpenSent", "an unknown optional parameter", open({ parameters: "f00100" }), "2/4"),
  answered("OpenSent", "Hold Time 1", open({ holdTimeSeconds: 1 }), "2/6"),
  answered("OpenSent", "Hold Time 2", open({ holdTimeSeconds: 2 }), "2/6"),
  {
    name: "OpenSent: our own identifier in our own AS is answered by 2/3",
    settings: { as: SUBJECT_AS },
    run: async (scene) => {
      const wire = await inOpenSent(scene);
      wire.send(open({ as: SUBJECT_AS, identifier: SUBJECT_IDENTIFIER }));
      await isTold(scene.t, wire, "2/3");
    },
  },
  {
    name: "OpenSent: our own identifier in another AS is accepted (RFC 6286)",
    run: async (scene) => {
      const wire = await inEstablished(scene, { identifier: SUBJECT_IDENTIFIER });
      await isLeftAlone(scene.t, wire, 300);
    },
  },
];

const ENDS: readonly Behaviour[] = (["OpenSent", "OpenConfirm", "Established"] as const).flatMap((state) => [
  ended(state, "a NOTIFICATION", (wire) => wire.send(notification(6, 4))),
  ended(state, "a version error", (wire) => wire.send(notification(2, 1, "0004"))),
  ended(state, "the end of TCP", (wire) => wire.close()),
]);

const TIMES: readonly Behaviour[] = [
  {
    name: "the Hold Time is the smaller one, KEEPALIVEs come at a third of it",
    settings: { holdTimeSeconds: 90 },
    run: async (scene) => {
      const { t } = scene;
      const wire = await inEstablished(scene, { holdTimeSeconds: 6 });
      const times: number[] = [];
      for (let round = 0; round < 4; round++) {
        const heard = await wire.next();
        t.match(heard.text, /^(KEEPALIVE|UPDATE)$/);
        if (heard.text === "KEEPALIVE") times.push(heard.at);
        wire.send(KEEPALIVE);
      }
      const pauses = times.slice(1).map((at, index) => at - times[index]);
      // RFC 4271 §10: jitter takes up to a quarter away.
      t.ok(
        pauses.every((ms) => ms > 1200 && ms < 2600),
        `pauses of ${pauses.map(Math.round).join(", ")} ms`,
      );
    },
  },
  {
    name: "Established: silence for the negotiated Hold Time ends in 4/0",
    run: async (scene) => {
      const wire = await inEstablished(scene, { holdTimeSeconds: 3 });
      const before = performance.now();
      await isTold(scene.t, wire, "4/0", undefined, 8000);
      const silence = performance.now() - before;
      scene.t.ok(silence > 2000 && silence < 6000, `${Math.round(silence)} ms`);
      await comesBack(scene);
    },
  },
  {
    name: "OpenConfirm: silence for the negotiated Hold Time ends in 4/0",
    run: async (scene) => {
      const wire = await inOpenConfirm(scene, { holdTimeSeconds: 3 });
      await isTold(scene.t, wire, "4/0", undefined, 8000);
    },
  },
  {
    name: "KEEPALIVEs of the peer keep the session",
    run: async (scene) => {
      const wire = await inEstablished(scene, { holdTimeSeconds: 3 });
      for (let second = 0; second < 5; second++) {
        await pause(1000);
        wire.send(KEEPALIVE);
      }
      await isLeftAlone(scene.t, wire, 500);
    },
  },
  {
    name: "UPDATEs of the peer keep the session too",
    run: async (scene) => {
      const wire = await inEstablished(scene, { holdTimeSeconds: 3 });
      for (let second = 0; second < 5; second++) {
        await pause(1000);
        wire.send(UPDATE);
      }
      await isLeftAlone(scene.t, wire, 500);
    },
  },
  {
    name: "Hold Time 0: no KEEPALIVEs and no expiry",
    run: async (scene) => {
      const { t } = scene;
      const wire = await inOpenConfirm(scene, { holdTimeSeconds: 0 });
      wire.send(KEEPALIVE);
      await inState(scene, "Established");
      const deadline = performance.now() + 4000;
      const heard: string[] = [];
      while (performance.now() < deadline) heard.push((await wire.next(1000)).text);
      t.notOk(heard.includes("KEEPALIVE"), heard.join());
      t.notOk(heard.some((text) => text.startsWith("NOTIFICATION") || text === "closed"));
    },
  },
];

const STARTS: readonly Behaviour[] = [
  {
    name: "the subject sends its OPEN as soon as TCP is up",
    run: async (scene) => {
      const { t, peer } = scene;
      const wire = await peer.connect();
      const heard = await wire.next();
      t.equal(heard.text, "OPEN");
      t.match(
        heard.body,
        new RegExp(`^04fde8005a${SUBJECT_IDENTIFIER}`),
        "version 4, AS 65000, Hold Time 90, identifier",
      );
      await inState(scene, "OpenSent");
      wire.close();
    },
  },
  {
    name: "OPEN and KEEPALIVE in one segment make a session",
    run: async (scene) => {
      const wire = await inOpenSent(scene);
      wire.send(open(), KEEPALIVE);
      await inState(scene, "Established");
      await isLeftAlone(scene.t, wire, 300);
    },
  },
  {
    name: "octet by octet makes a session too",
    run: async (scene) => {
      const wire = await inOpenSent(scene);
      for (const octet of `${open()}${KEEPALIVE}`.match(/../g) ?? []) {
        wire.send(octet);
        await pause(2);
      }
      await inState(scene, "Established");
      scene.t.pass("Established");
    },
  },
  {
    name: "a passive peer is never connected to",
    run: async ({ t, peer }) => {
      await peer.listen();
      await pause(6000);
      t.equal(peer.arrivals.length, 0);
    },
  },
  {
    name: "Established: ROUTE-REFRESH without the capability is survived",
    run: async (scene) => {
      const wire = await inEstablished(scene, { capabilities: [[1, "00010001"]] });
      wire.send(ROUTE_REFRESH);
      await isLeftAlone(scene.t, wire, 500);
    },
  },
  answered("Established", "an UPDATE whose lengths exceed it", message(2, "ffff0000"), "3/1"),
];

const ADMINISTRATION: readonly Behaviour[] = [
  {
    name: "Established: ManualStop sends 6/2 with its text and stays down until started again",
    run: async (scene) => {
      const { t, subject, peer } = scene;
      const wire = await inEstablished(scene);
      await subject.disable(peer.address, "upgrade");
      await isTold(t, wire, "6/2", "0775706772616465");
      await isRefused(t, peer);
      await pause(2500);
      await isRefused(t, peer);
      await subject.enable(peer.address);
      await comesBack(scene);
    },
  },
  {
    name: "OpenSent: ManualStop sends 6/2",
    run: async (scene) => {
      const wire = await inOpenSent(scene);
      await scene.subject.disable(scene.peer.address, "");
      await isTold(scene.t, wire, "6/2");
    },
  },
  {
    name: "OpenConfirm: ManualStop sends 6/2",
    run: async (scene) => {
      const wire = await inOpenConfirm(scene);
      await scene.subject.disable(scene.peer.address, "");
      await isTold(scene.t, wire, "6/2");
    },
  },
  {
    name: "Established: a reset sends 6/4, and the peer can come back",
    run: async (scene) => {
      const wire = await inEstablished(scene);
      await scene.subject.reset(scene.peer.address);
      await isTold(scene.t, wire, "6/4");
      await comesBack(scene);
    },
  },
  {
    name: "Established: a peer that is taken out of the configuration is told 6/3 and unknown from then on",
    notBird: "its `configure` starts again what another behaviour has stopped",
    run: async (scene) => {
      const wire = await inEstablished(scene);
      await scene.subject.remove(scene.peer.address);
      await isTold(scene.t, wire, "6/3");
      await isRefused(scene.t, scene.peer);
    },
  },
];

export const PASSIVE_BEHAVIOURS: readonly Behaviour[] = [
  ...STARTS,
  ...UNEXPECTED,
  ...HEADER_ERRORS,
  ...OPEN_ERRORS,
  ...ENDS,
  ...TIMES,
  ...ADMINISTRATION,
];
