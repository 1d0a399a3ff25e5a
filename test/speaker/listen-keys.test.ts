// Passwords on listeners whose kernel has little room for them: who is refused, and what the user is told to do.

import t from "tap";
import { formatPrefix, type IpPrefix, parsePrefix } from "../../src/base/ip.js";
import { type Log, SILENT_LOG } from "../../src/base/log.js";
import { ListenKeys } from "../../src/speaker/listen-keys.js";
import type { Listener, Md5KeyProblem } from "../../src/speaker/ports.js";
import { address } from "../support/memory-network.js";

const KEY_BYTES = 144;

/** A listening socket whose kernel keeps keys up to `room` octets. */
class SmallListener implements Listener {
  readonly address;
  readonly port = 179;
  readonly keys = new Map<string, string>();
  room: number;
  refuses = "";

  constructor(text: string, room: number) {
    this.address = address(text);
    this.room = room;
  }

  setMd5Key(prefix: IpPrefix, key: string | undefined): Md5KeyProblem | undefined {
    const text = formatPrefix(prefix);
    if (text === this.refuses) return { words: "TCP MD5 password: EINVAL" };
    if (key === undefined) this.keys.delete(text);
    else if (!this.keys.has(text) && (this.keys.size + 1) * KEY_BYTES > this.room)
      return { words: "too many keys", optionMemoryBytes: this.room };
    else this.keys.set(text, key);
    return undefined;
  }

  close(): void {}
}

function prefixOf(text: string): IpPrefix {
  const prefix = parsePrefix(text);
  if (prefix === undefined) throw new Error(text);
  return prefix;
}

const peers = (count: number, key = "secret"): { prefix: IpPrefix; key: string }[] =>
  Array.from({ length: count }, (_, i) => ({ prefix: prefixOf(`10.0.${i >> 8}.${i & 255}/32`), key }));

function recorder(): { readonly log: Log; readonly errors: string[] } {
  const errors: string[] = [];
  return { log: { ...SILENT_LOG, error: (message) => errors.push(message) }, errors };
}

t.test("too many keys: one line says how many fit and what to do", (t) => {
  const { log, errors } = recorder();
  const keys = new ListenKeys(log);
  const listener = new SmallListener("10.0.0.254", 150 * KEY_BYTES + 7);
  keys.opened(listener);
  keys.set(peers(200));
  t.equal(listener.keys.size, 150);
  t.equal(errors.length, 1);
  t.match(
    errors[0],
    "not every TCP MD5 password fits on 10.0.0.254 port 179: 150 keys fit, 200 are configured, the other 50 peers are " +
      "refused when they connect: sysctl net.core.optmem_max=30720 (now 21607) and starling reload, or give one password " +
      "to a whole range with dynamicPeers, which needs one key",
  );
  t.ok(30720 >= 200 * KEY_BYTES, "what it says is enough");
  t.same(keys.problems, errors);
  t.equal(keys.demands(address("10.0.0.149")), true);
  t.equal(keys.demands(address("10.0.0.150")), false);
  keys.set(peers(200));
  t.equal(errors.length, 1, "it was said");
  listener.room = 30720;
  keys.set(peers(200));
  t.equal(listener.keys.size, 200, "what did not fit is tried again");
  t.same(keys.problems, []);
  t.equal(keys.demands(address("10.0.0.199")), true);
  t.end();
});

t.test("no room for a single key, room again after others have gone, one key for a range", (t) => {
  const { log, errors } = recorder();
  const keys = new ListenKeys(log);
  const listener = new SmallListener("0.0.0.0", 100);
  keys.set(peers(3));
  keys.opened(listener);
  t.match(errors[0], /0 keys fit, 3 are configured.*optmem_max=2048 \(now 100\)/);
  listener.room = 2 * KEY_BYTES;
  keys.set(peers(3));
  t.match(keys.problems, [/2 keys fit, 3 are configured, the other 1 peers/]);
  keys.set(peers(3).slice(1));
  t.same(keys.problems, []);
  t.same([...listener.keys.keys()], ["10.0.0.1/32", "10.0.0.2/32"]);
  keys.set([{ prefix: prefixOf("10.0.0.0/16"), key: "range" }]);
  t.same([...listener.keys], [["10.0.0.0/16", "range"]]);
  t.equal(keys.demands(address("10.0.200.1")), true);
  t.end();
});

t.test("each listener has the keys of its family; a changed or refused one counts", (t) => {
  const { log, errors } = recorder();
  const keys = new ListenKeys(log);
  const [first, second, other] = [
    new SmallListener("10.0.0.254", 9999),
    new SmallListener("10.1.0.254", 9999),
    new SmallListener("2001:db8::1", 9999),
  ];
  for (const listener of [first, second, other]) keys.opened(listener);
  keys.set([...peers(2), { prefix: prefixOf("2001:db8::9/128"), key: "six" }]);
  t.same([first.keys.size, second.keys.size, other.keys.size], [2, 2, 1]);
  t.equal(keys.demands(address("2001:db8::9")), true);
  t.equal(keys.demands(address("10.0.0.77")), false, "nobody's password");
  second.refuses = "10.0.0.1/32";
  keys.set(peers(2, "other"));
  t.same(errors, ["TCP MD5 password: EINVAL; its connections are refused"]);
  t.same([...first.keys.values()], ["other", "other"]);
  t.equal(keys.demands(address("10.0.0.0")), true);
  t.equal(keys.demands(address("10.0.0.1")), false, "one of the listeners would take the old one");
  keys.closed(second);
  t.equal(keys.demands(address("10.0.0.1")), true);
  t.end();
});

t.test("behind a peer whose password is refused the others have theirs", (t) => {
  const { log, errors } = recorder();
  const keys = new ListenKeys(log);
  const listener = new SmallListener("10.0.0.254", 9999);
  listener.refuses = "10.0.0.0/32";
  keys.opened(listener);
  keys.set(peers(3));
  t.same(errors, ["TCP MD5 password: EINVAL; its connections are refused"]);
  t.same([...listener.keys.keys()], ["10.0.0.1/32", "10.0.0.2/32"]);
  t.same(
    [0, 1, 2].map((i) => keys.demands(address(`10.0.0.${i}`))),
    [false, true, true],
  );
  t.end();
});

t.test("without the addon nobody with a password is let in", (t) => {
  const { log, errors } = recorder();
  const keys = new ListenKeys(log);
  keys.opened({ address: address("0.0.0.0"), port: 179, close: () => undefined });
  keys.set(peers(1));
  t.same(errors, ["TCP MD5 passwords need the native addon; its connections are refused"]);
  t.equal(keys.demands(address("10.0.0.0")), false);
  t.end();
});
