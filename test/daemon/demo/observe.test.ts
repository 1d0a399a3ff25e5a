// Reading prefixes from the output of `ip route`.

import t from "tap";
import { unicastPrefixes } from "../../../src/daemon/demo/observe.js";

t.test(
  "prefixes of unicast routes are found, host routes with their length, blackholes and continuations are not",
  (t) => {
    const output = [
      "blackhole 10.244.1.0/26 ",
      "10.244.1.40 via 10.0.0.13 dev eth0 ",
      "10.244.2.0/26 via 10.0.0.12 dev eth0 metric 32",
      "10.244.3.0/26 ",
      "\tnexthop via 10.0.0.13 dev eth0 weight 1 ",
      "",
    ].join("\n");
    t.strictSame(unicastPrefixes(output), ["10.244.1.40/32", "10.244.2.0/26", "10.244.3.0/26"]);
    t.end();
  },
);

t.test("IPv6 prefixes likewise", (t) => {
  const output =
    "blackhole fd00:244:1::/122 dev lo metric 1024 pref medium\nfd00:244:1::40 via fd00:10::13 dev eth0 metric 1024 pref medium\n";
  t.strictSame(unicastPrefixes(output), ["fd00:244:1::40/128"]);
  t.end();
});

t.test("an empty table has no prefixes", (t) => {
  t.strictSame(unicastPrefixes(""), []);
  t.end();
});
