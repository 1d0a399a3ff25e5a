// A reflector with peers of many export policies, and what each of them must be told, worked out anew from what was
// announced: ten policies written twice, as YAML and as a function on a route.

import { StreamClient, type StreamSession } from "../support/stream-client.js";
import type { StreamPath } from "../support/stream-message.js";
import { memoryDial } from "./reflector-pair.js";
import { type Node, World } from "./world.js";
import { address } from "../support/memory-network.js";
import { prefix } from "../rib/updates.js";

const HUB = "10.0.0.1";
const HUB6 = "2001:db8::1";
const OUR_AS = 64512;
const TAG = OUR_AS * 65536;
/** Community that some routes have and policies ask for. */
export const MARKED = TAG + 666;

type Draft = { -readonly [Key in keyof StreamPath]: StreamPath[Key] };

interface ExportPolicy {
  readonly yaml: string;
  /** Changes the route; false: rejected. */
  readonly run: (route: Draft, prefix: string) => boolean;
}

/** Their order makes ten groups: those of external peers are named below. */
export const POLICIES: readonly ExportPolicy[] = [
  { yaml: "[{action: accept}]", run: () => true },
  {
    yaml: "[{match: {prefix: [10.244.0.0/17 le 32, '2001:db8:8000::/33 le 128']}, action: reject}, {action: accept}]",
    run: (_route, text) => !/^(10\.244\.(\d|\d\d|1[01]\d|12[0-7])\.|2001:db8:[89a-f])/.test(text),
  },
  {
    yaml: "[{set: {localPref: 200}, action: accept}]",
    run: (route) => {
      route.localPref = 200;
      return true;
    },
  },
  {
    yaml: "[{set: {communities: {add: '64512:3'}}, action: accept}]",
    run: (route) => {
      route.communities = [...route.communities, TAG + 3];
      return true;
    },
  },
  {
    yaml: "[{set: {med: 44}, action: accept}]",
    run: (route) => {
      route.med = 44;
      return true;
    },
  },
  {
    yaml: "[{set: {prepend: 2}, action: accept}]",
    run: (route) => {
      route.asPath = [OUR_AS, OUR_AS, ...route.asPath];
      return true;
    },
  },
  {
    yaml: "[{match: {community: '64512:666'}, action: reject}, {action: accept}]",
    run: (route) => !route.communities.includes(MARKED),
  },
  {
    yaml: "[{set: {communities: {delete: '64512:*'}}, action: accept}]",
    run: (route) => {
      route.communities = [];
      return true;
    },
  },
  {
    yaml: "[{set: {prepend: {as: 64999, times: 3}, communities: {add: '64512:8'}}, action: accept}]",
    run: (route) => {
      route.asPath = [64999, 64999, 64999, ...route.asPath];
      route.communities = [...route.communities, TAG + 8];
      return true;
    },
  },
  {
    yaml: "[{match: {community: '64512:666'}, set: {med: 9}, action: accept}, {action: accept}]",
    run: (route) => {
      if (route.communities.includes(MARKED)) route.med = 9;
      return true;
    },
  },
];

export interface MemberSpec {
  readonly index: number;
  readonly isExternal: boolean;
  readonly takesPaths: boolean;
  policy: number;
  nextHop: "default" | "self";
}

export interface Announced {
  readonly communities: readonly number[];
  readonly localPref: number;
  readonly med: number | undefined;
}

const isOfIpv6 = (text: string): boolean => text.includes(":");

/** One member: its peer at the hub, and the client that plays it. */
export class Member {
  readonly spec: MemberSpec;
  readonly client: StreamClient;
  readonly address: string;
  readonly as: number;
  readonly announced = new Map<string, Announced>();
  isUp = false;
  isSlow = false;
  readonly #session: StreamSession;

  constructor(world: World, spec: MemberSpec) {
    this.spec = spec;
    this.address = `10.0.${1 + (spec.index >> 8)}.${spec.index & 255}`;
    // An AS for each external peer: they share groups all the same.
    this.as = spec.isExternal ? 65001 + spec.index : OUR_AS;
    const { takesPaths } = spec;
    const options = {
      name: this.address,
      as: this.as,
      identifier: this.address,
      nextHop6: `2001:db8:1::${spec.index + 1}`,
      takesPaths,
    };
    this.client = new StreamClient(options, world.clock);
    this.#session = this.client.connect(HUB, memoryDial(world, this.address, HUB));
    this.#session.stop();
  }

  get session(): StreamSession {
    return this.#session;
  }

  up(): void {
    if (this.isUp) return;
    this.isUp = true;
    this.isSlow = false;
    this.#session.start();
  }

  down(): void {
    this.isUp = this.isSlow = false;
    this.#session.stop();
  }

  slow(isSlow: boolean): void {
    this.isSlow = isSlow;
    this.#session.pause(isSlow);
  }

  announce(prefixes: readonly string[], route: Announced): void {
    for (const text of prefixes) this.announced.set(text, route);
    const asPath = this.spec.isExternal ? [this.as] : [];
    const { communities, localPref, med } = route;
    this.client.announce(prefixes, { asPath, communities, localPref, ...(med === undefined ? {} : { med }) });
  }

  withdraw(prefixes: readonly string[]): void {
    const known = prefixes.filter((text) => this.announced.delete(text));
    if (known.length > 0) this.client.withdraw(known);
  }

  get yaml(): string {
    const { isExternal, takesPaths, policy, nextHop } = this.spec;
    const options = [
      `address: ${this.address}`,
      `as: ${this.as}`,
      "families: [ipv4, ipv6]",
      "passive: true",
      "importPolicy: accept",
      `exportPolicy: p${policy}`,
      `nextHop: ${nextHop}`,
      ...(isExternal ? [] : ["routeReflectorClient: true"]),
      ...(takesPaths ? ["addPathSend: all"] : []),
    ];
    return `  - {${options.join(", ")}}`;
  }
}

/** Text by which routes are compared. */
export function pathText(path: StreamPath): string {
  return JSON.stringify([
    path.nextHop,
    path.asPath,
    path.med ?? null,
    path.localPref ?? null,
    [...path.communities].sort((a, b) => a - b),
    path.originatorId ?? null,
    path.clusterList,
  ]);
}

export class ManyGroups {
  readonly world = new World();
  readonly members: readonly Member[];
  #node: Node | undefined;

  private constructor(specs: readonly MemberSpec[]) {
    this.members = specs.map((spec) => new Member(this.world, spec));
  }

  static async open(specs: readonly MemberSpec[]): Promise<ManyGroups> {
    const stage = new ManyGroups(specs);
    stage.#node = await stage.world.start(HUB, `as: ${OUR_AS}\nkernel: {exportPolicy: reject}`);
    stage.#node.kernel.setAddresses([
      { device: "eth0", address: address(HUB), prefix: prefix("10.0.0.0/16") },
      { device: "eth0", address: address(HUB6), prefix: prefix("2001:db8::/64") },
    ]);
    await stage.reload();
    return stage;
  }

  get node(): Node {
    if (this.#node === undefined) throw new Error("not open");
    return this.#node;
  }

  /** Groups there must be, of both families: one for each way of telling that somebody who is up needs. */
  get groupsNeeded(): number {
    const ways = this.members
      .filter(({ isUp }) => isUp)
      .map(
        ({ spec: { isExternal, takesPaths, policy, nextHop } }) => `${isExternal} ${takesPaths} ${policy} ${nextHop}`,
      );
    return 2 * new Set(ways).size;
  }

  /** Members get the policies and next hops that their specs say now. */
  async reload(): Promise<void> {
    await this.node.apply(this.#yaml());
  }

  /** Slow members read again, and everything under way arrives. */
  settle(): void {
    for (const member of this.members) if (member.isUp && member.isSlow) member.slow(false);
    this.world.run(20_000);
  }

  /** Where what the member was told differs from what it must be told; undefined: nowhere. */
  difference(member: Member): string | undefined {
    if (!member.session.isEstablished) return `${member.address} is not established`;
    const expected = this.#expected(member);
    const told = new Map<string, string[]>();
    for (const [key, { path }] of member.session.told) {
      const text = key.split(" ")[0];
      told.set(text, [...(told.get(text) ?? []), pathText(path)].sort());
    }
    for (const text of new Set([...expected.keys(), ...told.keys()])) {
      const [is, should] = [told.get(text) ?? [], (expected.get(text) ?? []).sort()];
      if (is.join("\n") !== should.join("\n")) {
        return `${member.address} p${member.spec.policy}: ${text} is\n${is.join("\n")}\nnot\n${should.join("\n")}`;
      }
    }
    return undefined;
  }

  #expected(member: Member): Map<string, string[]> {
    const expected = new Map<string, string[]>();
    for (const [text, owners] of this.#announcers()) {
      const told = member.spec.takesPaths ? owners : [bestOf(owners, text)];
      const paths = told.filter((owner) => owner !== member).flatMap((owner) => this.#told(member, owner, text) ?? []);
      if (paths.length > 0) expected.set(text, paths);
    }
    return expected;
  }

  #announcers(): ReadonlyMap<string, readonly Member[]> {
    const all = new Map<string, Member[]>();
    for (const member of this.members) {
      if (!member.isUp) continue;
      for (const text of member.announced.keys()) all.set(text, [...(all.get(text) ?? []), member]);
    }
    return all;
  }

  #told({ spec }: Member, owner: Member, text: string): string | undefined {
    const announced = owner.announced.get(text);
    if (announced === undefined) return undefined;
    const route: Draft = {
      nextHop: isOfIpv6(text) ? owner.client.options.nextHop6 : owner.address,
      asPath: owner.spec.isExternal ? [owner.as] : [],
      med: announced.med,
      // What an external peer says of LOCAL_PREF does not count.
      localPref: owner.spec.isExternal ? 100 : announced.localPref,
      communities: announced.communities,
      originatorId: undefined,
      clusterList: [],
    };
    // RFC 4271 §5.1.4: the MED that came is not passed on to another AS; what the policy sets is.
    if (spec.isExternal) route.med = undefined;
    if (!POLICIES[spec.policy].run(route, text)) return undefined;
    if (spec.isExternal || spec.nextHop === "self") route.nextHop = isOfIpv6(text) ? HUB6 : HUB;
    if (spec.isExternal) {
      route.asPath = [OUR_AS, ...route.asPath];
      route.localPref = undefined;
    } else if (!owner.spec.isExternal) {
      route.originatorId = owner.address;
      route.clusterList = [HUB];
    }
    return pathText(route);
  }

  #yaml(): string {
    const policies = POLICIES.map(({ yaml }, i) => `  p${i}: ${yaml}`);
    return `
as: ${OUR_AS}
gracefulRestart: {enabled: false}
kernel: {exportPolicy: reject}
policies:
${policies.join("\n")}
peers:
${this.members.map(({ yaml }) => yaml).join("\n")}`;
  }
}

/** By LOCAL_PREF, then external before internal, then the lowest address. */
function bestOf(owners: readonly Member[], text: string): Member {
  const rank = (member: Member): readonly number[] => [
    member.spec.isExternal ? 100 : (member.announced.get(text)?.localPref ?? 0),
    // An external path is longer by one AS.
    member.spec.isExternal ? 0 : 1,
    -member.spec.index,
  ];
  return owners.reduce((best, member) => (isBefore(rank(member), rank(best)) ? member : best));
}

function isBefore(a: readonly number[], b: readonly number[]): boolean {
  const at = a.findIndex((value, i) => value !== b[i]);
  return at >= 0 && a[at] > b[at];
}
