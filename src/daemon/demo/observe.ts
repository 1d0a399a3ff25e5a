// Looks at a namespace's routing table from outside, with iproute2: what our speakers wrote (`proto bird`), and every
// change while a daemon is away (`ip monitor route`).

import type { FamilyName } from "../../base/family.js";
import { LabError, type Lab, type LabProcess } from "./lab.js";

/** Routes that no one uses (RFC 5737) in a table that no one uses: their arrival proves that the monitor is listening. */
const FIRST_MARKER = "192.0.2.1";
const LAST_MARKER = "192.0.2.2";
const MARKER_TABLE = "4242";
const MARKER_LIMIT_MS = 3000;

/** `ip route show proto bird` of a namespace. */
export async function birdRoutes(lab: Lab, name: string, family: FamilyName): Promise<string> {
  return lab.must(name, ["ip", family === "ipv4" ? "-4" : "-6", "route", "show", "proto", "bird"]);
}

/** The prefixes in the output of `ip route`, of unicast routes only; host routes with their length. */
export function unicastPrefixes(output: string): readonly string[] {
  const prefixes: string[] = [];
  for (const line of output.split("\n")) {
    const first = line.split(" ")[0] ?? "";
    // Continuations of multipath routes are indented; blackholes begin with their kind.
    if (!/^[0-9a-f.:]+(\/\d+)?$/.test(first)) continue;
    prefixes.push(first.includes("/") ? first : `${first}/${first.includes(":") ? 128 : 32}`);
  }
  return prefixes;
}

/** Records what `ip monitor route` says in a namespace. */
export class RouteMonitor {
  readonly name: string;
  readonly #lab: Lab;
  readonly #process: LabProcess;
  readonly #events: string[] = [];
  readonly #heard = new Set<string>();

  private constructor(lab: Lab, name: string) {
    this.name = name;
    this.#lab = lab;
    this.#process = lab.spawn(name, ["ip", "monitor", "route"]);
    this.#process.onLine((line) => {
      const marker = [FIRST_MARKER, LAST_MARKER].find((address) => line.includes(address));
      if (marker === undefined) this.#events.push(line);
      else this.#heard.add(marker);
    });
  }

  /** A monitor that is known to hear. Throws if it hears nothing. */
  static async start(lab: Lab, name: string): Promise<RouteMonitor> {
    const monitor = new RouteMonitor(lab, name);
    await monitor.#mark(FIRST_MARKER);
    return monitor;
  }

  /** Every change since the start; what was done before this call is in it. */
  async stop(): Promise<readonly string[]> {
    await this.#mark(LAST_MARKER);
    await this.#process.end("SIGTERM");
    return this.#events;
  }

  /** The kernel keeps the order of its messages: once the marker is heard, everything before it was. */
  async #mark(marker: string): Promise<void> {
    const route = `${marker}/32 dev lo table ${MARKER_TABLE}`;
    const heard = async (): Promise<boolean> => {
      if (this.#heard.has(marker)) return true;
      await this.#lab.ip(this.name, [`route add ${route}`, `route delete ${route}`]);
      return false;
    };
    const took = await this.#lab.until(heard, MARKER_LIMIT_MS, 20);
    if (took === undefined) throw new LabError(`${this.name}: ip monitor route hears nothing: ${this.#process.output}`);
  }
}
