// Lines and requests of the control socket.

import fc from "fast-check";
import t from "tap";
import { LineSplitter } from "../../src/control/line-splitter.js";
import { encodeError, parseRequest, parseResponse, RequestError } from "../../src/control/protocol.js";

t.test("a request is read with its id, method and parameters", async (t) => {
  t.same(parseRequest('{"v":1,"id":7,"method":"peer","params":{"peer":"x"}}'), {
    id: 7,
    method: "peer",
    params: { peer: "x" },
  });
  t.same(parseRequest('{"v":1,"method":"status"}'), { id: null, method: "status", params: {} });
});

t.test("what is no request is refused in words, with the id where there is one", async (t) => {
  const cases = [
    { line: "hello", code: "bad-request", id: null },
    { line: "[1]", code: "bad-request", id: null },
    { line: "null", code: "bad-request", id: null },
    { line: '{"id":1,"method":"status"}', code: "unsupported-version", id: 1 },
    { line: '{"v":2,"id":"a","method":"status"}', code: "unsupported-version", id: "a" },
    { line: '{"v":1,"id":1}', code: "bad-request", id: 1 },
    { line: '{"v":1,"id":{},"method":5}', code: "bad-request", id: null },
    { line: '{"v":1,"id":2,"method":"x","params":[]}', code: "bad-request", id: 2 },
  ];
  for (const { line, code, id } of cases) t.throws(() => parseRequest(line), { name: "RequestError", code, id }, line);
});

t.test("garbage is not repeated in the answer", async (t) => {
  t.throws(() => parseRequest("secret".repeat(1000)), { message: "not JSON: syntax error" });
});

t.test("an error line names the request it belongs to", async (t) => {
  const line = encodeError(new RequestError("not-found", "no peer", 3));
  t.equal(line, '{"v":1,"id":3,"error":{"code":"not-found","message":"no peer"}}\n');
  t.same(parseResponse(line), { v: 1, id: 3, error: { code: "not-found", message: "no peer" } });
});

t.test("lines that are no answers of ours are told apart", async (t) => {
  for (const line of ["", "0001 BIRD 1.6.8 ready.", "[]", '{"a":1}']) t.equal(parseResponse(line), undefined, line);
});

t.test("lines come out whole, wherever the chunks are cut", async (t) => {
  const text = fc.array(fc.string({ minLength: 1, unit: "grapheme" }).map((line) => `x${line.replaceAll("\n", "")}`));
  fc.assert(
    fc.property(text, fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), (lines, cuts) => {
      const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(""));
      const splitter = new LineSplitter(1000);
      const got: string[] = [];
      for (let at = 0, i = 0; at < bytes.length; i++) {
        const end = at + cuts[i % cuts.length];
        if (!splitter.push(bytes.subarray(at, end))) return false;
        for (let line = splitter.next(); line !== undefined; line = splitter.next()) got.push(line);
        at = end;
      }
      return JSON.stringify(got) === JSON.stringify(lines);
    }),
  );
  t.pass("property holds");
});

t.test("a line of exactly the limit passes, one octet more does not, in one piece or many", async (t) => {
  for (const size of [1, 3, 100]) {
    const fits = new LineSplitter(10);
    for (let at = 0; at < 11; at += size) t.equal(fits.push(Buffer.from("0123456789\n").subarray(at, at + size)), true);
    t.equal(fits.next(), "0123456789");
    const tooLong = new LineSplitter(10);
    const accepted: boolean[] = [];
    for (let at = 0; at < 12; at += size)
      accepted.push(tooLong.push(Buffer.from("0123456789a\n").subarray(at, at + size)));
    t.ok(accepted.includes(false), `pieces of ${size}`);
  }
});

t.test("the end of the stream ends the last line", async (t) => {
  const splitter = new LineSplitter(10);
  splitter.push(Buffer.from("\n \nab"));
  t.equal(splitter.next(), undefined);
  splitter.end();
  t.equal(splitter.next(), "ab");
  splitter.end();
  t.equal(splitter.next(), undefined);
});
