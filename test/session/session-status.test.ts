import t from "tap";
import { FSM_STATES } from "../../src/session/fsm-types.js";
import { describeSituation, endpoint, type SituationFacts } from "../../src/session/session-status.js";
import { address } from "../support/memory-network.js";

const FACTS: SituationFacts = {
  state: "Idle",
  adminDown: false,
  adminText: "",
  passive: false,
  remoteAddress: address("10.0.0.2"),
  remotePort: 179,
  waitMs: 3001,
  lastError: "no route to host 10.0.0.2",
};

const ROWS: readonly { readonly given: Partial<SituationFacts>; readonly then: string }[] = [
  { given: {}, then: "waiting 4 s before the next attempt; last: no route to host 10.0.0.2" },
  { given: { waitMs: undefined, lastError: undefined }, then: "waiting for the next attempt" },
  { given: { state: "Active" }, then: "waiting 4 s before the next attempt; last: no route to host 10.0.0.2" },
  { given: { state: "Active", passive: true, lastError: undefined }, then: "passive: waiting for the peer to connect" },
  { given: { state: "Connect" }, then: "connecting to 10.0.0.2 port 179; last: no route to host 10.0.0.2" },
  { given: { state: "OpenSent", lastError: undefined }, then: "connected, waiting for the peer's OPEN" },
  {
    given: { state: "OpenSent", lastError: undefined, drops: "the kernel dropped 2 segments" },
    then: "connected, waiting for the peer's OPEN; meanwhile the kernel dropped 2 segments",
  },
  {
    given: { state: "Connect", lastError: undefined, delayOpenMs: 4001 },
    then: "connected, the peer has 5 s to send its OPEN before ours goes",
  },
  {
    given: { state: "Active", passive: true, delayOpenMs: 1000 },
    then: "connected, the peer has 1 s to send its OPEN before ours goes; last: no route to host 10.0.0.2",
  },
  {
    given: { state: "Active", passive: true, drops: "the kernel dropped 2 segments" },
    then: "passive: waiting for the peer to connect; meanwhile the kernel dropped 2 segments; last: no route to host 10.0.0.2",
  },
  { given: { state: "OpenConfirm", lastError: undefined }, then: "OPEN accepted, waiting for the peer's KEEPALIVE" },
  { given: { state: "Established" }, then: "Established" },
  { given: { adminDown: true }, then: "administratively down" },
  { given: { adminDown: true, adminText: "drained" }, then: "administratively down: drained" },
];

for (const { given, then } of ROWS) {
  t.equal(describeSituation({ ...FACTS, ...given }), then, `${given.state ?? "Idle"} ${JSON.stringify(given)}`);
}

t.test("no state is without words", (t) => {
  for (const state of FSM_STATES) t.ok(describeSituation({ ...FACTS, state, lastError: undefined }).length > 0, state);
  t.end();
});

t.equal(endpoint(address("fe80::1%eth0"), 1790), "fe80::1%eth0 port 1790");
