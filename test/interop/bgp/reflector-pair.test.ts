// Two reflectors as real daemons, clients on both, routes that come and go all the time: a reflector is killed or stopped,
// and returns. No client is without a route at any moment, looked at after every message.

import t, { type Test } from "tap";
import { eventually, pause } from "../../support/eventually.js";
import { type Host, Lan } from "../../support/lan.js";
import { needs } from "../../support/requirements.js";
import { Starling, type StarlingConfig } from "../../support/starling.js";
import { type AgentClient, type SessionReport, StreamDriver } from "../../support/stream-driver.js";

t.setTimeout(300_000);
// Most of the time everybody waits for somebody's timer.
t.jobs = 2;

const AS = 64512;
const CLIENTS = 6;
const BLOCKS = 30;
const RESTART_SECONDS = 60;

interface Row {
  readonly name: string;
  readonly clusterIds: readonly [string, string];
  readonly areMutualClients: boolean;
  readonly isGraceful: boolean;
}

const SAME = ["10.0.0.100", "10.0.0.100"] as const;
const OWN = ["10.0.0.101", "10.0.0.102"] as const;
const ROWS: readonly Row[] = [
  { name: "one cluster id", clusterIds: SAME, areMutualClients: false, isGraceful: false },
  { name: "one cluster id, graceful restart", clusterIds: SAME, areMutualClients: false, isGraceful: true },
  { name: "two cluster ids, graceful restart", clusterIds: OWN, areMutualClients: false, isGraceful: true },
  { name: "two cluster ids, clients of each other", clusterIds: OWN, areMutualClients: true, isGraceful: false },
];

const clientAddress = (i: number): string => `10.0.0.${11 + i}`;

function blocks(client: number): string[] {
  return Array.from({ length: BLOCKS }, (_, i) =>
    i % 2 === 0 ? `10.244.${client}.${i * 8}/29` : `fd00:${client + 1}:${i}::/64`,
  );
}

function configOf(row: Row, which: 0 | 1, us: Host, other: Host): StarlingConfig {
  const common = { as: AS, families: ["ipv4", "ipv6"], holdTimeSeconds: 9, connectRetrySeconds: 1 };
  const client = (i: number): object => ({
    ...common,
    address: clientAddress(i),
    routeReflectorClient: true,
    passive: true,
  });
  return {
    routerId: us.ipv4,
    clusterId: row.clusterIds[which],
    as: AS,
    listen: [`${us.ipv4}:179`],
    kernel: { enabled: false },
    gracefulRestart: { enabled: row.isGraceful, restartTimeSeconds: RESTART_SECONDS },
    peers: [
      { ...common, address: other.ipv4, routeReflectorClient: row.areMutualClients },
      ...Array.from({ length: CLIENTS }, (_, i) => client(i)),
    ],
  };
}

interface Scene {
  readonly reflectors: readonly [Starling, Starling];
  readonly hosts: readonly [Host, Host];
  readonly driver: StreamDriver;
}

async function openScene(t: Test, row: Row): Promise<Scene> {
  const lan = await Lan.open(["first", "second", "clients"]);
  t.teardown(() => lan.close());
  const [first, second, clients] = lan.hosts;
  for (let i = 0; i < CLIENTS; i++) await clients.namespace.exec(`ip address add ${clientAddress(i)}/24 dev eth0`);
  const reflectors = [
    new Starling(first.namespace, configOf(row, 0, first, second)),
    new Starling(second.namespace, configOf(row, 1, second, first)),
  ] as const;
  for (const reflector of reflectors) t.teardown(() => reflector.remove());
  await Promise.all(reflectors.map((reflector) => reflector.start()));
  const driver = await StreamDriver.start((command) => clients.namespace.spawn(command));
  t.teardown(() => driver.end());
  const speakers = [first.ipv4, second.ipv4];
  const restart = row.isGraceful ? { restartTimeSeconds: RESTART_SECONDS } : {};
  const all = Array.from({ length: CLIENTS }, (_, i): AgentClient => ({
    address: clientAddress(i),
    as: AS,
    holdTimeSeconds: 9,
    speakers,
    ...restart,
  }));
  await driver.open(all, 179, { [first.ipv4]: row.clusterIds[0], [second.ipv4]: row.clusterIds[1] });
  for (let i = 0; i < CLIENTS; i++) await driver.ask("announce", i, blocks(i));
  return { reflectors, hosts: [first, second], driver };
}

/** Everybody has everything and nothing else, by every session; the reflectors have each other. */
async function whole({ driver, reflectors, hosts }: Scene): Promise<void> {
  await eventually(
    "everything everywhere",
    async () => {
      const { whyNotExact, faults } = await driver.state();
      if (faults.length > 0) return true;
      if (whyNotExact !== null) throw new Error(whyNotExact);
      return (await reflectors[0].peer(hosts[1].ipv4)).state === "Established";
    },
    60_000,
  );
  await driver.ask("relyOnAll");
}

/** A reflector ends and returns while routes come and go. */
async function lose(t: Test, scene: Scene, which: 0 | 1, how: "kill" | "stop"): Promise<void> {
  const { driver, reflectors, hosts } = scene;
  const before = (await driver.state()).looks;
  await driver.ask("churn", 6);
  await pause(2000);
  // A newer route may be on its way to the other reflector still.
  await driver.ask("excuse", hosts[which].ipv4, 1500);
  await reflectors[which][how]();
  await pause(1500);
  await reflectors[which].start();
  await pause(1500);
  await driver.ask("churn", 0);
  await whole(scene);
  const { faults, looks } = await driver.state();
  t.same(faults, [], `${how}: no route was lost`);
  t.ok(looks - before > 100, `${looks - before} messages were looked at`);
}

/** A reflector ends and returns while nothing else happens: what that costs in messages. */
async function countReturn(t: Test, scene: Scene, row: Row): Promise<void> {
  const { driver, reflectors, hosts } = scene;
  await driver.ask("resetCounts");
  const transitions = (await driver.state()).sessions.filter(({ speaker }) => speaker === hosts[1].ipv4);
  await reflectors[0].kill();
  await pause(1000);
  await reflectors[0].start();
  await whole(scene);
  const { sessions, faults } = await driver.state();
  t.same(faults, []);
  const most = row.clusterIds[0] === row.clusterIds[1] ? 1 : 2;
  for (const session of sessions) {
    const name = `${session.client} with ${session.speaker}`;
    if (session.speaker === hosts[0].ipv4) checkCounts(t, session, name, most);
    else {
      t.equal(session.updates, 0, `${name}: death and return of the other one are no news`);
      const earlier = transitions.find(({ client }) => client === session.client);
      t.equal(session.transitions, earlier?.transitions, `${name}: the session stayed up`);
    }
  }
}

function checkCounts(t: Test, session: SessionReport, name: string, most: number): void {
  const own = new Set(blocks(Number(session.client.split(".")[3]) - 11));
  // A withdrawal to be on the safe side (the client may not have been told yet) takes nothing away.
  t.equal(session.told, session.announced - session.withdrawn.length + session.idle, `${name}: everything again`);
  t.ok(session.mostAnnounced <= most, `${name}: ${session.mostAnnounced} announcements of a prefix, ${most} allowed`);
  t.ok(
    session.withdrawn.every(
      (prefix) => own.has(prefix) || prefix.startsWith("10.250.") || prefix.startsWith("fd00:250:"),
    ),
    `${name}: nothing withdrawn but what came back to its owner`,
  );
}

for (const row of ROWS) {
  t.test(`${row.name}: a reflector dies and returns`, { buffered: true, ...needs() }, async (t) => {
    const scene = await openScene(t, row);
    await whole(scene);
    await lose(t, scene, 0, "kill");
    await lose(t, scene, 1, "kill");
    await lose(t, scene, 0, "stop");
    await countReturn(t, scene, row);
  });
}
