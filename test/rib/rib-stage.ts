// A RIB with a few peers on it, for tests that look at one thing at a time.

import { FakeClock } from "../support/fake-clock.js";
import type { Clock } from "../../src/base/clock.js";
import { type GroupOptions, PLAIN_EXPORT } from "../../src/rib/export-rules.js";
import type { GroupMember } from "../../src/rib/group-member.js";
import { BATCH_LIMITS, type BatchLimits } from "../../src/rib/group-batches.js";
import { ACCEPT_ALL } from "../../src/policy/route.js";
import { Rib } from "../../src/rib/rib.js";
import { RELATION, type Relation, type Source, type SourceOptions } from "../../src/rib/sources.js";
import { Inbox } from "./inbox.js";
import { address } from "./updates.js";

export const LOCAL_AS = 65000;
export const IDENTITY = { routerId: 0x0a0000fe, clusterId: 0x0a0000fd };

export function sourceOptions(relation: Relation, changes: Partial<SourceOptions> = {}): SourceOptions {
  const isPeer = relation !== RELATION.local;
  const isEbgp = relation === RELATION.ebgp;
  return {
    kind: isPeer ? "bgp" : "static",
    name: "",
    relation,
    localAs: LOCAL_AS,
    peer: isPeer ? { address: "", name: "", group: "", as: isEbgp ? 65010 : LOCAL_AS, isEbgp } : undefined,
    address: undefined,
    ...changes,
  };
}

export function groupOptions(changes: Partial<GroupOptions> = {}): GroupOptions {
  const family = changes.family ?? 0;
  return {
    ...PLAIN_EXPORT,
    globalAs: LOCAL_AS,
    family,
    relation: RELATION.ibgpClient,
    localAs: LOCAL_AS,
    fourOctetAs: true,
    maxMessageLength: 4096,
    nextHop: "default",
    selfNextHop: address(family === 1 || changes.extendedNextHop === true ? "2001:db8::fe" : "10.0.0.254"),
    extendedNextHop: false,
    exportFilter: ACCEPT_ALL,
    sentTo: undefined,
    ...changes,
  };
}

export interface Joined {
  readonly source: Source;
  readonly inbox: Inbox;
  readonly member: GroupMember;
}

export class RibStage {
  readonly rib: Rib;
  readonly clock: FakeClock;
  readonly #inboxes: Inbox[] = [];

  constructor(limits: Partial<BatchLimits> = {}, clock: Clock | undefined = undefined) {
    this.clock = new FakeClock();
    this.rib = new Rib(clock ?? this.clock, IDENTITY, 64, { ...BATCH_LIMITS, ...limits });
  }

  /** A source whose BGP Identifier and address end in `last`. */
  source(relation: Relation, last: number, changes: Partial<SourceOptions> = {}): Source {
    const options = sourceOptions(relation, { address: address(`10.0.0.${last}`), name: `peer ${last}`, ...changes });
    const source = this.rib.addSource(options);
    this.rib.sources.describe(source, options, 0x0a000000 | last);
    return source;
  }

  /** A peer that is up and a member of the group with these options. */
  join(last: number, changes: Partial<GroupOptions> = {}): Joined {
    const options = groupOptions(changes);
    const source = this.source(options.relation, last);
    this.rib.nextHops.setPeer(address(`10.0.0.${last}`), source.id);
    const inbox = new Inbox({ ...options, hasPathIds: options.addPathSend !== 0 });
    this.#inboxes.push(inbox);
    return { source, inbox, member: this.rib.join(source, inbox, options, true) };
  }

  /** Everything under way happens, sockets are read. */
  settle(): void {
    do {
      this.rib.requestFlush();
      this.clock.settle();
    } while (this.#inboxes.map((inbox) => inbox.drain()).includes(true));
  }
}
