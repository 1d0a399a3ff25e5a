// What goes over the wire: from the same configuration, with the same scripted peers, our daemon says what BIRD 1.6 says, octet
// by octet, up to
//  * the order of UPDATEs, how prefixes are spread over them, and the numbers of ADD-PATH;
//  * the place of MP_REACH_NLRI: first here (RFC 7606 §5.1), last there;
//  * AS_SEQUENCEs that touch after AS4_PATH was put in: one here, two there (RFC 6793 §4.2.3 leaves it open);
//  * withdrawals of what the peer never had, which BIRD sends when it is asked for its table.

import t, { type Test } from "tap";
import { fromHex, toHex } from "../../../src/base/bytes.js";
import { CalicoNode, type DaemonMaker } from "../../support/calico-node.js";
import type { PeerText } from "../../support/calico-text.js";
import { eventually } from "../../support/eventually.js";
import { Lan } from "../../support/lan.js";
import { BIRD1_PROGRAMS } from "../../support/peers/bird1.js";
import { needs } from "../../support/requirements.js";
import { NOTIFICATION, OPEN, ROUTE_REFRESH, UPDATE, WireHost, type WireSession } from "../../support/wire-host.js";
import * as wire from "../../vectors/wire.js";

t.setTimeout(120_000);

const OUR_AS = 64512;
const MAKERS: readonly DaemonMaker[] = ["ours", "BIRD 1.6"];
/** Long enough for what is on its way when everything looks the same. */
const CALM_MS = 1000;

/** A scripted peer: the daemon's protocol for it, and the capabilities of its OPEN besides the usual ones. */
interface Player {
  readonly name: string;
  readonly number: number;
  readonly as: number;
  readonly addPath?: boolean;
  /** No capability but multiprotocol. */
  readonly isOld?: boolean;
  readonly more?: readonly string[];
  readonly isInternal?: boolean;
}

const PLAYERS: readonly Player[] = [
  { name: "Mesh_plain", number: 0x11, as: OUR_AS, isInternal: true },
  { name: "Mesh_paths", number: 0x12, as: OUR_AS, isInternal: true, addPath: true },
  { name: "Node_client", number: 0x13, as: OUR_AS, isInternal: true, more: ["rr client;", "rr cluster id 10.9.9.9;"] },
  { name: "Node_rack", number: 0x14, as: 65001, addPath: true, more: ["graceful restart time 45;"] },
  { name: "Node_old", number: 0x15, as: 65002, isOld: true },
  { name: "Node_keep", number: 0x16, as: 4200000003, more: ["next hop keep;"] },
  { name: "Node_local", number: 0x17, as: 65004, more: ["local as 4200000100;", "allow local as 1;"] },
  { name: "Node_self", number: 0x18, as: OUR_AS, isInternal: true, more: ["next hop self;", "graceful restart off;"] },
  {
    name: "Node_hops",
    number: 0x19,
    as: 65005,
    more: ["add paths off;", "keepalive time 7;", "graceful restart aware;"],
  },
];

class Side {
  readonly node: CalicoNode;
  readonly host: WireHost;
  readonly #ipVersion: 4 | 6;
  readonly sessions = new Map<string, WireSession>();
  /** Messages that earlier looks have taken, by session. */
  readonly #taken = new Map<string, number>();
  /** What the peers have been told, so that withdrawals of anything else do not count. */
  readonly #told = new Map<string, Set<string>>();

  private constructor(node: CalicoNode, host: WireHost, ipVersion: 4 | 6) {
    this.node = node;
    this.host = host;
    this.#ipVersion = ipVersion;
  }

  static async open(t: Test, maker: DaemonMaker, ipVersion: 4 | 6): Promise<Side> {
    const lan = await Lan.open(["node", "peers"]);
    t.teardown(() => lan.close());
    const [own, others] = lan.hosts;
    const bits = ipVersion === 4 ? 24 : 64;
    for (const { number } of PLAYERS) {
      await others.namespace.exec(`ip address add ${address(number, ipVersion)}/${bits} dev eth0 nodad`);
    }
    // An elevated workload: a route of another program inside our block, with a better metric.
    const workload = ipVersion === 4 ? "192.0.2.7/32" : "2001:db8:2::7/128";
    await own.namespace.exec(
      `ip link add cali1 type veth peer name pod1; ip link set cali1 up; ip link set pod1 up; ip route add ${workload} dev cali1 metric 512`,
    );
    const texts = PLAYERS.map((player) => peerOf(player, ipVersion));
    const node = await CalicoNode.withPeers(own.namespace, maker, texts, ipVersion);
    t.teardown(() => node.remove());
    return new Side(node, new WireHost(others.namespace), ipVersion);
  }

  async establish(): Promise<void> {
    const remote = address(1, this.#ipVersion);
    await Promise.all(
      PLAYERS.map(async (player) => {
        const dialling = {
          local: address(player.number, this.#ipVersion),
          remote,
          open: openOf(player, this.#ipVersion),
        };
        this.sessions.set(player.name, await this.host.establish(dialling));
      }),
    );
  }

  send(name: string, ...messages: readonly string[]): void {
    this.sessions.get(name)?.send(...messages);
  }

  /** What came since the last `take`, in a form that two daemons share: by peer, one line for each prefix, sorted.
   *  KEEPALIVEs are left out. */
  heard(): Readonly<Record<string, readonly string[]>> {
    return Object.fromEntries(PLAYERS.map((player) => [player.name, this.#heardBy(player)]));
  }

  #heardBy(player: Player): readonly string[] {
    const { name } = player;
    const messages = this.sessions.get(name)?.messages.slice(this.#taken.get(name) ?? 0) ?? [];
    const told = this.#told.get(name);
    return messages
      .filter(({ type }) => [OPEN, UPDATE, NOTIFICATION, ROUTE_REFRESH].includes(type))
      .flatMap(({ type, body }) => (type === UPDATE ? linesOf(body, player) : [`${type} ${body}`]))
      .filter((line) => !line.startsWith("-") || told?.has(line.slice(1)) === true)
      .sort();
  }

  take(): void {
    for (const [name, lines] of Object.entries(this.heard())) {
      const told = this.#told.get(name) ?? new Set();
      for (const line of lines) if (line.startsWith("+")) told.add(line.slice(1, line.indexOf(" ")));
      this.#told.set(name, told);
      this.#taken.set(name, this.sessions.get(name)?.messages.length ?? 0);
    }
  }
}

function address(number: number, ipVersion: 4 | 6): string {
  return ipVersion === 4 ? `10.0.0.${number}` : `fd00::${number.toString(16)}`;
}

function addressHex(number: number, ipVersion: 4 | 6): string {
  return ipVersion === 4 ? `0a0000${wire.hex8(number)}` : `fd00${"00".repeat(13)}${wire.hex8(number)}`;
}

function peerOf({ name, number, as, isInternal, more = [] }: Player, ipVersion: 4 | 6): PeerText {
  const source = address(1, ipVersion);
  const options = ["passive on;", ...more];
  return {
    name,
    address: address(number, ipVersion),
    as,
    source,
    more: options,
    ...(isInternal === true ? { isInternal } : {}),
  };
}

function openOf({ number, as, addPath = false, isOld = false }: Player, ipVersion: 4 | 6): string {
  const afi = ipVersion === 4 ? "0001" : "0002";
  const multiprotocol = wire.capability(1, `${afi}0001`);
  const list = isOld
    ? [multiprotocol]
    : [
        multiprotocol,
        wire.ROUTE_REFRESH,
        wire.capability(64, `0078${afi}0180`),
        wire.fourOctetAs(as),
        ...(addPath ? [wire.capability(69, `${afi}0103`)] : []),
        wire.ENHANCED_REFRESH,
      ];
  const short = as > 0xffff ? 23456 : as;
  const id = addressHex(number, 4);
  return wire.open({ as: short, holdTime: 240, id, parameters: wire.capabilities(...list) });
}

/** An UPDATE as lines `+PREFIX ATTRIBUTES`, `-PREFIX`, or `end MESSAGE` where it has no prefixes. */
function linesOf(body: string, { addPath: hasPathIds = false, isOld = false }: Player): readonly string[] {
  const octets = fromHex(body);
  const u16 = (at: number): number => (octets[at] << 8) | octets[at + 1];
  const prefixes = (at: number, end: number): readonly string[] => {
    const list: string[] = [];
    while (at < end) {
      if (hasPathIds) at += 4;
      const next = at + 1 + ((octets[at] + 7) >> 3);
      list.push(toHex(octets.subarray(at, next)));
      at = next;
    }
    return list;
  };
  const withdrawnEnd = 2 + u16(0);
  const attributesEnd = withdrawnEnd + 2 + u16(withdrawnEnd);
  const withdrawn = [...prefixes(2, withdrawnEnd)];
  const announced = [...prefixes(attributesEnd, octets.length)];
  const attributes: string[] = [];
  for (let at = withdrawnEnd + 2; at < attributesEnd;) {
    const valueAt = at + ((octets[at] & EXTENDED) === 0 ? 3 : 4);
    const type = octets[at + 1];
    const end = valueAt + ((octets[at] & EXTENDED) === 0 ? octets[at + 2] : u16(at + 2));
    if (type === MP_REACH) {
      const nlriAt = valueAt + 5 + octets[valueAt + 3];
      announced.push(...prefixes(nlriAt, end));
      // The width of the length field is free, and the length itself depends on how many prefixes are in it.
      attributes.push(`reach ${(octets[at] & ~EXTENDED).toString(16)} ${toHex(octets.subarray(valueAt, nlriAt))}`);
    } else if (type === MP_UNREACH) withdrawn.push(...prefixes(valueAt + 3, end));
    else
      attributes.push(
        type === AS_PATH ? joinSequences(octets, at, valueAt, end, isOld ? 2 : 4) : toHex(octets.subarray(at, end)),
      );
    at = end;
  }
  attributes.sort((a, b) => Number(b.startsWith("reach")) - Number(a.startsWith("reach")));
  const text = attributes.join(" ");
  if (withdrawn.length + announced.length === 0) return [`end ${body}`];
  return [...withdrawn.map((prefix) => `-${prefix}`), ...announced.map((prefix) => `+${prefix} ${text}`)];
}

const EXTENDED = 0x10;
const AS_PATH = 2;
const MP_REACH = 14;
const MP_UNREACH = 15;

/** AS_PATH with sequences that touch made one, its lengths left out; AS numbers have `width` octets. */
function joinSequences(octets: Uint8Array, at: number, valueAt: number, end: number, width: number): string {
  let text = `path ${octets[at].toString(16)}`;
  let isSequence = false;
  for (let i = valueAt; i < end;) {
    const [type, count] = [octets[i], octets[i + 1]];
    text += `${type === 2 && isSequence ? "" : ` ${type}:`}${toHex(octets.subarray(i + 2, i + 2 + width * count))}`;
    isSequence = type === 2;
    i += 2 + width * count;
  }
  return text;
}

/** Waits until both have said the same, and sees whether it stays so. */
async function compare(
  t: Test,
  what: string,
  [ours, bird]: readonly [Side, Side],
  isDue: (side: Side) => boolean,
): Promise<void> {
  const isSame = (): boolean => JSON.stringify(ours.heard()) === JSON.stringify(bird.heard());
  let sameSince = Infinity;
  await eventually(
    what,
    () => {
      sameSince = isSame() && isDue(ours) && isDue(bird) ? Math.min(sameSince, performance.now()) : Infinity;
      return performance.now() - sameSince > CALM_MS;
    },
    12_000,
  ).catch((error: unknown) => t.comment(String(error)));
  t.ok(isDue(ours) && isDue(bird), `${what}: everything came`);
  t.strictSame(ours.heard(), bird.heard(), what);
  ours.take();
  bird.take();
}

for (const ipVersion of [4, 6] as const) {
  t.test(`IPv${ipVersion}: what BIRD 1.6 would say`, needs(...BIRD1_PROGRAMS), async (t) => {
    const sides = (await Promise.all(MAKERS.map((maker) => Side.open(t, maker, ipVersion)))) as [Side, Side];
    // Without -R: nothing is told of a restart.
    await Promise.all(sides.map((side) => side.node.start([])));
    await Promise.all(sides.map((side) => side.establish()));
    const isTold = (count: number) => (side: Side) =>
      Object.values(side.heard()).every((messages) => messages.length >= count);
    await compare(t, "OPEN, the table, End-of-RIB", sides, isTold(3));

    const routes = routesOf(ipVersion);
    const has = (name: string, prefix: string) => (side: Side) =>
      side.heard()[name].some((message) => message.includes(prefix));
    for (const side of sides) side.send("Mesh_plain", routes.fromMesh);
    await compare(t, "a route of the mesh, with everything on it", sides, has("Node_client", routes.meshPrefix));
    for (const side of sides) side.send("Node_rack", routes.fromRack);
    await compare(t, "a route of the rack", sides, has("Mesh_plain", routes.rackPrefix));
    for (const side of sides) side.send("Node_client", routes.fromClient);
    await compare(t, "a route of a client", sides, has("Mesh_plain", routes.clientPrefix));
    for (const side of sides) side.send("Node_old", routes.fromOld);
    await compare(t, "a route with AS4_PATH", sides, has("Mesh_plain", routes.oldPrefix));
    for (const side of sides) side.send("Node_keep", routes.notToAll);
    await compare(t, "no-export", sides, has("Mesh_plain", routes.quietPrefix));

    const afi = ipVersion === 4 ? 1 : 2;
    for (const side of sides) for (const { name } of PLAYERS) side.send(name, wire.refresh(afi, 0, 1));
    await compare(t, "the table again, for ROUTE-REFRESH", sides, isTold(3));

    for (const side of sides) side.send("Node_rack", routes.rackWithdraws);
    await compare(t, "a withdrawal", sides, has("Mesh_plain", routes.rackPrefix));

    await Promise.all(sides.map((side) => side.node.process.stop()));
    await compare(t, "the end", sides, isTold(1));
  });
}

interface Routes {
  readonly fromMesh: string;
  readonly meshPrefix: string;
  readonly fromRack: string;
  readonly rackPrefix: string;
  readonly rackWithdraws: string;
  readonly fromClient: string;
  readonly clientPrefix: string;
  readonly fromOld: string;
  readonly oldPrefix: string;
  readonly notToAll: string;
  readonly quietPrefix: string;
}

const PATH_ID = "00000005";
const LOCAL_PREF = wire.attribute(0x40, 5, "7ffffbff");
const COMMUNITIES = wire.attribute(0xc0, 8, "fdf20014fdf20015");

/** What the scripted peers tell, all of it inside the pool. */
function routesOf(ipVersion: 4 | 6): Routes {
  const [mesh, rack, client, old, quiet] = ["40", "60", "80", "a0", "c0"].map((last) =>
    ipVersion === 4 ? `1bc00002${last}` : `7b20010db80002${"00".repeat(9)}${last}`,
  );
  const update = (number: number, attributes: readonly [before: string, after: string], nlri: string): string => {
    const [before, after] = attributes;
    const nextHop = addressHex(number, ipVersion);
    if (ipVersion === 4) {
      return wire.update({ attributes: `${before}${wire.attribute(0x40, 3, nextHop)}${after}`, nlri });
    }
    return wire.update({ attributes: `${before}${after}${wire.reach(nlri, { nextHop })}` });
  };
  const withdraw = (nlri: string): string =>
    ipVersion === 4 ? wire.update({ withdrawn: nlri }) : wire.update({ attributes: wire.unreach(nlri) });
  const path = (...list: readonly number[]): string =>
    wire.attribute(0x40, 2, list.length === 0 ? "" : `02${wire.hex8(list.length)}${list.map(wire.hex32).join("")}`);
  const med = wire.attribute(0x80, 4, "00000032");
  const large = wire.attribute(0xc0, 32, `0000fdf2${wire.hex32(7)}${wire.hex32(20)}`);
  const oldPath = wire.attribute(0x40, 2, "0202fdea5ba0");
  const as4Path = wire.attribute(0xc0, 17, `0201${wire.hex32(4200000009)}`);
  return {
    fromMesh: update(0x11, [`${wire.ORIGIN}${path()}`, `${med}${LOCAL_PREF}${COMMUNITIES}${large}`], mesh),
    meshPrefix: mesh,
    fromRack: update(
      0x14,
      [`${wire.attribute(0x40, 1, "02")}${path(65001, 65010)}`, `${wire.attribute(0x80, 4, "00000005")}${COMMUNITIES}`],
      `${PATH_ID}${rack}`,
    ),
    rackPrefix: rack,
    rackWithdraws: withdraw(`${PATH_ID}${rack}`),
    fromClient: update(0x13, [`${wire.ORIGIN}${path(65099)}`, LOCAL_PREF], client),
    clientPrefix: client,
    fromOld: update(0x15, [`${wire.ORIGIN}${oldPath}`, as4Path], old),
    oldPrefix: old,
    notToAll: update(0x16, [`${wire.ORIGIN}${path(4200000003)}`, wire.attribute(0xc0, 8, "ffffff01")], quiet),
    quietPrefix: quiet,
  };
}
