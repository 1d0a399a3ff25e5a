import fc from "fast-check";
import t from "tap";
import { ByteArena, LONGEST_BLOB } from "../../src/base/byte-arena.js";

function read(arena: ByteArena, location: number, length: number): Uint8Array {
  const at = arena.offset(location);
  return arena.chunk(location).slice(at, at + length);
}

t.test("stores part of an array and gives it back octet by octet", async (t) => {
  const arena = new ByteArena();
  const bytes = Uint8Array.from({ length: 100 }, (_, i) => i);
  const location = arena.store(bytes, 10, 20);
  t.same(read(arena, location, 20), bytes.slice(10, 30));
});

t.test("a freed blob is used again by the next one of its size class", async (t) => {
  const arena = new ByteArena();
  const first = arena.store(new Uint8Array(30), 0, 30);
  arena.store(new Uint8Array(30), 0, 30);
  arena.release(first, 30);
  t.equal(arena.store(new Uint8Array(17), 0, 17), first, "17 and 30 octets are both two units");
});

t.test("an empty blob has a place too", async (t) => {
  const arena = new ByteArena();
  const location = arena.store(new Uint8Array(0), 0, 0);
  t.equal(arena.usedBytes, 16);
  arena.release(location, 0);
  t.equal(arena.usedBytes, 0);
});

t.test("blobs as long as a chunk allows, over several chunks", async (t) => {
  const arena = new ByteArena();
  const blobs = Array.from({ length: 40 }, (_, i) => new Uint8Array(65536).fill(i));
  const locations = blobs.map((blob) => arena.store(blob, 0, blob.length));
  t.equal(new Set(locations).size, 40);
  t.ok(locations.every((location, i) => Buffer.compare(read(arena, location, 65536), blobs[i]) === 0));
  for (const location of locations) arena.release(location, 65536);
  t.equal(arena.usedBytes, 0);
});

t.test("no blob ever disturbs another", async (t) => {
  const step = fc.record({ free: fc.boolean(), which: fc.nat(), length: fc.oneof(fc.nat(40), fc.nat(5000)) });
  fc.assert(
    fc.property(fc.array(step, { size: "max", maxLength: 150 }), (steps) => {
      const arena = new ByteArena();
      const held: { location: number; bytes: Uint8Array }[] = [];
      for (const [i, { free, which, length }] of steps.entries()) {
        if (free && held.length > 0) {
          const [{ location, bytes }] = held.splice(which % held.length, 1);
          arena.release(location, bytes.length);
        } else {
          const bytes = new Uint8Array(length).fill(i + 1);
          held.push({ location: arena.store(bytes, 0, length), bytes });
        }
      }
      const isIntact = held.every(
        ({ location, bytes }) => Buffer.compare(read(arena, location, bytes.length), bytes) === 0,
      );
      for (const { location, bytes } of held) arena.release(location, bytes.length);
      return isIntact && arena.usedBytes === 0;
    }),
  );
  t.pass("for many sequences of steps");
});

t.test("a blob longer than the longest is our bug, and put nowhere", async (t) => {
  const arena = new ByteArena();
  t.throws(() => arena.store(new Uint8Array(LONGEST_BLOB + 1), 0, LONGEST_BLOB + 1), /invariant/);
  t.equal(arena.usedBytes, 0);
});
