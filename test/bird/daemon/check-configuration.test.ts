// `bird -p`: exit code and words.

import { join } from "node:path";
import t from "tap";
import { checkConfiguration } from "../../../src/bird/daemon/check-configuration.js";
import { type BirdOptions, readBirdOptions } from "../../../src/bird/daemon/options.js";
import { ROOT } from "../../support/root.js";

function check(file: string, program = "bird"): { readonly code: number; readonly text: string } {
  const request = readBirdOptions(program, ["-p", "-c", file]);
  if (request.kind !== "run") throw new Error("not understood");
  const options: BirdOptions = request.options;
  let text = "";
  const code = checkConfiguration(options, { write: (more: string) => (text += more) });
  return { code, text };
}

t.test("good files, bad files, and what this speaker cannot do", async (t) => {
  t.same(check(join(ROOT, "proto-fixtures/bird/mesh/node1/bird.cfg")), { code: 0, text: "" });
  const folder = t.testdir({
    "bad.cfg": "protocol device { }\nprotocol bgp x {\n",
    "much.cfg": "protocol static {\n  route 10.0.0.0/8 recursive 10.1.1.1;\n}\n",
    "six.cfg": "protocol device { }\n",
  });
  t.match(check(join(folder, "bad.cfg")), { code: 1, text: /^bird: .*bad\.cfg:\d+:\d+ syntax error\n$/ });
  t.match(check(join(folder, "much.cfg")), { code: 1, text: /:2:\d+ Recursive static routes are not supported/ });
  t.match(check(join(folder, "six.cfg"), "bird6"), { code: 1, text: /^bird: .*Router ID must be configured manually/ });
  t.same(check("/nonexistent"), {
    code: 1,
    text: "bird: Unable to open configuration file /nonexistent: No such file or directory\n",
  });
});
