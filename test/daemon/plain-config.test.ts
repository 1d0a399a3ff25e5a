// A configuration that travels between processes arrives as it left.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { parseConfig, type ParsedConfig } from "../../src/config/parse-yaml.js";
import type { PeerConfig, SpeakerConfig } from "../../src/config/speaker-config.js";
import { fromPlainConfig, toPlainConfig } from "../../src/daemon/plain-config.js";
import { ACCEPT_ALL, type Filter, REJECT_ALL } from "../../src/policy/route.js";
import { ScriptFilters } from "../../src/policy/script-filters.js";
import type { Script, ScriptTable } from "../../src/policy/script-ast.js";
import { sampleRoute } from "../policy/sample-route.js";
import { ROOT } from "../support/root.js";

const EXAMPLES = join(ROOT, "config");

function parse(text: string, file: string): ParsedConfig {
  const result = parseConfig(text, file, { node: "node-1" });
  if ("errors" in result) throw new Error(`${file}: ${result.errors.map(({ message }) => message).join(", ")}`);
  return result;
}

async function travel({ config, policies }: ParsedConfig): Promise<SpeakerConfig> {
  return fromPlainConfig(structuredClone(toPlainConfig(config, policies)));
}

/** A filter as far as two of them can be compared. */
function comparable({ readsPrefix, readsPeer, identity, policies }: Filter): unknown {
  return { readsPrefix, readsPeer, identity, policies };
}

function comparablePeer(peer: PeerConfig): unknown {
  return { ...peer, importPolicy: comparable(peer.importPolicy), exportPolicy: comparable(peer.exportPolicy) };
}

function comparableConfig(config: SpeakerConfig): unknown {
  return {
    ...config,
    peers: config.peers.map(comparablePeer),
    dynamicPeers: config.dynamicPeers.map((range) => ({ ...range, template: comparablePeer(range.template) })),
    kernel: { ...config.kernel, exportPolicy: comparable(config.kernel.exportPolicy) },
  };
}

t.test("every example", async (t) => {
  const files = readdirSync(EXAMPLES).filter((name) => name.endsWith(".yaml"));
  t.ok(files.length >= 6, `${files.length} examples`);
  for (const file of files) {
    const parsed = parse(readFileSync(join(EXAMPLES, file), "utf8"), file);
    t.strictSame(comparableConfig(await travel(parsed)), comparableConfig(parsed.config), file);
  }
});

const WITH_POLICIES = `
routerId: 10.0.0.1
as: 64512
prefixSets:
  ours: [10.0.0.0/8, 2001:db8::/32]
asPathPatterns:
  upstream: "^64600"
communityNames:
  far: 64512:7
policies:
  inner:
    - match: { prefixSet: ours, community: far }
      set: { localPref: 300 }
  outer:
    - call: inner
    - match: { asPath: upstream }
      action: accept
kernel: { exportPolicy: [inner, outer] }
peerGroups:
  pods: { as: 64512, exportPolicy: outer }
peers:
  - { address: 10.0.0.2, as: 64600, importPolicy: [inner, outer], exportPolicy: accept }
  - { address: 10.0.0.3, as: 64600, importPolicy: [inner, outer] }
  - { address: "2001:db8::4", as: 64601, localAs: 64599, importPolicy: [inner, outer], exportPolicy: reject }
dynamicPeers:
  - { prefix: 10.1.0.0/16, group: pods }
`;

t.test("filters are made of the same policies, and peers that shared one share one", async (t) => {
  const parsed = parse(WITH_POLICIES, "policies.yaml");
  const config = await travel(parsed);
  t.strictSame(comparableConfig(config), comparableConfig(parsed.config));
  const [first, second, third] = config.peers;
  t.equal(first.importPolicy, second.importPolicy);
  t.not(first.importPolicy, third.importPolicy, "another AS of ours, another filter");
  t.equal(first.exportPolicy, ACCEPT_ALL, "the RIB knows this one by itself");
  t.equal(second.exportPolicy, REJECT_ALL, "RFC 8212");
  t.strictSame(second.missingPolicy, ["export"]);
});

const AT = { file: "bird.cfg", line: 3, column: 1 };
const script = (name: string, med: number): Script => ({
  name,
  at: AT,
  parameters: [],
  locals: [],
  body: [
    { kind: "evaluate", expression: { kind: "apply", script: "common", operands: [] }, at: AT },
    { kind: "setAttribute", attribute: "med", value: { kind: "value", value: { type: "int", value: med } }, at: AT },
    { kind: "print", values: [{ kind: "attribute", attribute: "prefix" }], then: "accept", at: AT },
  ],
});

t.test("filters made of scripts travel with their functions, and equal ones are one filter afterwards", async (t) => {
  const { config, policies } = parse(WITH_POLICIES, "policies.yaml");
  const common: Script = { ...script("common", 0), body: [] };
  const scripts: ScriptTable = new Map(
    [common, script("export of a", 1), script("export of b", 1), script("export of c", 2)].map(
      (s) => [s.name, s] as const,
    ),
  );
  const filters = new ScriptFilters({ scripts, log: () => undefined });
  const [first, second, third] = config.peers;
  const peers = [
    { ...first, exportPolicy: filters.filter("export of a") },
    { ...second, exportPolicy: filters.filter("export of b") },
    { ...third, exportPolicy: filters.filter("export of c") },
  ];
  const words: string[] = [];
  const plain = structuredClone(toPlainConfig({ ...config, peers }, policies, scripts));
  const arrived = await fromPlainConfig(plain, (kind, text) => words.push(`${kind} ${text}`));
  const [a, b, c] = arrived.peers.map(({ exportPolicy }) => exportPolicy);
  t.equal(a, b);
  t.not(a, c);
  t.equal(c.identity, peers[2].exportPolicy.identity);
  t.equal(a.script, "export of a");
  t.strictSame(arrived.peers[0].importPolicy.policies, ["inner", "outer"], "policies travel beside them");
  t.equal(a(sampleRoute()).accept, true);
  t.same(words, ["print 10.1.0.0/16"]);
});
