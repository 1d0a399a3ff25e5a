// A laboratory for the vectors: a speaker under test, and a host that has an address for every vector's peer.

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseAddress } from "../../../src/base/ip.js";
import { Lan } from "../../support/lan.js";
import type { Namespace, Teardown } from "../../support/netns.js";
import { makeFolder, removeFolder } from "../../support/peers/real-peer.js";
import { VECTORS } from "../../vectors/all-vectors.js";
import type { Reaction } from "../../vectors/scripted-peer.js";
import type { SubjectPeer } from "../../vectors/subject-config.js";
import { type Place, placeOf, type Vector } from "../../vectors/vector.js";
import { faultOf, type Strictness } from "../../vectors/verdict.js";
import { type DriveOrder, type DriveReport, reactionsOf } from "./drive.js";

const DRIVER = fileURLToPath(new URL("drive.js", import.meta.url));
export const SUBJECT_ADDRESS = "10.1.0.1";
export const OBSERVER_ADDRESS = "10.1.255.254";

function hexOf(text: string): string {
  return Buffer.from(parseAddress(text)?.bytes ?? []).toString("hex");
}

function addressOf(index: number): string {
  const number = index + 257;
  return `10.1.${number >> 8}.${number & 255}`;
}

export interface LabOptions {
  /** Which vectors are driven; absent: all. */
  readonly takes?: (vector: Vector) => boolean;
  /** False: the speaker under test knows IPv4 alone. */
  readonly hasIpv6?: boolean;
}

export interface Outcome {
  readonly index: number;
  readonly vector: Vector;
  readonly reaction: Reaction | undefined;
  /** What is wrong with it; undefined: nothing. */
  readonly fault: string | undefined;
  /** The same without looking at the subcodes of notifications. */
  readonly coarseFault: string | undefined;
}

export class VectorLab {
  readonly subject: Namespace;
  /** Who the speaker under test must expect. */
  readonly peers: readonly SubjectPeer[];
  readonly #host: Namespace;
  readonly #folder: string;
  readonly #indices: readonly number[];
  readonly #hasIpv6: boolean;

  private constructor(subject: Namespace, host: Namespace, folder: string, { takes, hasIpv6 }: LabOptions) {
    this.subject = subject;
    this.#host = host;
    this.#folder = folder;
    this.#hasIpv6 = hasIpv6 ?? true;
    this.#indices = [...VECTORS.keys()].filter((index) => takes?.(VECTORS[index]) ?? true);
    this.peers = this.#indices.map((index) => ({ address: addressOf(index), vector: VECTORS[index] }));
  }

  static async open(t: Teardown, options: LabOptions = {}): Promise<VectorLab> {
    const lan = await Lan.open(["subject", "peers"]);
    t.teardown(() => lan.close());
    const folder = await makeFolder("vectors");
    t.teardown(() => removeFolder(folder));
    const [subject, host] = lan.hosts;
    await subject.namespace.exec(`ip address add ${SUBJECT_ADDRESS}/16 dev eth0`);
    const lab = new VectorLab(subject.namespace, host.namespace, folder, options);
    const addresses = [OBSERVER_ADDRESS, ...lab.peers.map((peer) => peer.address)];
    const batch = join(folder, "addresses");
    await writeFile(batch, addresses.map((address) => `address add ${address}/16 dev eth0\n`).join(""));
    await host.namespace.exec(["ip", "-batch", batch]);
    return lab;
  }

  /** Drives the vectors at the same time, but for so many handshakes at once. Rejects where the observer was disturbed: then nothing can be said. */
  async run(strictness: Strictness, handshakes: number, timeoutMs = 90_000): Promise<readonly Outcome[]> {
    const order: DriveOrder = {
      us: SUBJECT_ADDRESS,
      observer: OBSERVER_ADDRESS,
      peers: this.#indices.map((index) => ({ index, address: addressOf(index), place: this.#place(index) })),
      timeoutMs,
      handshakes,
      hasIpv6: this.#hasIpv6,
    };
    const file = join(this.#folder, "order.json");
    await writeFile(file, JSON.stringify(order));
    const command = ["env", "-u", "NODE_OPTIONS", process.execPath, "--enable-source-maps", DRIVER, file];
    const report = JSON.parse(await this.#host.exec(command)) as DriveReport;
    if (report.observerFailure !== undefined) throw new Error(report.observerFailure);
    const reactions = reactionsOf(report);
    const stages = new Map(report.unfinished);
    return this.#indices.map((index) => {
      const vector = VECTORS[index];
      const reaction = reactions.get(index);
      if (reaction === undefined) {
        const fault = `nothing came of it: ${stages.get(index) ?? "never begun"}`;
        return { index, vector, reaction, fault, coarseFault: fault };
      }
      const place = this.#place(index);
      const fault = faultOf(vector, place, reaction, strictness);
      return { index, vector, reaction, fault, coarseFault: faultOf(vector, place, reaction, "code") };
    });
  }

  #place(index: number): Place {
    const peer = { nh4: hexOf(addressOf(index)), nh6: hexOf(`fd00::1:${(index + 1).toString(16)}`) };
    return placeOf(index, peer, { us4: hexOf(SUBJECT_ADDRESS), us6: hexOf("fd00::1") });
  }
}
