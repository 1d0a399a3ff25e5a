// The command line of birdcl and birdcl6.

import t from "tap";
import { type ClientOptions, readClientOptions } from "../../../src/bird/client/options.js";

const BARE: ClientOptions = {
  socket: "/var/run/calico/bird.ctl",
  codes: false,
  restricted: false,
  command: undefined,
};

const TALKS: readonly [words: readonly string[], options: ClientOptions][] = [
  [[], BARE],
  [["-s", "/x", "show", "status"], { ...BARE, socket: "/x", command: "show status" }],
  [["-s/x", "-vr"], { ...BARE, socket: "/x", codes: true, restricted: true }],
  [["show", "route", "-s", "/x", "all"], { ...BARE, socket: "/x", command: "show route all" }],
  [["-l"], { ...BARE, socket: "bird.ctl" }],
  [["-l", "-s", "/x"], { ...BARE, socket: "/x" }],
  [["--", "-v"], { ...BARE, command: "-v" }],
  [["show protocols", '"M*"'], { ...BARE, command: 'show protocols "M*"' }],
  [["show status\ndown"], { ...BARE, command: "show status down" }],
];

for (const [words, options] of TALKS) {
  t.test(`birdcl ${words.join(" ")}`, async (t) => {
    t.strictSame(readClientOptions("birdcl", words), { kind: "talk", options });
  });
}

t.test("birdcl6 asks the other daemon", async (t) => {
  t.match(readClientOptions("/bin/birdcl6", []), { options: { socket: "/var/run/calico/bird6.ctl" } });
  t.match(readClientOptions("birdcl6", ["-l"]), { options: { socket: "bird6.ctl" } });
});

t.test("words about itself", async (t) => {
  t.strictSame(readClientOptions("birdcl", ["--version"]), {
    kind: "words",
    text: "BIRD client v0.3.3+birdv1.6.8\n",
  });
  t.match(readClientOptions("birdcl", ["--help"]), { kind: "words", text: /^Usage: birdcl \[-s/ });
  t.match(readClientOptions("birdcl", ["-x"]), {
    kind: "refusal",
    text: /^birdcl: invalid option -- 'x'\nUsage: birdcl /,
  });
  t.match(readClientOptions("birdcl", ["-s"]), { kind: "refusal", text: /requires an argument -- 's'/ });
});
