// Peers that are not as they should be, or not as others are: in another AS, one hop too far, without capabilities, on another
// port, twice the same address, twice connected, with and without path identifiers. What the daemon does, and its words for it.

import t, { type Test } from "tap";
import type { CalicoNode } from "../../support/calico-node.js";
import type { PeerText } from "../../support/calico-text.js";
import { eventually, pause } from "../../support/eventually.js";
import { BIRD1_PROGRAMS } from "../../support/peers/bird1.js";
import { needs } from "../../support/requirements.js";
import {
  END_OF_RIB,
  KEEPALIVE,
  NOTIFICATION,
  OPEN,
  UPDATE,
  type WireHost,
  type WireSession,
} from "../../support/wire-host.js";
import { openWiredNode } from "../../support/wired-node.js";
import * as wire from "../../vectors/wire.js";

t.setTimeout(90_000);

const DAEMON = "10.0.0.1";
const PASSIVE = ["passive on;", "error wait time 1,1;"];
const ADDRESSES = {
  Node_wrong_as: "10.0.0.21",
  Node_far: "10.0.0.22",
  Node_refuser: "10.0.0.23",
  Node_port: "10.0.0.24",
  Node_twice: "10.0.0.25",
  Node_paths: "10.0.0.26",
  Node_plain: "10.0.0.27",
  Node_double: "10.0.0.28",
  Node_restarts: "10.0.0.29",
} as const;
type Name = keyof typeof ADDRESSES;
const OTHER_PORT = 1790;

const PEERS: readonly PeerText[] = [
  peer("Node_wrong_as", 65021, { more: PASSIVE }),
  peer("Node_far", 65022, { more: PASSIVE, hops: "ttl security on;\n  multihop 1;" }),
  peer("Node_refuser", 65023, { more: ["error wait time 1,2;", "connect retry time 1;"] }),
  peer("Node_port", 65024, { port: OTHER_PORT }),
  peer("Node_twice", 65025, { more: PASSIVE }),
  peer("Node_paths", 65026, { more: PASSIVE }),
  peer("Node_plain", 65027, { more: PASSIVE }),
  peer("Node_double", 65028, { more: PASSIVE }),
  { ...peer("Node_double", 65038, { more: PASSIVE }), name: "Node_double_again" },
  peer("Node_restarts", 65029, { more: PASSIVE }),
];

function peer(name: Name, as: number, more: Partial<PeerText> = {}): PeerText {
  return { name, address: ADDRESSES[name], as, source: DAEMON, ...more };
}

function idOf(name: Name): string {
  return `0a0000${wire.hex8(Number(ADDRESSES[name].split(".")[3]))}`;
}

interface Offer {
  readonly addPath?: boolean;
  readonly restartSeconds?: number;
}

function openOf(name: Name, as: number, { addPath = false, restartSeconds }: Offer = {}): string {
  const list = [
    wire.MP_IPV4,
    wire.ROUTE_REFRESH,
    ...(restartSeconds === undefined ? [] : [wire.capability(64, `${wire.hex16(restartSeconds)}00010180`)]),
    wire.fourOctetAs(as),
    ...(addPath ? [wire.capability(69, "00010103")] : []),
  ];
  return wire.open({ as, holdTime: 240, id: idOf(name), parameters: wire.capabilities(...list) });
}

function routeOf(name: Name, as: number, nlri: string): string {
  const path = wire.attribute(0x40, 2, `0201${wire.hex32(as)}`);
  return wire.update({ attributes: `${wire.ORIGIN}${path}${wire.attribute(0x40, 3, idOf(name))}`, nlri });
}

class World {
  readonly node: CalicoNode;
  readonly host: WireHost;

  constructor(node: CalicoNode, host: WireHost) {
    this.node = node;
    this.host = host;
  }

  static async open(t: Test): Promise<World> {
    const { node, host } = await openWiredNode(t, Object.values(ADDRESSES), PEERS);
    await node.start([]);
    return new World(node, host);
  }

  establish(name: Name, as: number, offer?: Offer): Promise<WireSession> {
    return this.host.establish({ local: ADDRESSES[name], remote: DAEMON, open: openOf(name, as, offer) });
  }

  /** Waits for a row of `show protocols` that matches. */
  async row(name: string, pattern: RegExp, timeoutMs = 15_000): Promise<void> {
    await eventually(
      `${name} ${String(pattern)}`,
      async () => {
        const row = await this.node.row(name);
        if (!pattern.test(row)) throw new Error(row);
        return true;
      },
      timeoutMs,
    );
  }
}

t.test("odd peers", needs(...BIRD1_PROGRAMS), async (t) => {
  const world = await World.open(t);
  const { node, host } = world;

  await t.test("another AS than configured, then the right one", async (t) => {
    const session = host.dial({ local: ADDRESSES.Node_wrong_as, remote: DAEMON, open: openOf("Node_wrong_as", 65099) });
    await eventually("NOTIFICATION", () => session.count(NOTIFICATION) > 0);
    t.match(session.bodies(NOTIFICATION)[0], /^0202/, "Bad peer AS");
    await world.row("Node_wrong_as", /(Idle|Passive) +BGP Error: Bad peer AS$/);
    t.match(node.log, "bird: Node_wrong_as: Error: Bad peer AS: 65099\n");
    await world.establish("Node_wrong_as", 65021);
    await world.row("Node_wrong_as", /Established *$/);
  });

  await t.test("the peer finds our AS bad", async (t) => {
    const sessions = host.accepted.length;
    await host.listen(ADDRESSES.Node_refuser, "");
    host.answers.delete(ADDRESSES.Node_refuser);
    const session = await host.acceptedBy(ADDRESSES.Node_refuser, sessions);
    await eventually("its OPEN", () => session.count(OPEN) > 0);
    session.send(wire.notify(2, 2, "0000fc00"));
    await world.row("Node_refuser", /Received: Bad peer AS$/);
    t.match(node.log, "bird: Node_refuser: Received: Bad peer AS: 64512\n");
  });

  await t.test("a peer that refuses capabilities is told without them", async (t) => {
    const seen = host.accepted.filter(({ local }) => local === ADDRESSES.Node_refuser).length;
    const first = await host.acceptedBy(ADDRESSES.Node_refuser, seen);
    await eventually("its OPEN", () => first.count(OPEN) > 0);
    t.match(first.bodies(OPEN)[0], wire.MP_IPV4);
    first.send(wire.notify(2, 4));
    host.answers.set(ADDRESSES.Node_refuser, wire.open({ as: 65023, holdTime: 240, id: idOf("Node_refuser") }));
    const second = await host.acceptedBy(ADDRESSES.Node_refuser, seen + 1);
    await eventually("a session", () => second.isEstablished);
    t.match(second.bodies(OPEN)[0], /00$/, "no optional parameters");
    await world.row("Node_refuser", /Established *$/);
    await eventually("its table", () => second.bodies(UPDATE).some((body) => body.endsWith("1ac0000200")));
  });

  await t.test("another port than 179", async () => {
    await host.listen(ADDRESSES.Node_port, openOf("Node_port", 65024), OTHER_PORT);
    await host.acceptedBy(ADDRESSES.Node_port);
    await world.row("Node_port", /Established *$/, 20_000);
  });

  await t.test("one hop further than GTSM allows", async (t) => {
    const { namespace } = host;
    await namespace.exec("echo 254 > /proc/sys/net/ipv4/ip_default_ttl");
    const far = host.dial({ local: ADDRESSES.Node_far, remote: DAEMON, open: openOf("Node_far", 65022) });
    await eventually("the daemon's OPEN", () => far.count(OPEN) > 0);
    await pause(2500);
    t.equal(far.count(KEEPALIVE), 0, "what it answers does not arrive");
    t.match(await node.row("Node_far"), /start +\S+ +OpenSent/);
    far.close("reset");
    await namespace.exec("echo 255 > /proc/sys/net/ipv4/ip_default_ttl");
    await world.establish("Node_far", 65022);
    await world.row("Node_far", /Established *$/);
  });

  await t.test("with and without path identifiers at the same time", async (t) => {
    const paths = await world.establish("Node_paths", 65026, { addPath: true });
    const plain = await world.establish("Node_plain", 65027);
    const [a, b] = ["1cc0000240", "1cc0000250"];
    paths.send(routeOf("Node_paths", 65026, `00000001${a}00000002${a}`));
    plain.send(routeOf("Node_plain", 65027, b));
    await eventually("the route at the plain one", () => plain.bodies(UPDATE).some((body) => body.endsWith(a)));
    await eventually("the route at the other", () => paths.bodies(UPDATE).some((body) => body.endsWith(b)));
    const ids = paths
      .bodies(UPDATE)
      .find((body) => body.endsWith(b))
      ?.slice(-18, -10);
    t.match(ids, /^(?!00000000)[0-9a-f]{8}$/, "with an identifier");
    t.match(
      await node.birdc("show protocols all Node_paths"),
      / {4}Session: +external multihop AS4 add-path-rx add-path-tx$/m,
    );
    t.match(await node.birdc("show protocols all Node_plain"), / {4}Session: +external multihop AS4$/m);
    t.equal((await node.birdc("show route 192.0.2.64/28")).match(/Node_paths/g)?.length, 2, "both paths are there");
  });

  await t.test("a neighbour that connects twice", async (t) => {
    const first = await world.establish("Node_twice", 65025);
    await world.row("Node_twice", /Established *$/);
    const second = host.dial({ local: ADDRESSES.Node_twice, remote: DAEMON, open: openOf("Node_twice", 65025) });
    await eventually("the end of the second", () => second.closedAt !== undefined);
    t.strictSame(second.bodies(NOTIFICATION), ["0607"], "RFC 4271 §6.8");
    t.equal(first.closedAt, undefined, "the session stays");
    first.close("reset");
    const restarting = await world.establish("Node_twice", 65025, { restartSeconds: 60 });
    restarting.send(routeOf("Node_twice", 65025, "1cc0000260"), wire.update({}));
    await eventually("its route", async () => (await node.birdc("show route")).includes("192.0.2.96/28"));
    const again = await world.establish("Node_twice", 65025, { restartSeconds: 60 });
    await eventually("the end of the old one", () => restarting.closedAt !== undefined);
    t.match(await node.birdc("show route"), "192.0.2.96/28", "a new connection of one that can restart is a restart");
    again.send(wire.update({}));
    await eventually("its route gone", async () => !(await node.birdc("show route")).includes("192.0.2.96/28"));
  });

  await t.test("a rack that restarts", async (t) => {
    const session = await world.establish("Node_restarts", 65029, { restartSeconds: 9 });
    session.send(routeOf("Node_restarts", 65029, "1cc0000270"), wire.update({}));
    await eventually("its route", async () => (await node.birdc("show route")).includes("192.0.2.112/28"));
    session.close();
    await world.row("Node_restarts", /start +\S+ +Passive +Socket: Connection closed$/);
    const details = await node.birdc("show protocols all Node_restarts");
    t.match(details, / {4}Neighbor graceful restart active\n {4}Restart timer: {4}\d\/-$/m);
    t.match(await node.birdc("show route"), "192.0.2.112/28");
    t.match(await node.kernelRoutes(), "192.0.2.112/28");
    await eventually("the end of its time", async () => !(await node.birdc("show route")).includes("192.0.2.112/28"));
    t.notMatch(await node.birdc("show protocols all Node_restarts"), "graceful restart active");
  });

  await t.test("two protocols for one address", async (t) => {
    const session = await world.establish("Node_double", 65028);
    await eventually("End-of-RIB", () => session.bodies(UPDATE).includes(END_OF_RIB));
    const rows = (await node.birdc("show protocols")).split("\n").filter((row) => row.startsWith("Node_double"));
    t.equal(rows.length, 2);
    t.equal(rows.filter((row) => row.includes("Established")).length, 1);
    t.equal(await node.process.stop(), "exit 0");
    t.equal(session.bodies(NOTIFICATION)[0], "0602");
  });
});
