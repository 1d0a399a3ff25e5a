// Options of a peer after inheritance: its own, its group's, the groups that one inherits from, `defaults`, and at last the
// built-in values. The nearest layer that says something wins, option by option.

import type { ConfigReport } from "./config-report.js";
import { nearestHint } from "../policy/nearest-name.js";
import type { peerGroupSchema, PeerOptions } from "./peer-schema.js";
import type { z } from "zod";
import type { Path } from "./yaml-source.js";

export type PeerGroupInput = z.output<typeof peerGroupSchema>;

/** Options that were written in one place. */
export interface OptionLayer {
  readonly options: PeerOptions;
  readonly path: Path;
}

/** Values where nobody says anything. Options that are absent here may stay absent. */
export const BUILT_IN_OPTIONS = {
  port: 179,
  passive: false,
  disabled: false,
  holdTimeSeconds: 90,
  keepaliveSeconds: 0,
  connectRetrySeconds: 5,
  delayOpenSeconds: 0,
  idleHoldSeconds: [1, 30],
  routeReflectorClient: false,
  nextHop: "default",
  multihop: 0,
  ttlSecurity: false,
  weight: 0,
  localAsNoPrepend: false,
  localAsReplaceAs: false,
  allowAsIn: 0,
  asOverride: false,
  removePrivateAs: "no",
  enforceFirstAs: false,
  defaultOriginate: false,
  roleStrict: false,
  gracefulShutdown: true,
  blackhole: false,
  addPathReceive: false,
  addPathSend: 0,
  extendedMessage: true,
  extendedNextHop: false,
  gracefulRestart: true,
} as const satisfies PeerOptions;

type BuiltIn = typeof BUILT_IN_OPTIONS;

/** What holds for one peer. */
export class EffectiveOptions {
  readonly #layers: readonly OptionLayer[];

  /** Nearest layer first. */
  constructor(layers: readonly OptionLayer[]) {
    this.#layers = layers;
  }

  /** The value of the nearest layer that has one. */
  find<Key extends keyof PeerOptions>(key: Key): PeerOptions[Key] {
    return this.#layers.find(({ options }) => options[key] !== undefined)?.options[key];
  }

  /** Like find, but with the built-in value behind it. */
  get<Key extends keyof BuiltIn>(key: Key): NonNullable<PeerOptions[Key]> | BuiltIn[Key] {
    return this.find(key) ?? BUILT_IN_OPTIONS[key];
  }

  /** Where the value was written; undefined for built-in ones. */
  pathOf(key: keyof PeerOptions): Path | undefined {
    const layer = this.#layers.find(({ options }) => options[key] !== undefined);
    return layer && [...layer.path, key];
  }
}

/** Layers of groups and defaults. */
export class PeerGroups {
  readonly #groups: Readonly<Record<string, PeerGroupInput>>;
  readonly #defaults: PeerOptions;
  readonly #report: ConfigReport;

  constructor(groups: Readonly<Record<string, PeerGroupInput>>, defaults: PeerOptions, report: ConfigReport) {
    this.#groups = groups;
    this.#defaults = defaults;
    this.#report = report;
  }

  /** Reports groups that inherit from unknown groups or from themselves. */
  check(): void {
    for (const name of Object.keys(this.#groups)) this.#chain(name, ["peerGroups", name], true);
  }

  /** The options of a peer that has `own` options and may be in a group. An unknown group is reported at `groupPath`. */
  effective(own: readonly OptionLayer[], group: string | undefined, groupPath: Path): EffectiveOptions {
    const inherited = group === undefined ? [] : this.#chain(group, groupPath, false);
    return new EffectiveOptions([...own, ...inherited, { options: this.#defaults, path: ["defaults"] }]);
  }

  #chain(first: string, firstPath: Path, isCheck: boolean): readonly OptionLayer[] {
    const layers: OptionLayer[] = [];
    const seen: string[] = [];
    let name: string | undefined = first;
    let path = firstPath;
    while (name !== undefined) {
      if (seen.includes(name)) {
        if (isCheck && name === first)
          this.#report.fault(
            path,
            `the group inherits from itself: ${[...seen, name].join(" → ")}`,
            "break the circle",
          );
        return layers;
      }
      const group: PeerGroupInput | undefined = Object.hasOwn(this.#groups, name) ? this.#groups[name] : undefined;
      if (group === undefined) {
        this.#report.fault(path, `unknown peer group "${name}"`, this.#unknownHint(name));
        return layers;
      }
      layers.push({ options: group, path: ["peerGroups", name] });
      seen.push(name);
      path = ["peerGroups", name, "inherits"];
      name = group.inherits;
    }
    return layers;
  }

  #unknownHint(name: string): string {
    const names = Object.keys(this.#groups);
    const nearest = nearestHint(name, names);
    if (nearest !== "") return nearest;
    return names.length === 0 ? "there are no peerGroups" : `there are ${names.slice(0, 8).join(", ")}`;
  }
}
