import fc from "fast-check";
import t from "tap";
import { asPathLength, firstAs, isPresent, matchesShellPattern, originAs } from "../../src/policy/values.js";
import { nearestHint } from "../../src/policy/nearest-name.js";
import { samplePeer, sampleRoute, sequence } from "./sample-route.js";

t.test("an AS_SET counts one hop, confederation segments none", (t) => {
  t.equal(asPathLength([]), 0);
  t.equal(asPathLength([...sequence(1, 2, 3), { type: 1, asNumbers: [4, 5] }]), 4);
  t.equal(asPathLength([{ type: 3, asNumbers: [1, 2] }, { type: 4, asNumbers: [3] }, ...sequence(9)]), 1);
  t.end();
});

t.test("first and origin AS are those of sequences only", (t) => {
  t.equal(firstAs(sequence(1, 2)), 1);
  t.equal(originAs(sequence(1, 2)), 2);
  t.equal(originAs([...sequence(1), { type: 1, asNumbers: [7] }]), undefined);
  t.equal(firstAs([{ type: 1, asNumbers: [7] }]), undefined);
  t.equal(firstAs([]), undefined);
  t.end();
});

t.test("shell patterns match whole texts", (t) => {
  const rows: readonly [string, string, boolean][] = [
    ["eth0", "eth0", true],
    ["eth0", "eth01", false],
    ["cali*", "cali12ab", true],
    ["cali*", "xcali", false],
    ["*", "", true],
    ["?", "", false],
    ["tor-?-*", "tor-1-a", true],
    ["*a*b*c", "xxaxxbxxc", true],
    ["*a*b*c", "xxaxxbxxcx", false],
    ["a\\*", "a*", true],
    ["a\\*", "ab", false],
  ];
  for (const [pattern, text, expected] of rows)
    t.equal(matchesShellPattern(pattern, text), expected, `${pattern} ~ ${text}`);
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom("a", "b", "*", "?") }),
      fc.string({ unit: fc.constantFrom("a", "b") }),
      (pattern, text) => {
        const expression = new RegExp(`^${pattern.replaceAll("*", ".*").replaceAll("?", ".")}$`);
        return matchesShellPattern(pattern, text) === expression.test(text);
      },
    ),
  );
  t.end();
});

t.test("what a route lacks is absent", (t) => {
  const bare = sampleRoute({ nextHop: new Uint8Array(0), from: "static" });
  for (const field of [
    "med",
    "localPref",
    "nextHop",
    "communities",
    "asPath",
    "peer.as",
    "learnedFrom.name",
    "learnedFrom.isEbgp",
  ] as const) {
    t.notOk(isPresent(bare, field), field);
  }
  const full = sampleRoute({ med: 0, learnedFrom: samplePeer(), asPath: sequence(1) });
  for (const field of [
    "prefix",
    "source",
    "med",
    "nextHop",
    "asPath",
    "peer.as",
    "learnedFrom.name",
    "peer.isEbgp",
  ] as const) {
    t.ok(isPresent(full, field), field);
  }
  t.end();
});

t.test("the nearest name is offered, an unrelated one is not", (t) => {
  const names = ["holdTimeSeconds", "importPolicy", "exportPolicy", "peers"];
  t.equal(nearestHint("holdtimeseconds", names), 'did you mean "holdTimeSeconds"?');
  t.equal(nearestHint("improtPolicy", names), 'did you mean "importPolicy"?');
  t.equal(nearestHint("pears", names), 'did you mean "peers"?');
  t.equal(nearestHint("bandwidth", names), "");
  t.end();
});
