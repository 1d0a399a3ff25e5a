// The words that generated filters are made of: types, variables, functions, attributes that can be read and written,
// and values for sets.

import type { ScriptAttribute, ScriptType, ScriptValue, ScriptVariable } from "../../../src/policy/script-ast.js";

/** Types that expressions are made of here. */
export const TYPES = [
  "bool",
  "int",
  "pair",
  "ip",
  "prefix",
  "string",
  "path",
  "communityList",
  "extendedCommunity",
  "extendedCommunityList",
  "largeCommunity",
  "largeCommunityList",
  "quad",
  "enum",
] as const satisfies readonly ScriptType[];
export type MadeType = (typeof TYPES)[number];

export const AT = { file: "filters", line: 1, column: 1 };

/** Locals and parameters: two of some types each. */
const VARIABLE_TYPES = ["bool", "int", "pair", "ip", "path", "communityList", "string"] as const;

export function variables(prefix: string, from: number): readonly ScriptVariable[] {
  return VARIABLE_TYPES.map((type, i) => ({ name: `${prefix}${i}`, type, slot: from + i }));
}

export const LOCALS = variables("local", 0);

/** The functions that filters may apply: their parameters are declared, their bodies are generated. */
export const FUNCTIONS: readonly { readonly name: string; readonly parameters: readonly ScriptVariable[] }[] = [
  { name: "first_function", parameters: [] },
  {
    name: "second_function",
    parameters: [
      { name: "number", type: "int", slot: 0 },
      { name: "truth", type: "bool", slot: 1 },
    ],
  },
];

export const READABLE: Readonly<Record<MadeType, readonly ScriptAttribute[]>> = {
  bool: [],
  int: ["preference", "med", "localPref", "kernelMetric", "igpMetric", "origin"],
  pair: [],
  ip: ["gateway", "from", "nextHop"],
  prefix: ["prefix"],
  string: ["protocolName", "interfaceName"],
  path: ["asPath"],
  communityList: ["communities", "clusterList"],
  extendedCommunity: [],
  extendedCommunityList: ["extendedCommunities"],
  largeCommunity: [],
  largeCommunityList: ["largeCommunities"],
  quad: ["originatorId"],
  enum: ["source", "scope", "destination"],
};

export const WRITABLE: readonly (readonly [ScriptAttribute, MadeType])[] = [
  ["preference", "int"],
  ["med", "int"],
  ["localPref", "int"],
  ["kernelMetric", "int"],
  ["igpMetric", "int"],
  ["nextHop", "ip"],
  ["from", "ip"],
  ["asPath", "path"],
  ["communities", "communityList"],
  ["clusterList", "communityList"],
  ["extendedCommunities", "extendedCommunityList"],
  ["largeCommunities", "largeCommunityList"],
  ["originatorId", "quad"],
  ["originatorId", "ip"],
  ["originatorId", "int"],
];

export const UNSETTABLE: readonly ScriptAttribute[] = [
  "med",
  "localPref",
  "kernelMetric",
  "communities",
  "extendedCommunities",
  "largeCommunities",
  "originatorId",
  "clusterList",
  "atomicAggregate",
];

export type SetType = "int" | "pair" | "ip" | "enum" | "extendedCommunity" | "largeCommunity";

export const ADDRESSES = [
  Uint8Array.of(10, 0, 0, 0),
  Uint8Array.of(10, 1, 0, 0),
  Uint8Array.of(0, 0, 0, 0),
  Uint8Array.of(192, 0, 2, 1),
  Uint8Array.of(1, 2, 3, 4),
];

const NUMBERS = [0, 1, 2, 24, 100, 150, 200, 65001, 65002, 4294967295];

/** The point with that number, in ascending order. */
export function setPoint(type: SetType, n: number): ScriptValue {
  switch (type) {
    case "int":
      return int(NUMBERS[n]);
    case "pair":
      return { type, value: 0x00010000 + n };
    case "ip":
      return { type, bytes: Uint8Array.of(1, 2, 3, n) };
    case "enum":
      return { type, of: "source", value: n };
    case "extendedCommunity":
      return { type, value: [0x00020001, n] };
    case "largeCommunity":
      return { type, value: [1, 2, n] };
  }
}

export function int(value: number): ScriptValue {
  return { type: "int", value };
}
