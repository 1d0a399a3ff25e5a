// Which interfaces and addresses a list of patterns means.

import t from "tap";
import { parseAddress } from "../../src/base/ip.js";
import { matchesPatterns } from "../../src/speaker/interface-pattern.js";

const ROWS: readonly (readonly [
  patterns: readonly string[],
  name: string,
  address: string | undefined,
  wanted: boolean,
])[] = [
  [["eth*"], "eth0", "10.0.0.1", true],
  [["eth*"], "bond0", "10.0.0.1", false],
  [["!bond*", "!cali*", "!kube-ipvs*", "*"], "eth0", "10.0.0.1", true],
  [["!bond*", "!cali*", "!kube-ipvs*", "*"], "cali12ab", "10.0.0.1", false],
  [["!bond*", "!cali*", "!kube-ipvs*", "*"], "kube-ipvs0", "10.0.0.1", false],
  [["*", "!eth0"], "eth0", "10.0.0.1", true],
  [["eth?"], "eth10", "10.0.0.1", false],
  [["e.h0"], "eth0", "10.0.0.1", false],
  [["!eth*"], "lo", "10.0.0.1", true],
  [["!eth*", "!*"], "lo", "10.0.0.1", false],
  [[], "eth0", "10.0.0.1", false],
  [["10.0.0.0/8"], "eth0", "10.0.0.1", true],
  [["10.0.0.0/8"], "eth0", "192.0.2.1", false],
  [["10.0.0.0/8"], "eth0", "2001:db8::1", false],
  [["10.0.0.0/8"], "eth0", undefined, false],
  [["2001:db8::/32"], "eth0", "2001:db8::1", true],
  [["eth* 10.0.0.0/8"], "eth0", "10.0.0.1", true],
  [["eth* 10.0.0.0/8"], "eth0", "192.0.2.1", false],
  [["eth* 10.0.0.0/8"], "lo", "10.0.0.1", false],
  [["!eth* 10.9.0.0/16", "eth* 10.0.0.0/8"], "eth0", "10.9.0.1", false],
  [["!10.9.0.0/16", "eth*"], "eth0", "10.9.0.1", false],
  [["!10.9.0.0/16", "eth*"], "eth0", "10.8.0.1", true],
  [["0.0.0.0/0"], "eth0", "10.8.0.1", true],
];

for (const [patterns, name, text, wanted] of ROWS) {
  const address = text === undefined ? undefined : parseAddress(text)?.bytes;
  t.equal(matchesPatterns(name, patterns, address), wanted, `${name} ${text ?? ""} by ${patterns.join(", ")}`);
}
