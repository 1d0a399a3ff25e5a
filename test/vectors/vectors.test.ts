// Every vector against a whole speaker in memory: no sockets, one clock. What real sockets add is in test/interop/vectors.

import t from "tap";
import type { Connection } from "../../src/session/ports.js";
import { isFailure } from "../../src/session/ports.js";
import { address, type MemoryHost } from "../support/memory-network.js";
import { World } from "../speaker/world.js";
import { countByRfc, VECTORS } from "./all-vectors.js";
import { Observer, type Reaction, VectorPeer, type Wire } from "./scripted-peer.js";
import { subjectConfig } from "./subject-config.js";
import { type Place, placeOf } from "./vector.js";
import { faultOf } from "./verdict.js";

const US = "10.0.0.1";
const OBSERVER = "10.255.255.254";
const hex = (text: string): string => Buffer.from(address(text).bytes).toString("hex");

function addressOf(index: number): string {
  return `10.1.${(index >> 8) & 255}.${index & 255}`;
}

function placeAt(index: number): Place {
  const peer = { nh4: hex(addressOf(index)), nh6: hex(`fd00::1:${(index + 1).toString(16)}`) };
  return placeOf(index, peer, { us4: hex(US), us6: hex("fd00::1") });
}

interface Script {
  onBytes(chunk: Uint8Array): void;
  onClosed(): void;
}

/** Connects a script to the speaker; its wire holds what it sends until there is a connection. */
function connect(world: World, host: MemoryHost, local: string, make: (wire: Wire) => Script): void {
  let connection: Connection | undefined;
  const script = make({
    send: (bytes) => void connection?.write(bytes),
    close: () => connection?.close(),
    later: (ms, callback) => void world.clock.at(world.clock.now() + ms, callback),
  });
  const options = { remoteAddress: address(US), remotePort: 179, localAddress: address(local) };
  host.connect({ ...options, ttl: 64, minTtl: undefined, md5Key: undefined, device: undefined }, (result) => {
    if (isFailure(result)) throw new Error(`${local}: ${result.message}`);
    connection = result;
    result.handler = {
      onBytes: (chunk) => script.onBytes(chunk),
      onDrain: () => undefined,
      onClosed: () => script.onClosed(),
    };
  });
}

async function run(): Promise<ReadonlyMap<number, Reaction>> {
  const world = new World();
  const peers = VECTORS.map((vector, index) => ({ address: addressOf(index), vector }));
  const config = Object.entries(subjectConfig(US, OBSERVER, peers));
  const yaml = config.map(([key, value]) => `${key}: ${JSON.stringify(value)}`).join("\n");
  await world.start(US, yaml, { kernel: false });
  const host = world.network.host(OBSERVER, ...peers.map((peer) => peer.address));
  const reactions = new Map<number, Reaction>();
  let observer: Observer | undefined;
  connect(world, host, OBSERVER, (wire) => (observer = new Observer(wire)));
  world.run(1000);
  if (observer?.isEstablished !== true) throw new Error("the observer has no session");
  const watcher = observer;
  for (const [index, vector] of VECTORS.entries()) {
    connect(world, host, addressOf(index), (wire) => {
      return new VectorPeer(vector, placeAt(index), wire, watcher, (reaction) => reactions.set(index, reaction));
    });
  }
  for (let second = 0; second < 5; second++) world.run(1000);
  t.equal(watcher.failure, undefined, "the observer was never disturbed");
  return reactions;
}

t.test("the vectors cover the RFCs", async (t) => {
  t.ok(VECTORS.length >= 350, `${VECTORS.length} vectors`);
  const names = VECTORS.map(({ name, session }) => `${name} ${JSON.stringify(session)}`);
  t.strictSame([...new Set(names)].length, names.length, "no two have the same name");
  for (const { name, rfc } of VECTORS) if (!/^RFC \d{4} §\d/.test(rfc)) t.fail(`${name}: ${rfc} is no paragraph`);
  for (const [rfc, count] of countByRfc(VECTORS)) t.comment(`${rfc}: ${count}`);
});

const reactions = await run();

for (const [index, vector] of VECTORS.entries()) {
  const reaction = reactions.get(index);
  const fault = reaction === undefined ? "nothing came of it" : faultOf(vector, placeAt(index), reaction, "data");
  t.equal(fault, undefined, `${vector.name} (${vector.rfc}, ${vector.session.kind})`);
}
