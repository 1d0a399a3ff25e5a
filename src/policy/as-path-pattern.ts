// Patterns over AS paths. The letters of the language are whole AS numbers, never digits:
//
//   65001          this AS                 [64512-65534 65001]   one AS of these
//   .              any one AS              ^ $                   begin and end of the path; else it matches anywhere
//   x* x+ x?       repeat the term x       ( a b | c )           group, alternatives
//
// White space or `_` separates terms, so the habitual `_65010_` means what it always meant. An AS_SET is one letter that
// matches if a member does. Matching simulates the position (Glushkov) automaton: time is linear in the path, nothing is
// allocated, no pattern can make it backtrack.

import type { NumberRange } from "./ast.js";
import type { AsPath, AsPathSegment } from "./route.js";
import { isUnorderedSegment } from "./values.js";

const MAX_TERMS = 500;

/** Thrown for a pattern that cannot be read; `at` is the offset of the fault in the text, from 0. */
export class AsPathPatternError extends Error {
  readonly at: number;

  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
}

/** A compiled pattern. Not reentrant: it reuses two sets of states. */
export class AsPathPattern {
  readonly #letters: readonly (readonly NumberRange[])[];
  readonly #words: number;
  readonly #first: Int32Array;
  readonly #last: Int32Array;
  /** Row per position: the positions that may come next. */
  readonly #follow: Int32Array;
  readonly #matchesEmpty: boolean;
  readonly #fromStart: boolean;
  readonly #toEnd: boolean;
  #now: Int32Array;
  #next: Int32Array;

  /** Throws AsPathPatternError. */
  constructor(text: string) {
    const parser = new Parser(text);
    const { fragment, fromStart, toEnd } = parser.parse();
    this.#letters = parser.letters;
    this.#words = Math.max(1, Math.ceil(parser.letters.length / 32));
    this.#fromStart = fromStart;
    this.#toEnd = toEnd;
    this.#matchesEmpty = fragment.nullable;
    this.#first = this.#bits(fragment.first);
    this.#last = this.#bits(fragment.last);
    this.#follow = new Int32Array(parser.letters.length * this.#words);
    for (const [position, followers] of parser.follow.entries())
      this.#follow.set(this.#bits(followers), position * this.#words);
    this.#now = new Int32Array(this.#words);
    this.#next = new Int32Array(this.#words);
  }

  matches(path: AsPath): boolean {
    // An empty match exists at the start, and without `^` or `$` anywhere.
    if (this.#matchesEmpty && (!this.#fromStart || !this.#toEnd || path.length === 0)) return true;
    this.#now.fill(0);
    let isStart = true;
    for (const segment of path) {
      const letters = isUnorderedSegment(segment.type) ? 1 : segment.asNumbers.length;
      for (let i = 0; i < letters; i++) {
        this.#step(segment, i, isStart || !this.#fromStart);
        isStart = false;
        if (!this.#toEnd && this.#isDone()) return true;
      }
    }
    if (isStart) return this.#matchesEmpty;
    return this.#toEnd && this.#isDone();
  }

  #step(segment: AsPathSegment, index: number, mayBegin: boolean): void {
    const words = this.#words;
    const reachable = this.#next;
    reachable.fill(0);
    if (mayBegin) for (let w = 0; w < words; w++) reachable[w] = this.#first[w];
    for (let position = 0; position < this.#letters.length; position++) {
      if (((this.#now[position >> 5] >>> (position & 31)) & 1) === 0) continue;
      for (let w = 0; w < words; w++) reachable[w] |= this.#follow[position * words + w];
    }
    for (let position = 0; position < this.#letters.length; position++) {
      const bit = 1 << (position & 31);
      if ((reachable[position >> 5] & bit) === 0) continue;
      if (!letterMatches(this.#letters[position], segment, index)) reachable[position >> 5] &= ~bit;
    }
    this.#next = this.#now;
    this.#now = reachable;
  }

  #isDone(): boolean {
    for (let w = 0; w < this.#words; w++) if ((this.#now[w] & this.#last[w]) !== 0) return true;
    return false;
  }

  #bits(positions: Iterable<number>): Int32Array {
    const bits = new Int32Array(this.#words);
    for (const position of positions) bits[position >> 5] |= 1 << (position & 31);
    return bits;
  }
}

function letterMatches(ranges: readonly NumberRange[], segment: AsPathSegment, index: number): boolean {
  if (!isUnorderedSegment(segment.type)) return isInRanges(ranges, segment.asNumbers[index]);
  for (const as of segment.asNumbers) if (isInRanges(ranges, as)) return true;
  return false;
}

/** True if one of the ranges holds the number. */
export function isInRanges(ranges: readonly NumberRange[], value: number): boolean {
  for (let i = 0; i < ranges.length; i++) if (value >= ranges[i][0] && value <= ranges[i][1]) return true;
  return false;
}

interface Fragment {
  readonly nullable: boolean;
  readonly first: readonly number[];
  readonly last: readonly number[];
}

const EMPTY: Fragment = { nullable: true, first: [], last: [] };
const ANY_AS: readonly NumberRange[] = [[0, 0xffffffff]];

/** Recursive descent: alternatives → sequence → term with repeat. Numbers the letters and collects who follows whom. */
class Parser {
  readonly letters: (readonly NumberRange[])[] = [];
  readonly follow: Set<number>[] = [];
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  parse(): { fragment: Fragment; fromStart: boolean; toEnd: boolean } {
    const fromStart = this.#take("^");
    const fragment = this.#alternatives();
    const toEnd = this.#take("$");
    const rest = this.#peek();
    if (rest === "^") this.#fail('"^" can only stand at the beginning');
    if (toEnd && rest !== "") this.#fail('"$" can only stand at the end');
    if (rest !== "") this.#fail(`unexpected "${rest}"`);
    if (!fromStart && !toEnd && this.letters.length === 0) this.#fail("the pattern is empty; an empty path is ^$");
    return { fragment, fromStart, toEnd };
  }

  #alternatives(): Fragment {
    let whole = this.#sequence();
    while (this.#take("|")) whole = either(whole, this.#sequence());
    return whole;
  }

  #sequence(): Fragment {
    let whole = EMPTY;
    for (;;) {
      const term = this.#term();
      if (term === undefined) return whole;
      this.#link(whole.last, term.first);
      whole = {
        nullable: whole.nullable && term.nullable,
        first: whole.nullable ? [...whole.first, ...term.first] : whole.first,
        last: term.nullable ? [...whole.last, ...term.last] : term.last,
      };
    }
  }

  #term(): Fragment | undefined {
    let term = this.#atom();
    if (term === undefined) return undefined;
    // No white space between a term and its repeat sign: `65001 *` is more likely a mistake than meant.
    for (let sign = this.#text[this.#at]; sign === "*" || sign === "+" || sign === "?"; sign = this.#text[this.#at]) {
      this.#at++;
      if (sign !== "?") this.#link(term.last, term.first);
      if (sign !== "+") term = { ...term, nullable: true };
    }
    return term;
  }

  #atom(): Fragment | undefined {
    const character = this.#peek();
    if (character === ".") return this.#letter(ANY_AS, 1);
    if (/[0-9]/.test(character)) return this.#letter([this.#range()], 0);
    if (character === "[") return this.#class();
    if (character === "(") return this.#group();
    if (/[*+?]/.test(character)) return this.#fail(`nothing to repeat before "${character}"; any AS is "."`);
    return undefined;
  }

  #group(): Fragment {
    if (++this.#depth > 50) this.#fail("groups are nested too deeply");
    this.#at++;
    const inner = this.#alternatives();
    if (!this.#take(")")) this.#fail('")" is missing');
    this.#depth--;
    return inner;
  }

  #class(): Fragment {
    this.#at++;
    const ranges: NumberRange[] = [];
    while (!this.#take("]")) {
      this.#take(",");
      if (!/[0-9]/.test(this.#peek())) this.#fail('expected an AS number, a range "64512-65534" or "]"');
      ranges.push(this.#range());
    }
    if (ranges.length === 0) this.#fail("[] holds no AS number");
    return this.#letter(ranges, 0);
  }

  #range(): NumberRange {
    const start = this.#at;
    const least = this.#number();
    const greatest = this.#text[this.#at] === "-" ? (this.#at++, this.#number()) : least;
    if (greatest < least) this.#fail(`the range ${least}-${greatest} is empty`, start);
    return [least, greatest];
  }

  #number(): number {
    const digits = /^[0-9]+/.exec(this.#text.slice(this.#at, this.#at + 20))?.[0];
    if (digits === undefined) return this.#fail("expected an AS number");
    const value = Number(digits);
    // RFC 7607: AS 0 is never in a path. Mostly a pattern made for digits: [0-9]+
    if (value === 0) this.#fail('AS 0 is in no path; terms are whole AS numbers, any AS is "."');
    if (value > 0xffffffff) this.#fail(`${digits} is no AS number`);
    this.#at += digits.length;
    return value;
  }

  #letter(ranges: readonly NumberRange[], width: number): Fragment {
    this.#at += width;
    const position = this.letters.push(ranges) - 1;
    if (position >= MAX_TERMS) this.#fail(`more than ${MAX_TERMS} terms`);
    this.follow.push(new Set());
    return { nullable: false, first: [position], last: [position] };
  }

  #link(from: readonly number[], to: readonly number[]): void {
    for (const position of from) for (const follower of to) this.follow[position].add(follower);
  }

  #peek(): string {
    while (/[\s_]/.test(this.#text[this.#at] ?? "")) this.#at++;
    return this.#text[this.#at] ?? "";
  }

  #take(character: string): boolean {
    if (this.#peek() !== character) return false;
    this.#at++;
    return true;
  }

  #fail(message: string, at = this.#at): never {
    throw new AsPathPatternError(message, at);
  }
}

function either(a: Fragment, b: Fragment): Fragment {
  return { nullable: a.nullable || b.nullable, first: [...a.first, ...b.first], last: [...a.last, ...b.last] };
}
