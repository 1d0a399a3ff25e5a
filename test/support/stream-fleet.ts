// Recording clients of the same reflectors, and what must hold for them at every moment: a prefix that another client
// announces is there, by at least one session, from the moment it first was until its announcer withdraws it. Looked at
// after every single message and every end of a session.

import type { Clock } from "../../src/base/clock.js";
import type { StreamClient, StreamSession } from "./stream-client.js";
import type { StreamPath, StreamUpdate } from "./stream-message.js";

interface Truth {
  readonly owner: StreamClient;
  /** Number of the announcement with which the prefix came to life; kept when the route is replaced. */
  readonly born: number;
  readonly bornAt: number;
  /** Number of the newest announcement; goes with the route as a community. */
  version: number;
}

export interface FleetRules {
  /** CLUSTER_ID of each reflector, by the name of the session. */
  readonly clusters: ReadonlyMap<string, string>;
  /** A client may hear its own routes by way of the other reflector: RFC 4456 §8 lets the client drop them. */
  readonly mayHearItself: boolean;
}

export class StreamFleet {
  readonly clients: StreamClient[] = [];
  /** What must not be, in words. */
  readonly faults: string[] = [];
  readonly #clock: Clock;
  readonly #rules: FleetRules;
  readonly #truth = new Map<string, Truth>();
  /** By client: prefix → `born` of the announcement that the client has seen. */
  readonly #seen = new Map<StreamClient, Map<string, number>>();
  /** Prefixes that only one reflector may have heard of: the name of that one, which is not relied on for them. */
  readonly #unsure = new Map<string, string>();
  /** The reflector that is about to die, or has died, until everybody has everything again. */
  #mortal: string | undefined;
  #announcements = 0;
  /** Messages and session ends after which everything was looked at. */
  looks = 0;

  constructor(clock: Clock, rules: FleetRules) {
    this.#clock = clock;
    this.#rules = rules;
  }

  add(client: StreamClient): void {
    this.clients.push(client);
    this.#seen.set(client, new Map());
    client.onChange = (session, update) => this.#look(session, update);
  }

  get sessions(): readonly StreamSession[] {
    return this.clients.flatMap(({ sessions }) => sessions);
  }

  announce(owner: StreamClient, prefixes: readonly string[]): void {
    const version = ++this.#announcements;
    for (const prefix of prefixes) {
      const known = this.#truth.get(prefix);
      if (known !== undefined) known.version = version;
      else {
        this.#truth.set(prefix, { owner, born: version, bornAt: this.#clock.now(), version });
        if (this.#mortal !== undefined) this.#unsure.set(prefix, this.#mortal);
      }
    }
    owner.announce(prefixes, { communities: [version] });
  }

  withdraw(owner: StreamClient, prefixes: readonly string[]): void {
    const known = prefixes.filter((prefix) => this.#truth.get(prefix)?.owner === owner);
    if (known.length === 0) return;
    for (const prefix of known) {
      this.#truth.delete(prefix);
      this.#unsure.delete(prefix);
    }
    owner.withdraw(known);
  }

  /** Sessions with the reflector are about to end: what was born since `bornSince`, or is from now on, may not have reached
   *  the other one yet, and counts when it is seen by way of that. */
  excuse(bornSince: number, reflector: string): void {
    this.#mortal = reflector;
    for (const [prefix, { bornAt }] of this.#truth) {
      if (bornAt < bornSince) continue;
      this.#unsure.set(prefix, reflector);
      for (const seen of this.#seen.values()) seen.delete(prefix);
    }
  }

  /** Everybody has everything: nothing is excused any longer. */
  relyOnAll(): void {
    this.#unsure.clear();
    this.#mortal = undefined;
  }

  /** What keeps the clients from having everything, and nothing else, by every session; undefined: nothing. */
  whyNotExact(): string | undefined {
    for (const session of this.sessions) {
      if (!session.isSynchronised) return `${session.label}: not synchronised`;
      const differs = this.#difference(session);
      if (differs !== undefined) return `${session.label}: ${differs}`;
    }
    return undefined;
  }

  resetCounts(): void {
    for (const session of this.sessions) session.resetCounts();
  }

  #difference(session: StreamSession): string | undefined {
    const cluster = this.#rules.clusters.get(session.name);
    let expected = 0;
    for (const [prefix, { owner, version }] of this.#truth) {
      if (owner === session.client) continue;
      expected++;
      const told = session.told.get(prefix);
      if (told === undefined) return `${prefix} is missing`;
      const { path, isStale } = told;
      if (isStale) return `${prefix} is stale`;
      if (path.communities[0] !== version) return `${prefix} is version ${path.communities[0]}, not ${version}`;
      const says = `${path.originatorId} [${path.clusterList.join(" ")}] ${path.localPref}`;
      const should = `${owner.options.identifier} [${cluster}] 100`;
      if (says !== should) return `${prefix} is ${says}, not ${should}`;
      const nextHop = prefix.includes(":") ? owner.options.nextHop6 : owner.options.identifier;
      if (path.nextHop !== nextHop) return `${prefix} goes by ${path.nextHop}, not ${nextHop}`;
    }
    if (session.told.size === expected) return undefined;
    const extra = [...session.told.keys()].filter(
      (prefix) => (this.#truth.get(prefix)?.owner ?? session.client) === session.client,
    );
    return `${extra.join(", ")} should not be there`;
  }

  #look(session: StreamSession, update: StreamUpdate | undefined): void {
    this.looks++;
    const { client } = session;
    if (update !== undefined && update.announced.length > 0) this.#lookForLoops(session, update);
    const seen = this.#seen.get(client) ?? new Map<string, number>();
    for (const [prefix, { owner, born, bornAt }] of this.#truth) {
      if (owner === client) continue;
      let isThere = false;
      for (const { told, name } of client.sessions) {
        const path = told.get(prefix)?.path;
        if (path === undefined) continue;
        isThere = true;
        if (path.communities[0] >= born && !this.#isUnsure(prefix, name, path)) seen.set(prefix, born);
      }
      if (!isThere && seen.get(prefix) === born) {
        seen.delete(prefix);
        const age = `${Math.round(this.#clock.now() - bornAt)} ms old`;
        this.faults.push(`${client.options.name} lost ${prefix} (${age}) by ${session.name}`);
      }
    }
  }

  /** The path may go away with the reflector that is not relied on: it is that one's, or came through it. */
  #isUnsure(prefix: string, session: string, { clusterList }: StreamPath): boolean {
    const reflector = this.#unsure.get(prefix);
    return reflector !== undefined && (reflector === session || clusterList.length > 1);
  }

  #lookForLoops(session: StreamSession, { announced, path }: StreamUpdate): void {
    const { client } = session;
    const { clusterList, originatorId } = path;
    const fault = (what: string): void => void this.faults.push(`${session.label}: ${announced.join(", ")}: ${what}`);
    if (new Set(clusterList).size !== clusterList.length) fault(`CLUSTER_LIST ${clusterList.join(" ")}`);
    if (clusterList[0] !== this.#rules.clusters.get(session.name)) fault(`CLUSTER_LIST begins with ${clusterList[0]}`);
    if (originatorId !== client.options.identifier) return;
    // Split horizon: the reflector itself never gives back; by way of another cluster it may come.
    if (!this.#rules.mayHearItself || clusterList.length < 2) fault("its own route came back");
  }
}
