// Every error text, and the place it names.

import t from "tap";
import { ERRORS, IPV6_ERRORS } from "./error-cases.js";
import { errorOf } from "./read.js";

void t.test("errors have BIRD's words and BIRD's places", (t) => {
  for (const [config, error] of ERRORS) t.equal(errorOf(config), error, config.slice(0, 200));
  for (const [config, error] of IPV6_ERRORS) t.equal(errorOf(config, 6), error, `IPv6: ${config}`);
  t.end();
});

void t.test("an error in an included file names that file", (t) => {
  const others = { "./y.cfg": "\nfilter f {\n  accept\n}" };
  t.equal(errorOf('include "y.cfg";', 4, others), "./y.cfg:4:1 syntax error");
  t.equal(errorOf('include "y.cfg";', 4, { "./y.cfg": 'include "y.cfg";' }), "./y.cfg:1:1 Max include depth reached");
  t.equal(errorOf('filter g {\n accept\ninclude "z.cfg";\n}', 4, { "./z.cfg": "" }), "x.cfg:4:1 syntax error");
  t.end();
});
