// What one behaviour of the state machine is, as a row of a table, and the steps that most of them begin with.

import type { Test } from "tap";
import { eventually } from "../../support/eventually.js";
import type { PeerSettings, Subject } from "./subject.js";
import { KEEPALIVE, open, type OpenFields, type ScriptedPeer, type Wire } from "./wire.js";

export interface Scene {
  readonly t: Test;
  readonly subject: Subject;
  readonly peer: ScriptedPeer;
}

export interface Behaviour {
  readonly name: string;
  /** How the subject treats the peer. */
  readonly settings?: Partial<Omit<PeerSettings, "address">>;
  /** Why it is not asked of BIRD 2, or what BIRD 2 does instead. */
  readonly notBird?: string;
  readonly run: (scene: Scene) => Promise<void>;
}

/** Resolves when the subject's state for the peer is `state`. */
export function inState({ subject, peer }: Scene, state: string, timeoutMs = 8000): Promise<true> {
  return eventually(
    `${peer.address} ${state}`,
    async () => {
      const now = await subject.state(peer.address);
      if (now !== state) throw new Error(now);
      return true as const;
    },
    timeoutMs,
  );
}

/** Connected, the subject's OPEN read: it is in OpenSent. Comes again while the subject refuses. */
export async function inOpenSent({ peer }: Scene): Promise<Wire> {
  return eventually("the subject's OPEN", async () => {
    const wire = await peer.connect();
    const heard = await wire.next(2000);
    if (heard.text === "OPEN") return wire;
    wire.destroy();
    throw new Error(`it said ${heard.text}`);
  });
}

/** OPENs exchanged, the subject's KEEPALIVE read: it is in OpenConfirm. */
export async function inOpenConfirm(scene: Scene, fields: OpenFields = {}): Promise<Wire> {
  const wire = await inOpenSent(scene);
  return confirm(scene, wire, fields);
}

/** The same on a connection whose OPEN was read. */
export async function confirm({ t }: Scene, wire: Wire, fields: OpenFields = {}): Promise<Wire> {
  wire.send(open(fields));
  t.equal((await wire.next()).text, "KEEPALIVE", "a KEEPALIVE answers the OPEN");
  return wire;
}

export async function inEstablished(scene: Scene, fields: OpenFields = {}): Promise<Wire> {
  const wire = await inOpenConfirm(scene, fields);
  wire.send(KEEPALIVE);
  await inState(scene, "Established");
  return wire;
}

/** The subject sends this NOTIFICATION and closes. */
export async function isTold(t: Test, wire: Wire, code: string, data?: string, timeoutMs = 5000): Promise<void> {
  const heard = await wire.nextEvent(timeoutMs);
  t.equal(heard.text, `NOTIFICATION ${code}`);
  if (data !== undefined) t.equal(heard.body, data, "data");
  await isClosed(t, wire);
}

/** The subject closes and says nothing more. */
export async function isClosed(t: Test, wire: Wire): Promise<void> {
  t.match((await wire.nextEvent()).text, /^(closed|reset)$/, "the connection is closed");
}

/** Nothing but KEEPALIVEs and UPDATEs comes for so long. */
export async function isLeftAlone(t: Test, wire: Wire, forMs: number): Promise<void> {
  t.equal((await wire.nextEvent(forMs)).text, "nothing", "the session stays");
}

/** A refused connection: closed, with or without Cease/Connection Rejected (RFC 4486), and no OPEN. */
export async function isRefused(t: Test, peer: ScriptedPeer): Promise<void> {
  const wire = await peer.connect();
  const heard = await wire.next();
  t.match(heard.text, /^(closed|reset|NOTIFICATION 6\/5)$/, "no OPEN");
  wire.destroy();
}
