// Throws broken messages at a running daemon, for minutes, while a healthy session beside it must notice nothing.
//
//   npm run fuzz -- [--seed N] [--seconds N] [--sessions N]
//
// A number of attackers open sessions of every kind (external, internal, two-octet AS numbers, ADD-PATH, extended
// messages) and send what mutator.ts makes of the fixtures, before and after the OPEN. All the while a prober announces and
// withdraws a prefix and an observer must hear of it within seconds. At the end no route of an attacker may be left.
// Exit code 1 and the seed are what is left of a failure. Loopback only.

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Bytes } from "../../src/base/bytes.js";
import { SystemClock } from "../../src/base/clock.js";
import { ControlClient } from "../../src/control/client.js";
import type { PeerStatus } from "../../src/speaker/snapshot.js";
import { DaemonProcess } from "../support/daemon-process.js";
import { eventually } from "../support/eventually.js";
import { loadFixtures, type MessageFixture, octetsOf } from "../packet/json-form.js";
import { FuzzPeer, KEEPALIVE } from "./fuzz-peer.js";
import { Dice, mutate } from "./mutator.js";

const PROGRAM = fileURLToPath(new URL("../../src/bin/starling.js", import.meta.url));
const PORT = 11790;
const US = "127.0.0.1";
const PROBER = "127.0.0.2";
const OBSERVER = "127.0.0.3";
const PATIENCE_MS = 5000;

interface Settings {
  readonly seed: number;
  readonly seconds: number;
  readonly sessions: number;
}

const KINDS = ["external", "internal", "two-octet", "add-path"] as const;
type Kind = (typeof KINDS)[number];

const CORPUS: readonly Bytes[] = [
  "open.json",
  "update.json",
  "notification.json",
  "route-refresh.json",
  "keepalive.json",
]
  .flatMap((file) => loadFixtures<MessageFixture>(file))
  .map((fixture) => octetsOf(fixture.hex));
const UPDATES = CORPUS.filter((message) => message[18] === 2);

const attackerAddress = (i: number): string => `127.0.1.${i + 1}`;
const kindOf = (i: number): Kind => KINDS[i % KINDS.length];
const asOf = (kind: Kind): number => (kind === "internal" ? 65000 : 65001);

function hex(text: string): Bytes {
  return Buffer.from(text.replace(/\s/g, ""), "hex");
}

/** An OPEN of `as` with the capabilities given in hexadecimal. */
function openOf(as: number, address: string, capabilities: string): Bytes {
  const id = address
    .split(".")
    .map((part) => Number(part).toString(16).padStart(2, "0"))
    .join("");
  const list = hex(capabilities);
  const parameters =
    list.length === 0 ? "" : `02${list.length.toString(16).padStart(2, "0")}${Buffer.from(list).toString("hex")}`;
  const body = `04 ${as.toString(16).padStart(4, "0")} 005a ${id} ${(parameters.length / 2).toString(16).padStart(2, "0")} ${parameters}`;
  const octets = hex(body);
  return Buffer.concat([hex(`${"ff".repeat(16)}${(19 + octets.length).toString(16).padStart(4, "0")}01`), octets]);
}

const IPV4_AND_IPV6 = "0104 00010001 0104 00020001 0200";
function capabilitiesOf(kind: Kind, as: number): string {
  const wide = `4104 ${as.toString(16).padStart(8, "0")}`;
  switch (kind) {
    case "two-octet":
      return IPV4_AND_IPV6;
    case "add-path":
      return `${IPV4_AND_IPV6} ${wide} 4508 00010103 00020103 0600 4600 0506 000100010002`;
    case "external":
    case "internal":
      return `${IPV4_AND_IPV6} ${wide} 0600 4600`;
  }
}

function configuration(settings: Settings, socket: string): unknown {
  const common = {
    passive: true,
    idleHoldSeconds: [0, 0],
    families: ["ipv4", "ipv6"],
    importPolicy: "accept",
    exportPolicy: "accept",
  };
  const attackers = Array.from({ length: settings.sessions }, (_, i) => {
    const kind = kindOf(i);
    const paths = kind === "add-path" ? { addPathReceive: true, extendedNextHop: true } : {};
    return { address: attackerAddress(i), as: asOf(kind), ...paths, ...common };
  });
  const healthy = [PROBER, OBSERVER].map((address) => ({ address, as: 65002, ...common, families: ["ipv4"] }));
  return {
    routerId: US,
    as: 65000,
    listen: [`${US}:${PORT}`],
    kernel: { enabled: false },
    gracefulRestart: { enabled: false },
    control: { socket },
    log: { level: "warn" },
    peers: [...healthy, ...attackers],
  };
}

/** A healthy session, up. */
async function healthy(address: string): Promise<FuzzPeer> {
  const peer = new FuzzPeer({ localAddress: address, remoteAddress: US, port: PORT });
  peer.send(openOf(65002, address, `0104 00010001 4104 ${(65002).toString(16).padStart(8, "0")}`), KEEPALIVE);
  if (!(await peer.until(() => peer.types.includes(4), PATIENCE_MS)))
    throw new Error(`${address} could not open a session`);
  return peer;
}

const PROBE_PREFIX = "18 c63364"; // 198.51.100.0/24
const ANNOUNCE = withLength(`0000 0014 40010100 40020602010000fdea 400304 7f000002 ${PROBE_PREFIX}`);
const WITHDRAW = withLength(`0004 ${PROBE_PREFIX} 0000`);

function withLength(body: string): Bytes {
  const octets = hex(body);
  return Buffer.concat([hex(`${"ff".repeat(16)}${(19 + octets.length).toString(16).padStart(4, "0")}02`), octets]);
}

/** Announces and withdraws a prefix until `until`; gives how often it was heard. Throws when it was not, or a session ended. */
async function probe(until: number): Promise<number> {
  const prober = await healthy(PROBER);
  const observer = await healthy(OBSERVER);
  const heard = (body: (update: string) => boolean): boolean => observer.updates.some(body);
  let rounds = 0;
  while (Date.now() < until) {
    observer.updates = [];
    prober.send(ANNOUNCE, KEEPALIVE);
    observer.send(KEEPALIVE);
    const announced = await observer.until(() => heard((update) => update.endsWith("18c63364")), PATIENCE_MS);
    observer.updates = [];
    prober.send(WITHDRAW);
    const withdrawn = await observer.until(() => heard((update) => update.startsWith("000418c63364")), PATIENCE_MS);
    if (prober.isClosed || observer.isClosed) {
      throw new Error(`a healthy session was lost: ${prober.notification ?? observer.notification ?? "closed"}`);
    }
    if (!announced || !withdrawn) throw new Error("the probe did not arrive in time");
    rounds++;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  prober.end();
  observer.end();
  return rounds;
}

/** Sends broken messages from one address until `until`; gives how many. */
async function attack(i: number, settings: Settings, until: number, deadline: () => boolean): Promise<number> {
  const dice = new Dice(settings.seed * 1000 + i);
  const kind = kindOf(i);
  const address = attackerAddress(i);
  let sent = 0;
  while (Date.now() < until && !deadline()) {
    const peer = new FuzzPeer({ localAddress: address, remoteAddress: US, port: PORT });
    const open = openOf(asOf(kind), address, capabilitiesOf(kind, asOf(kind)));
    if (dice.below(8) === 0) peer.send(mutate([open], dice));
    else peer.send(open);
    peer.send(KEEPALIVE);
    await peer.until(() => peer.types.includes(4), 1000);
    const burst = 1 + dice.below(200);
    for (let n = 0; n < burst && !peer.isClosed; n++) {
      // Mostly UPDATEs: other broken messages end the session.
      peer.send(dice.below(12) === 0 ? mutate(CORPUS, dice) : mutate(UPDATES, dice));
      sent++;
      if (n % 8 === 7) await peer.until(() => peer.isClosed, 1);
    }
    await peer.until(() => peer.notification !== undefined, 20);
    peer.end();
    await peer.until(() => peer.isClosed, 100);
  }
  return sent;
}

async function peersOf(socket: string): Promise<readonly PeerStatus[]> {
  const client = await ControlClient.connect(socket, { clock: new SystemClock(), timeoutMs: PATIENCE_MS });
  try {
    return (await client.request("peers", {})) as readonly PeerStatus[];
  } finally {
    client.close();
  }
}

/** Nothing of an attacker is left once its session is over. */
async function leftovers(socket: string): Promise<void> {
  await eventually("the routes of the attackers are gone", async () => {
    for (const peer of await peersOf(socket)) {
      const held = peer.families.reduce((sum, family) => sum + family.received, 0);
      if (held > 0) throw new Error(`${peer.address} still has ${held} routes, its session is ${peer.state}`);
    }
    return true;
  });
}

function settingsOf(words: readonly string[]): Settings {
  const values: Record<string, number> = { seed: 1 + (Date.now() % 1_000_000), seconds: 180, sessions: 16 };
  for (let i = 0; i < words.length; i += 2) {
    const name = words[i].replace(/^--/, "");
    const value = Number(words[i + 1]);
    if (!Object.hasOwn(values, name) || !Number.isInteger(value) || value < 1) {
      throw new RangeError(`what is "${words[i]} ${words[i + 1] ?? ""}"? Known: --seed N --seconds N --sessions N`);
    }
    values[name] = value;
  }
  return { seed: values["seed"], seconds: values["seconds"], sessions: Math.min(values["sessions"], 200) };
}

async function run(settings: Settings, folder: string): Promise<void> {
  const socket = join(folder, "control");
  const file = join(folder, "fuzz.yaml");
  writeFileSync(file, JSON.stringify(configuration(settings, socket)));
  const daemon = new DaemonProcess(
    "starling",
    spawn(process.execPath, ["--enable-source-maps", PROGRAM, "run", "-c", file], {
      stdio: ["ignore", "pipe", "pipe"],
    }),
  );
  try {
    await eventually("the daemon answers", async () => (await peersOf(socket)).length > 0);
    const until = Date.now() + settings.seconds * 1000;
    let failed = false;
    const probing = probe(until).catch((error: unknown) => {
      failed = true;
      throw error;
    });
    const attackers = Array.from({ length: settings.sessions }, (_, i) => attack(i, settings, until, () => failed));
    const [rounds, ...counts] = await Promise.all([probing, ...attackers]);
    if (!daemon.isRunning) throw new Error("the daemon has ended");
    await leftovers(socket);
    const bugs = daemon.output.split("\n").filter((line) => /\b(TypeError|RangeError|invariant|bug)\b/i.test(line));
    if (bugs.length > 0) throw new Error(`the log tells of bugs:\n${bugs.slice(0, 5).join("\n")}`);
    const sent = counts.reduce((sum, count) => sum + count, 0);
    console.log(
      `seed ${settings.seed}: ${sent} broken messages, ${rounds} probes heard, daemon alive, no route left behind`,
    );
  } catch (error) {
    console.log(daemon.output.split("\n").slice(-30).join("\n"));
    throw error;
  } finally {
    await daemon.stop();
  }
}

const settings = settingsOf(process.argv.slice(2));
const folder = mkdtempSync(join(tmpdir(), "starling-fuzz-"));
try {
  await run(settings, folder);
} catch (error) {
  console.error(`seed ${settings.seed}: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true });
}
