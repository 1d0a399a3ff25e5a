// What happens in kernels and between pods while daemons come and go: route events of many namespaces, lost pings.

import { DaemonProcess } from "./daemon-process.js";
import { eventually } from "./eventually.js";
import type { Namespace } from "./netns.js";

/** `ip monitor route` in several namespaces at once, both IP versions. */
export class RouteWatch {
  readonly #monitors: readonly { readonly namespace: Namespace; readonly process: DaemonProcess }[];

  private constructor(namespaces: readonly Namespace[]) {
    this.#monitors = namespaces.map((namespace) => ({
      namespace,
      process: new DaemonProcess("ip monitor", namespace.spawn(["stdbuf", "-oL", "ip", "monitor", "route"])),
    }));
  }

  /** Resolves when every monitor has proved that it sees events. */
  static async open(namespaces: readonly Namespace[]): Promise<RouteWatch> {
    const watch = new RouteWatch(namespaces);
    for (const { namespace, process } of watch.#monitors)
      await eventually("the monitor's first event", async () => {
        await namespace.exec("ip route add blackhole 203.0.113.255; ip route del blackhole 203.0.113.255");
        return process.output.includes("203.0.113.255");
      });
    return watch;
  }

  /** The events since the start, each behind the name of its namespace. */
  get events(): readonly string[] {
    return this.#monitors.flatMap(({ namespace, process }) =>
      process.output
        .split("\n")
        .filter((line) => line.trim() !== "" && !line.includes("203.0.113.255"))
        .map((line) => `${namespace.name}: ${line.trim()}`),
    );
  }

  /** Ends the monitors and gives the events. */
  async close(): Promise<readonly string[]> {
    for (const { process } of this.#monitors) await process.stop();
    return this.events;
  }
}

/** A ping five times a second until it is asked what was lost. */
export class LongPing {
  readonly #process: DaemonProcess;

  constructor(from: Namespace, address: string) {
    this.#process = new DaemonProcess(`ping ${address}`, from.spawn(["ping", "-n", "-i", "0.2", address]));
  }

  /** Ends it: packets sent and packets lost. The one under way at the end does not count. */
  async close(): Promise<{ readonly sent: number; readonly lost: number }> {
    this.#process.signal("SIGINT");
    await this.#process.ended;
    const [, sent, received] = /(\d+) packets transmitted, (\d+) received/.exec(this.#process.output) ?? [];
    const lost = Number(sent) - Number(received);
    if (Number.isNaN(lost)) throw new Error(`${this.#process.name} said ${this.#process.output}`);
    return { sent: Number(sent), lost: lost === 1 && isUnanswered(this.#process.output, Number(sent)) ? 0 : lost };
  }
}

function isUnanswered(output: string, sequence: number): boolean {
  return !output.includes(`icmp_seq=${sequence} `);
}
