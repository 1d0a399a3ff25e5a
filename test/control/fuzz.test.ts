// Whatever comes over the control socket: an answer or a RequestError, never another exception, never an undone promise.

import fc from "fast-check";
import t from "tap";
import { LineSplitter } from "../../src/control/line-splitter.js";
import { METHODS } from "../../src/control/methods.js";
import { MAX_REQUEST_BYTES, parseRequest, parseResponse, RequestError } from "../../src/control/protocol.js";
import { fakeTarget } from "./snapshots.js";

/** What `run` gives, or the RequestError it throws; any other exception goes through. */
function answered<T>(run: () => T): T | RequestError {
  try {
    return run();
  } catch (error) {
    if (error instanceof RequestError) return error;
    throw error;
  }
}

const NAMES = ["peer", "peers", "reason", "direction", "stage", "family", "prefix", "longer", "draining", "all", "x"];
const VALUES: fc.Arbitrary<unknown> = fc.oneof(
  fc.jsonValue(),
  fc.constantFrom(
    "node2",
    "tor",
    "172.17.8.102",
    "2001:db8::1",
    "best",
    "advertised",
    "ipv4",
    "in",
    "10.0.0.0/8",
    true,
  ),
  fc.string({ unit: "binary", maxLength: 300 }),
);
const params = fc.dictionary(fc.constantFrom(...NAMES), VALUES, { noNullPrototype: true });

t.test("every method answers every parameter", async (t) => {
  const names = fc.constantFrom(...METHODS.keys());
  let refused = 0;
  let done = 0;
  await fc.assert(
    fc.asyncProperty(names, params, async (name, given) => {
      const target = fakeTarget();
      const outcome = await Promise.resolve(answered(() => METHODS.get(name)?.run(target, given)));
      if (outcome instanceof RequestError) {
        refused++;
        // A request that is refused has done nothing.
        return target.speaker.told.length === 0 && outcome.message.length < 400;
      }
      done++;
      return outcome !== undefined;
    }),
    { numRuns: 3000 },
  );
  t.ok(refused > 100 && done > 100, `${refused} refused, ${done} carried out: both were tried`);
});

t.test("every line is a request or is refused with an id that JSON can carry", async (t) => {
  const request = fc.record(
    { v: VALUES, id: VALUES, method: VALUES, params: VALUES },
    { requiredKeys: [], noNullPrototype: true },
  );
  const lines = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.json(),
    request.map((value) => JSON.stringify(value)),
  );
  fc.assert(
    fc.property(lines, (line) => {
      const parsed = answered(() => parseRequest(line));
      const { id } = parsed;
      const isId = id === null || typeof id === "string" || typeof id === "number";
      return isId && (parsed instanceof RequestError || typeof parsed.method === "string");
    }),
    { numRuns: 3000 },
  );
  t.equal(parseRequest('{"v":1,"id":1,"method":"status"}').method, "status");
});

t.test("every line is an answer of a daemon or none", async (t) => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: "binary" }), fc.json()), (line) => {
      const response = parseResponse(line);
      return response === undefined || typeof response.v === "number";
    }),
    { numRuns: 2000 },
  );
  t.equal(parseResponse("[]"), undefined);
});

t.test("lines are the same in whatever pieces the octets come", async (t) => {
  const octets = fc.uint8Array({ maxLength: 400 }).map((bytes) => bytes.map((byte) => (byte < 20 ? 10 : byte & 127)));
  fc.assert(
    fc.property(octets, fc.array(fc.nat(400), { maxLength: 6 }), (bytes, cuts) => {
      const buffer = Buffer.from(bytes);
      const split = (at: readonly number[]): readonly string[] => {
        const splitter = new LineSplitter(MAX_REQUEST_BYTES);
        const points = [0, ...at.filter((cut) => cut < buffer.length).sort((a, b) => a - b), buffer.length];
        points.slice(1).forEach((end, i) => splitter.push(buffer.subarray(points[i], end)));
        const lines: string[] = [];
        for (let line = splitter.next(); line !== undefined; line = splitter.next()) lines.push(line);
        return lines;
      };
      t.same(split(cuts), split([]));
    }),
    { numRuns: 200 },
  );
});
