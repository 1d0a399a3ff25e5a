import t from "tap";
import {
  parseCommunity,
  parseCommunityPattern,
  parseExtendedCommunity,
  parseExtendedCommunityPattern,
  parseLargeCommunity,
  parseLargeCommunityPattern,
} from "../../src/policy/community.js";

const COMMUNITIES: readonly [string, number | undefined][] = [
  ["65000:100", 0xfde80064],
  ["0:0", 0],
  ["65535:65535", 0xffffffff],
  ["no-export", 0xffffff01],
  ["blackhole", 0xffff029a],
  ["graceful-shutdown", 0xffff0000],
  ["65536:1", undefined],
  ["1:65536", undefined],
  ["1:2:3", undefined],
  ["65000", undefined],
  ["65000:*", undefined],
  ["01:2", undefined],
  ["toString", undefined],
  ["", undefined],
];

t.test("communities are parsed as unsigned words", (t) => {
  for (const [text, value] of COMMUNITIES) t.equal(parseCommunity(text), value, text);
  t.end();
});

t.test("patterns of communities are ranges of both halves", (t) => {
  t.same(parseCommunityPattern("65000:*"), { high: [65000, 65000], low: [0, 65535] });
  t.same(parseCommunityPattern("*:100-200"), { high: [0, 65535], low: [100, 200] });
  t.equal(parseCommunityPattern("1:9-3"), undefined);
  t.equal(parseCommunityPattern("1:2-3-4"), undefined);
  t.end();
});

t.test("large communities have three words", (t) => {
  t.same(parseLargeCommunity("65000:1:4294967295"), [65000, 1, 4294967295]);
  t.equal(parseLargeCommunity("65000:1"), undefined);
  t.equal(parseLargeCommunity("65000:1:4294967296"), undefined);
  t.same(parseLargeCommunityPattern("65000:*:1-2"), [
    [65000, 65000],
    [0, 0xffffffff],
    [1, 2],
  ]);
  t.end();
});

const EXTENDED: readonly [string, readonly [number, number] | undefined][] = [
  ["rt:65000:100", [0x0002fde8, 100]],
  ["soo:65000:4294967295", [0x0003fde8, 0xffffffff]],
  ["rt:192.0.2.1:7", [0x0102c000, 0x02010007]],
  ["rt:4200000000:5", [0x0202fa56, 0xea000005]],
  ["0x0002fde800000064", [0x0002fde8, 100]],
  ["rt:4200000000:65536", undefined],
  ["rt:65000", undefined],
  ["xx:65000:1", undefined],
  ["rt:65000:*", undefined],
  ["rt:*:1", undefined],
];

t.test("extended communities are two unsigned words in the layout of their type", (t) => {
  for (const [text, value] of EXTENDED) t.same(parseExtendedCommunity(text), value, text);
  t.end();
});

t.test("patterns of extended communities are masks, one for each encoding", (t) => {
  t.same(parseExtendedCommunityPattern("rt:65000:*"), [{ mask: [0xffffffff, 0], value: [0x0002fde8, 0] }]);
  t.same(parseExtendedCommunityPattern("rt:*:7"), [
    { mask: [0xffff0000, 0xffffffff], value: [0x00020000, 7] },
    { mask: [0xffff0000, 0x0000ffff], value: [0x02020000, 7] },
  ]);
  t.same(parseExtendedCommunityPattern("rt:*:70000")?.length, 1, "only one encoding has room for the number");
  t.same(parseExtendedCommunityPattern("soo:192.0.2.1:*"), [
    { mask: [0xffffffff, 0xffff0000], value: [0x0103c000, 0x02010000] },
  ]);
  t.end();
});
