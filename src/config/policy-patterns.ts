// Texts of conditions in a YAML policy → patterns of the AST: prefixes with ranges, numbers, communities and AS paths, with
// the names that the file gives to them.

import { formatPrefix, parsePrefix } from "../base/ip.js";
import { AsPathPattern, AsPathPatternError } from "../policy/as-path-pattern.js";
import type { CommunityPatterns, CommunityValues, NumberRange, PrefixRange } from "../policy/ast.js";
import {
  parseCommunity,
  parseCommunityPattern,
  parseExtendedCommunity,
  parseExtendedCommunityPattern,
  parseLargeCommunity,
  parseLargeCommunityPattern,
  parseNumberRange,
  WELL_KNOWN_COMMUNITIES,
} from "../policy/community.js";
import { nearestHint } from "../policy/nearest-name.js";
import { networkOf } from "./address-ranges.js";
import type { ConfigReport } from "./config-report.js";
import type { PrefixEntry } from "./policy-schema.js";
import type { Path } from "./yaml-source.js";

export type CommunityKind = CommunityValues["kind"];

/** Named patterns of the file. */
export interface PatternNames {
  readonly prefixSets: Readonly<Record<string, readonly PrefixEntry[]>>;
  readonly asPathPatterns: Readonly<Record<string, string | number>>;
  readonly communityNames: Readonly<Record<string, string>>;
}

const EXAMPLES: Readonly<Record<CommunityKind, string>> = {
  communities: "for example 65000:100, 65000:* or no-export",
  largeCommunities: "for example 65000:1:2 or 65000:1:*",
  extendedCommunities: "for example rt:65000:100 or soo:192.0.2.1:7",
};

/** Reads patterns; what cannot be read is reported and left out. */
export class PatternReader {
  readonly #names: PatternNames;
  readonly #report: ConfigReport;

  constructor(names: PatternNames, report: ConfigReport) {
    this.#names = names;
    this.#report = report;
  }

  /** Reports faults of named patterns that no policy uses. */
  checkNames(): void {
    for (const [name, entries] of Object.entries(this.#names.prefixSets)) {
      entries.forEach((entry, i) => this.prefixRange(entry, ["prefixSets", name, i]));
    }
    for (const [name, pattern] of Object.entries(this.#names.asPathPatterns))
      this.#checkAsPath(String(pattern), ["asPathPatterns", name]);
    for (const [name, text] of Object.entries(this.#names.communityNames)) {
      const isKnown = [parseCommunityPattern, parseLargeCommunityPattern, parseExtendedCommunityPattern].some((parse) =>
        parse(text),
      );
      if (!isKnown) this.#report.fault(["communityNames", name], `"${text}" is no community`, EXAMPLES.communities);
    }
  }

  prefixRange(entry: PrefixEntry, path: Path): readonly PrefixRange[] {
    if (typeof entry !== "string") return this.#range(entry.prefix, entry.ge, entry.le, path);
    const match = /^(\S+)(?:\s+ge\s+(\d{1,3}))?(?:\s+le\s+(\d{1,3}))?$/.exec(entry.trim());
    const prefix = parsePrefix(match?.[1] ?? "");
    if (match === null || prefix === undefined) {
      const network = networkOf(match?.[1] ?? "");
      if (network !== undefined)
        this.#report.fault(path, `"${match?.[1]}" has bits set beyond its length`, `the network is ${network.network}`);
      else
        this.#report.fault(path, `"${entry}" is not a prefix`, 'for example "10.0.0.0/8" or "10.0.0.0/8 ge 24 le 28"');
      return [];
    }
    const bound = (text: string | undefined): number | undefined => (text === undefined ? undefined : Number(text));
    return this.#range(prefix, bound(match[2]), bound(match[3]), path);
  }

  #range(
    prefix: PrefixRange["prefix"],
    ge: number | undefined,
    le: number | undefined,
    path: Path,
  ): readonly PrefixRange[] {
    const bits = prefix.bytes.length * 8;
    const least = ge ?? prefix.length;
    const greatest = le ?? (ge === undefined ? prefix.length : bits);
    if (least >= prefix.length && least <= greatest && greatest <= bits) return [{ prefix, least, greatest }];
    const order = `${prefix.length} ≤ ge ≤ le ≤ ${bits}`;
    this.#report.fault(path, `the lengths ${least} to ${greatest} do not fit ${formatPrefix(prefix)}`, order);
    return [];
  }

  /** All ranges of a named set. */
  prefixSet(name: string, path: Path): readonly PrefixRange[] {
    const entries = lookup(this.#names.prefixSets, name);
    if (entries !== undefined) return entries.flatMap((entry, i) => this.prefixRange(entry, ["prefixSets", name, i]));
    this.#report.fault(path, `unknown prefix set "${name}"`, nearestHint(name, Object.keys(this.#names.prefixSets)));
    return [];
  }

  /** An AS number or a range of them. */
  asNumbers(entry: number | string, path: Path): readonly NumberRange[] {
    const range = typeof entry === "number" ? ([entry, entry] as const) : parseNumberRange(entry, 0xffffffff);
    if (range !== undefined && range[0] > 0) return [range];
    this.#report.fault(path, `"${entry}" is no AS number and no range of them`, "for example 65000 or 64512-65534");
    return [];
  }

  /** The text of an AS path pattern, or of the one with this name; undefined after a fault. */
  asPath(entry: number | string, path: Path): string | undefined {
    const text = String(entry);
    if (!/^[A-Za-z]/.test(text)) return this.#checkAsPath(text, path) ? text : undefined;
    const named = lookup(this.#names.asPathPatterns, text);
    if (named !== undefined)
      return this.#checkAsPath(String(named), ["asPathPatterns", text]) ? String(named) : undefined;
    this.#report.fault(
      path,
      `unknown AS path pattern "${text}"`,
      nearestHint(text, Object.keys(this.#names.asPathPatterns)),
    );
    return undefined;
  }

  #checkAsPath(text: string, path: Path): boolean {
    try {
      new AsPathPattern(text);
      return true;
    } catch (error) {
      if (!(error instanceof AsPathPatternError)) throw error;
      this.#report.fault(
        path,
        `AS path pattern "${text}", character ${error.at + 1}: ${error.message}`,
        'for example "^65001 .* 65010$"',
      );
      return false;
    }
  }

  communityPatterns(kind: CommunityKind, texts: readonly string[], pathOf: (index: number) => Path): CommunityPatterns {
    switch (kind) {
      case "communities":
        return { kind: "communityPatterns", patterns: this.#each(kind, texts, pathOf, parseCommunityPattern) };
      case "largeCommunities":
        return {
          kind: "largeCommunityPatterns",
          patterns: this.#each(kind, texts, pathOf, parseLargeCommunityPattern),
        };
      case "extendedCommunities":
        return {
          kind: "extendedCommunityPatterns",
          patterns: this.#each(kind, texts, pathOf, parseExtendedCommunityPattern).flat(),
        };
    }
  }

  communityValues(kind: CommunityKind, texts: readonly string[], pathOf: (index: number) => Path): CommunityValues {
    switch (kind) {
      case "communities":
        return { kind, values: this.#each(kind, texts, pathOf, parseCommunity) };
      case "largeCommunities":
        return { kind, values: this.#each(kind, texts, pathOf, parseLargeCommunity) };
      case "extendedCommunities":
        return { kind, values: this.#each(kind, texts, pathOf, parseExtendedCommunity) };
    }
  }

  #each<Value>(
    kind: CommunityKind,
    texts: readonly string[],
    pathOf: (index: number) => Path,
    parse: (text: string) => Value | undefined,
  ): readonly Value[] {
    return texts.flatMap((text, i) => {
      const value = parse(lookup(this.#names.communityNames, text) ?? text);
      if (value !== undefined) return [value];
      const names = [...Object.keys(this.#names.communityNames), ...Object.keys(WELL_KNOWN_COMMUNITIES)];
      const hint = /^[a-z]/i.test(text) && !text.includes(":") ? nearestHint(text, names) : "";
      this.#report.fault(
        pathOf(i),
        `"${text}" is not allowed among ${NAMES[kind]} here`,
        hint === "" ? EXAMPLES[kind] : hint,
      );
      return [];
    });
  }
}

const NAMES: Readonly<Record<CommunityKind, string>> = {
  communities: "communities",
  largeCommunities: "large communities",
  extendedCommunities: "extended communities",
};

function lookup<Value>(table: Readonly<Record<string, Value>>, name: string): Value | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}
