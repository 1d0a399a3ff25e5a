// A peer that says what the test wants: a real session without a speaker behind it, on the network of a World.

import { SILENT_LOG } from "../../src/base/log.js";
import type { Family } from "../../src/base/family.js";
import type { Capabilities } from "../../src/packet/capabilities.js";
import { PeerSession } from "../../src/session/peer-session.js";
import type { DownReason, SessionHandler } from "../../src/session/ports.js";
import { formatPrefix } from "../../src/base/ip.js";
import { MESSAGE } from "../../src/packet/codes.js";
import { decodeBody, encodeMessage } from "../../src/packet/message.js";
import { decodeUpdate, UpdateView } from "../../src/packet/update.js";
import { endOfRibMessage } from "../../src/rib/end-of-rib.js";
import { optionsFor } from "../session/session-pair.js";
import { attributesOf, PLAIN_SESSION, prefix, updateMessage } from "../rib/updates.js";
import { address } from "../support/memory-network.js";
import type { World } from "./world.js";

const CONTEXT = { ...PLAIN_SESSION, extendedMessage: false };

export class ScriptedPeer implements SessionHandler {
  readonly session: PeerSession;
  /** ROUTE-REFRESH messages heard: `family/subtype`; UPDATEs as `update`. */
  readonly heard: string[] = [];
  readonly downs: DownReason[] = [];
  /** Every prefix ever announced, and each withdrawal. */
  readonly told = new Set<string>();
  readonly withdrawn: string[] = [];
  /** Families, in the order in which their End-of-RIB came. */
  readonly endOfRibs: Family[] = [];
  readonly #view = new UpdateView();

  /** Connects from `own` to `remote`, an internal peer of AS 64512. */
  constructor(
    world: World,
    own: string,
    remote: string,
    gracefulRestart: () => Capabilities["gracefulRestart"] = () => undefined,
  ) {
    const host = world.network.host(own);
    const options = {
      ...optionsFor(own, remote),
      localAs: 64512,
      peerAsNumbers: [64512],
      routerId: 0x0a000063,
      localAddress: address(own),
      connectRetrySeconds: 1,
      gracefulRestart,
    };
    this.session = new PeerSession(options, {
      clock: world.clock,
      transport: host,
      log: SILENT_LOG,
      handler: this,
      random: () => 0.5,
    });
    this.session.start();
  }

  announce(prefixes: readonly string[], changes: Parameters<typeof attributesOf>[0] = {}): void {
    const announced = prefixes.map((text) => ({ prefix: prefix(text) }));
    const attributes = attributesOf({ localPref: 100, ...changes });
    this.session.write(encodeMessage(updateMessage({ announced, attributes }), CONTEXT));
  }

  withdraw(prefixes: readonly string[]): void {
    const withdrawn = prefixes.map((text) => ({ prefix: prefix(text) }));
    this.session.write(encodeMessage(updateMessage({ withdrawn }), CONTEXT));
  }

  endOfRib(family: Family): void {
    this.session.write(endOfRibMessage(family));
  }

  marker(family: Family, subtype: number): void {
    this.session.sendRouteRefresh(family, subtype);
  }

  established(): void {
    this.heard.push("established");
  }

  update(bytes: Uint8Array, start: number, end: number): void {
    this.heard.push("update");
    const message = decodeBody(MESSAGE.UPDATE, bytes, start, end, PLAIN_SESSION);
    if (message.type !== "UPDATE") return;
    const { withdrawn, nlri, mpReach, mpUnreach } = message;
    for (const entry of [...withdrawn, ...(mpUnreach?.prefixes ?? [])]) this.withdrawn.push(formatPrefix(entry.prefix));
    for (const entry of [...nlri, ...(mpReach?.prefixes ?? [])]) this.told.add(formatPrefix(entry.prefix));
    decodeUpdate(bytes, start, end, PLAIN_SESSION, this.#view);
    if (this.#view.endOfRib !== -1) this.endOfRibs.push(this.#view.endOfRib);
  }

  refresh(family: Family, subtype: number): void {
    this.heard.push(`${family}/${subtype}`);
  }

  turnEnded(): void {}

  writable(): void {}

  down(reason: DownReason): void {
    this.downs.push(reason);
  }

  stateChanged(): void {}
}
