// Which of the node's own protocols (static, direct, kernel, device) run, and since when. The file says it, commands change
// it; what a command has changed lasts until the file is read again, as in BIRD.

import type { Clock } from "../../base/clock.js";
import type { BirdConfig, ProtocolDeclaration } from "../language/declarations.js";

export interface SwitchDependencies {
  readonly clock: Clock;
  /** The configuration in force; another object after each reload. */
  readonly config: () => BirdConfig;
  /** When it was applied, in wall time. */
  readonly configuredAt: () => number;
  /** These protocols run, or not, from now on. */
  readonly apply: (isDown: (protocol: string) => boolean) => void;
}

export interface SwitchState {
  readonly isDown: boolean;
  /** Wall time. */
  readonly since: number;
}

export class ProtocolSwitches {
  readonly #deps: SwitchDependencies;
  #config: BirdConfig | undefined;
  #states = new Map<string, SwitchState>();

  constructor(deps: SwitchDependencies) {
    this.#deps = deps;
    // Since when they are as they are is known from now on, whether somebody looks or not.
    this.#follow();
  }

  /** Of a protocol that is not BGP. */
  state({ name, disabled }: ProtocolDeclaration): SwitchState {
    this.#follow();
    return this.#states.get(name) ?? { isDown: disabled, since: this.#deps.configuredAt() };
  }

  set(name: string, isDown: boolean): void {
    this.#follow();
    this.#states.set(name, { isDown, since: this.#deps.clock.wallTime() });
    this.#apply();
  }

  /** Down and up again: what it had in the table is new. */
  restart(name: string): void {
    this.set(name, true);
    this.set(name, false);
  }

  #apply(): void {
    this.#deps.apply((name) => this.#states.get(name)?.isDown === true);
  }

  /** After a reload: who is as before has been so all the time. */
  #follow(): void {
    const config = this.#deps.config();
    if (config === this.#config) return;
    const since = this.#deps.configuredAt();
    const before = this.#states;
    this.#config = config;
    this.#states = new Map();
    for (const { kind, name, disabled } of config.protocols) {
      if (kind === "bgp") continue;
      const known = before.get(name);
      this.#states.set(name, known?.isDown === disabled ? known : { isDown: disabled, since });
    }
  }
}
