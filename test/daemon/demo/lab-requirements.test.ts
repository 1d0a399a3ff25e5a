import t from "tap";
import { missingForNamespaces } from "../../../src/daemon/demo/lab-requirements.js";

t.test("without the native addon the laboratory of namespaces is not tried, and the addon is named", async (t) => {
  const missing = missingForNamespaces("never-made", { missing: "sys.node is missing" });
  t.match(missing[0], /native addon/);
});
