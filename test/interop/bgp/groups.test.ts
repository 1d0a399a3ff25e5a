// An update group over real TCP with a member that stops reading: what is kept for it is bounded, the other members are
// told everything meanwhile as if it were not there, and the send hold timer (RFC 9687) ends its session.
//
// The speaker runs in this process, so that what the group keeps can be seen; the peers run in another one.

import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import t, { type Test } from "tap";
import { SystemClock } from "../../../src/base/clock.js";
import { SILENT_LOG } from "../../../src/base/log.js";
import { parseConfig } from "../../../src/config/parse-yaml.js";
import { BATCH_LIMITS } from "../../../src/rib/group-batches.js";
import { Speaker } from "../../../src/speaker/speaker.js";
import { TcpListenerFactory } from "../../../src/transport/listener.js";
import { TcpTransport } from "../../../src/transport/tcp.js";
import { eventually } from "../../support/eventually.js";
import { StreamDriver } from "../../support/stream-driver.js";
import { freePort } from "../fsm/subject.js";

t.setTimeout(180_000);

const AS = 65000;
const HUB = "127.0.0.1";
const SENDER = 0;
const READERS = [1, 2, 3] as const;
const DEAF = 4;
const address = (client: number): string => `127.0.3.${client + 1}`;

const PREFIXES = 6000;
/** Communities of each route: some 1000 octets, so that few routes are many octets. */
const COMMUNITIES = 240;
const CALM_ROUNDS = 5;
const ROUNDS = 14;
const SEND_HOLD_SECONDS = 60;
const MEBI = 1 << 20;
/** What one round puts on the wire for each member, at least. */
const ROUND_BYTES = PREFIXES * COMMUNITIES * 4;

interface Stage {
  readonly port: number;
  readonly speaker: Speaker;
  readonly driver: StreamDriver;
}

function spawnHere(command: readonly string[]): ChildProcessWithoutNullStreams {
  const [program, ...words] = command;
  const child = spawn(program, words, { stdio: ["pipe", "pipe", "pipe"] });
  process.once("exit", () => child.kill("SIGKILL"));
  return child;
}

async function openStage(t: Test): Promise<Stage> {
  const port = await freePort();
  const clock = new SystemClock();
  const log = SILENT_LOG;
  const speaker = new Speaker({
    clock,
    log,
    version: "test",
    transport: new TcpTransport({ clock, sys: undefined }),
    listeners: new TcpListenerFactory({ clock, log, sys: undefined }),
    fib: undefined,
    view: undefined,
  });
  const peers = [SENDER, ...READERS, DEAF].map(
    (client) =>
      `  - {address: ${address(client)}, as: ${AS}, passive: true, routeReflectorClient: true, families: [ipv4, ipv6], ` +
      `holdTimeSeconds: 30, sendHoldSeconds: ${SEND_HOLD_SECONDS}}`,
  );
  const yaml = `routerId: 10.0.0.1\nas: ${AS}\nlisten: ["${HUB}:${port}"]\ngracefulRestart: {enabled: false}\npeers:\n${peers.join("\n")}`;
  const parsed = parseConfig(yaml, "test.yaml");
  if ("errors" in parsed) throw new Error(JSON.stringify(parsed.errors));
  await speaker.apply(parsed.config);
  t.teardown(() => speaker.stop({ graceful: false }));
  const driver = await StreamDriver.start(spawnHere);
  t.teardown(() => driver.end());
  await join(driver, port, [SENDER, ...READERS]);
  return { speaker, driver, port };
}

async function join(driver: StreamDriver, port: number, clients: readonly number[]): Promise<void> {
  const joining = clients.map((client) => ({
    address: address(client),
    as: AS,
    holdTimeSeconds: 30,
    speakers: [HUB],
    isDeaf: client === DEAF,
  }));
  await driver.open(joining, port, {}, false);
  const areUp = async (): Promise<boolean> =>
    (await driver.state()).sessions.every(({ isEstablished }) => isEstablished);
  await eventually("all sessions", areUp);
}

/** A round is over when every reader has the newest version of everything. */
async function round(driver: StreamDriver, version: number, readers: readonly number[]): Promise<void> {
  await driver.ask("bulk", SENDER, PREFIXES, COMMUNITIES, version);
  await eventually(
    `version ${version} at the readers`,
    async () => {
      for (const reader of readers) {
        const known = await driver.ask("known", reader, version);
        if (known !== PREFIXES) throw new Error(`reader ${reader} has ${String(known)}`);
      }
      return true;
    },
    60_000,
  );
}

/** The most that was kept for slow members, and the most memory, looked at in every turn of the event loop. */
class Watch {
  retainedBytes = 0;
  rssBytes = 0;
  readonly #speaker: Speaker;
  #isOver = false;
  #turns = 0;

  constructor(speaker: Speaker) {
    this.#speaker = speaker;
    this.#look();
  }

  end(): void {
    this.#isOver = true;
  }

  #look(): void {
    for (const group of this.#speaker.rib.groups)
      this.retainedBytes = Math.max(this.retainedBytes, group.retainedBytes);
    if (this.#turns++ % 64 === 0) this.rssBytes = Math.max(this.rssBytes, process.memoryUsage.rss());
    if (!this.#isOver) setImmediate(() => this.#look());
  }
}

t.test(
  "a member that stops reading is bounded memory, delays nobody, and is dropped by the send hold timer",
  async (t) => {
    const { speaker, driver, port } = await openStage(t);
    await round(driver, 1, READERS);
    // What buffers, compiled code and the collector take when everybody reads.
    const calm = new Watch(speaker);
    const calmFrom = performance.now();
    for (let i = 0; i < CALM_ROUNDS; i++) await round(driver, 2 + i, READERS);
    const calmMs = (performance.now() - calmFrom) / CALM_ROUNDS;
    calm.end();
    // Nothing to walk over: the deaf one follows the stream from its beginning.
    await driver.ask("bulkWithdraw", SENDER, PREFIXES);
    await eventually("an empty table", () => speaker.countRoutes({ stage: "best" }) === 0);
    await join(driver, port, [DEAF]);
    const groups = speaker.rib.groups.filter(({ options }) => options.family === 0);
    t.equal(groups.length, 1, "one group");
    t.equal(groups[0]?.members.size, 5);

    const deafSince = performance.now();
    const watch = new Watch(speaker);
    let rounds = 0;
    for (; rounds < ROUNDS && performance.now() - deafSince < (SEND_HOLD_SECONDS - 15) * 1000; rounds++) {
      await round(driver, 2 + CALM_ROUNDS + rounds, READERS);
    }
    const roundMs = (performance.now() - deafSince) / rounds;
    const latencies: number[] = [];
    for (let i = 0; i < 10; i++) latencies.push(Number(await driver.ask("flap", SENDER, `30.0.${i}.0/24`, READERS)));
    latencies.sort((a, b) => a - b);
    const status = speaker.peer(address(DEAF));
    t.equal(status?.state, "Established", "it is there still");
    t.ok((status?.outputQueueBytes ?? 0) > 0, "and takes nothing");
    watch.end();
    const missed = rounds * ROUND_BYTES;
    t.comment(
      `${rounds} rounds of ${(ROUND_BYTES / MEBI).toFixed(1)} MiB: ${roundMs.toFixed(0)} ms each, ${calmMs.toFixed(0)} ms when all read; ` +
        `retained ${(watch.retainedBytes / MEBI).toFixed(2)} MiB, calm ${(calm.retainedBytes / MEBI).toFixed(2)} MiB; ` +
        `RSS ${(watch.rssBytes / MEBI).toFixed(0)} MiB, calm ${(calm.rssBytes / MEBI).toFixed(0)} MiB; ` +
        `flap p50 ${latencies[5]?.toFixed(1)} ms, most ${latencies[9]?.toFixed(1)} ms`,
    );
    // Others read with some delay as well: a batch may be just being read by somebody when the limit is looked at.
    const batch = 2 * BATCH_LIMITS.batchBytes + 16_384;
    t.ok(watch.retainedBytes <= BATCH_LIMITS.retainedBytes + batch, `${watch.retainedBytes} octets kept`);
    t.ok(watch.retainedBytes > BATCH_LIMITS.retainedBytes / 2, "the limit was reached for");
    t.ok((status?.outputQueueBytes ?? 0) <= 3 * batch, `${status?.outputQueueBytes} octets in its queue`);
    t.ok(missed > 4 * BATCH_LIMITS.retainedBytes, `${missed} octets went past it`);
    // The RSS above is of this whole process, readers and collector included: to be read, not to be judged.
    t.ok((latencies[5] ?? Infinity) < 250, "one change reaches the others at once");

    // The timer looks eight times in its time: it may be late by one look, and what was taken last counts.
    const patienceMs = SEND_HOLD_SECONDS * 1500;
    await eventually("the end of its session", () => speaker.peer(address(DEAF))?.state !== "Established", patienceMs);
    const ended = speaker.peer(address(DEAF));
    const seconds = (performance.now() - deafSince) / 1000;
    t.match(ended?.lastError, `send hold timer expired: the peer has taken nothing for ${SEND_HOLD_SECONDS} s`);
    t.ok(seconds >= SEND_HOLD_SECONDS, `not early: after ${seconds.toFixed(1)} s`);
    t.ok(seconds < SEND_HOLD_SECONDS * 1.5, "nor much later");
    for (const reader of [SENDER, ...READERS]) {
      t.equal(speaker.peer(address(reader))?.transitions, 1, `${address(reader)} has not noticed anything`);
    }
    t.ok(
      speaker.rib.groups.every(({ retainedBytes }) => retainedBytes < BATCH_LIMITS.retainedBytes / 8),
      "nothing is kept any longer",
    );
    // It finds out as soon as it reads again, and may come back.
    await driver.ask("pause", DEAF, false);
    await eventually("its return", () => speaker.peer(address(DEAF))?.state === "Established", 60_000);
    const { sessions } = await driver.state();
    t.equal(sessions.find(({ client }) => client === address(DEAF))?.transitions, 2);
  },
);
