// What users get wrong in policies: each row is a file and the exact lines they are shown.

import t from "tap";
import { formatConfigErrors } from "../../src/config/config-error.js";
import { parseConfig } from "../../src/config/parse-yaml.js";

const HEAD = "routerId: 192.0.2.1\nas: 65000\n";

interface Row {
  readonly name: string;
  readonly text: string;
  /** `line:column: message (hint)`, without the file. */
  readonly errors: readonly string[];
}

const POLICY = "policies:\n  p:\n    - ";

const ROWS: readonly Row[] = [
  {
    name: "an action that is none",
    text: `${HEAD}${POLICY}action: acept\n`,
    errors: ['5:15: expected "accept", "reject", "next" or "nextPolicy", not "acept" (did you mean "accept"?)'],
  },
  {
    name: "a condition that is none",
    text: `${HEAD}${POLICY}match: {comunity: no-export}\n`,
    errors: ['5:15: unknown key "comunity" (did you mean "community"?)'],
  },
  {
    name: "a policy with a built-in name",
    text: `${HEAD}policies: {accept: []}\n`,
    errors: ['3:12: the policy "accept" is built in (choose another name)'],
  },
  {
    name: "a rule that is never reached",
    text: `${HEAD}${POLICY}action: accept\n    - action: reject\n`,
    errors: ["6:15: never reached (accept comes before it and ends every route's way here)"],
  },
  {
    name: "a default that is never reached",
    text: `${HEAD}policies:\n  p:\n    rules: [{action: reject}]\n    default: accept\n`,
    errors: ["6:14: never reached (reject comes before it and ends every route's way here)"],
  },
  { name: "a call of an unknown policy", text: `${HEAD}${POLICY}call: q\n`, errors: ['5:13: unknown policy "q"'] },
  {
    name: "a call of itself",
    text: `${HEAD}${POLICY}call: p\n`,
    errors: ['5:13: policy "p" calls itself: p → p (break the circle)'],
  },
  {
    name: "an unknown prefix set",
    text: `${HEAD}prefixSets: {pods: []}\n${POLICY}match: {prefixSet: pod}\n      action: accept\n`,
    errors: ['6:26: unknown prefix set "pod" (did you mean "pods"?)'],
  },
  {
    name: "a prefix with host bits in a condition",
    text: `${HEAD}${POLICY}match: {prefix: 10.0.0.1/8 le 24}\n      action: accept\n`,
    errors: ['5:23: "10.0.0.1/8" has bits set beyond its length (the network is 10.0.0.0/8)'],
  },
  {
    name: "lengths in the wrong order",
    text: `${HEAD}prefixSets:\n  s:\n    - 10.0.0.0/8\n    - 10.0.0.0/16 ge 12\n`,
    errors: ["6:7: the lengths 12 to 32 do not fit 10.0.0.0/16 (16 ≤ ge ≤ le ≤ 32)"],
  },
  {
    name: "a length beyond the family's",
    text: `${HEAD}prefixSets:\n  s: [{prefix: 10.0.0.0/8, le: 64}]\n`,
    errors: ["4:7: the lengths 8 to 64 do not fit 10.0.0.0/8 (8 ≤ ge ≤ le ≤ 32)"],
  },
  {
    name: "a broken AS path pattern",
    text: `${HEAD}${POLICY}match: {asPath: "^65001 ("}\n      action: accept\n`,
    errors: ['5:23: AS path pattern "^65001 (", character 9: ")" is missing (for example "^65001 .* 65010$")'],
  },
  {
    name: "a pattern over digits",
    text: `${HEAD}asPathPatterns: {x: "^[0-9]+$"}\n`,
    errors: [
      '3:21: AS path pattern "^[0-9]+$", character 3: AS 0 is in no path; terms are whole AS numbers, any AS is "." (for example "^65001 .* 65010$")',
    ],
  },
  {
    name: "an unknown AS path pattern",
    text: `${HEAD}${POLICY}match: {asPath: spine}\n      action: accept\n`,
    errors: ['5:23: unknown AS path pattern "spine"'],
  },
  {
    name: "a community out of range",
    text: `${HEAD}${POLICY}match: {community: [no-export, "65536:1"]}\n      action: accept\n`,
    errors: ['5:38: "65536:1" is not allowed among communities here (for example 65000:100, 65000:* or no-export)'],
  },
  {
    name: "a misspelt well-known community",
    text: `${HEAD}${POLICY}match: {community: noexport}\n      action: accept\n`,
    errors: ['5:26: "noexport" is not allowed among communities here (did you mean "no-export"?)'],
  },
  {
    name: "a wildcard where a value is needed",
    text: `${HEAD}${POLICY}set: {communities: {add: "65000:*"}}\n`,
    errors: ['5:32: "65000:*" is not allowed among communities here (for example 65000:100, 65000:* or no-export)'],
  },
  {
    name: "a community of the wrong kind",
    text: `${HEAD}${POLICY}set: {largeCommunities: ["1:2"]}\n`,
    errors: ['5:32: "1:2" is not allowed among large communities here (for example 65000:1:2 or 65000:1:*)'],
  },
  {
    name: "a community name for nothing",
    text: `${HEAD}communityNames: {x: hello}\n`,
    errors: ['3:21: "hello" is no community (for example 65000:100, 65000:* or no-export)'],
  },
  {
    name: "an empty comparison",
    text: `${HEAD}${POLICY}match: {med: {}}\n      action: accept\n`,
    errors: ["5:20: neither ge nor le is given (for example {ge: 1, le: 5})"],
  },
  {
    name: "a comparison that nothing fits",
    text: `${HEAD}${POLICY}match: {med: {ge: 5, le: 4}}\n      action: accept\n`,
    errors: ["5:20: nothing lies between 5 and 4 (ge ≤ le)"],
  },
  {
    name: "a question about no peer",
    text: `${HEAD}${POLICY}match: {peer: {}}\n      action: accept\n`,
    errors: ["5:21: nothing is asked of the peer (address, name, group, as or type)"],
  },
  {
    name: "an AS range that is none",
    text: `${HEAD}${POLICY}match: {originAs: 5-3}\n      action: accept\n`,
    errors: ['5:25: "5-3" is no AS number and no range of them (for example 65000 or 64512-65534)'],
  },
  {
    name: "an empty any",
    text: `${HEAD}${POLICY}match: {any: []}\n      action: accept\n`,
    errors: ["5:20: must have at least 1 entry"],
  },
  {
    name: "AS 0 prepended",
    text: `${HEAD}${POLICY}set: {prepend: {as: 0}}\n`,
    errors: ["5:27: AS 0 is reserved (RFC 7607) (1 to 4294967294)"],
  },
];

for (const { name, text, errors } of ROWS) {
  t.test(`${name}: the place and the remedy are told`, (t) => {
    const result = parseConfig(text, "node.yaml");
    const lines = "errors" in result ? formatConfigErrors(result.errors).split("\n") : ["accepted"];
    t.same(
      lines,
      errors.map((line) => `node.yaml:${line}`),
    );
    t.end();
  });
}
