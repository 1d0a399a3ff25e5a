// Damaged configurations of BIRD, made from sound ones: what a slip of a pen or of a template does to a file. Each is small,
// so that the first fault is known to every parser at the same token.

/** Small and repeatable; quality does not matter here. */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0 || 1;
  }

  /** 0 … below − 1. */
  roll(below: number): number {
    this.#state = (Math.imul(this.#state, 1664525) + 1013904223) >>> 0;
    return Math.floor((this.#state / 2 ** 32) * below);
  }

  pick<T>(items: readonly T[]): T {
    return items[this.roll(items.length)];
  }
}

export interface Mutation {
  /** What was done, for people. */
  readonly name: string;
  readonly text: string;
}

interface Place {
  readonly at: number;
  readonly text: string;
}

const TOKEN =
  /#[^\n]*|\/\*[\s\S]*?\*\/|"[^"\n]*"|'[^'\n]*'|[0-9a-fA-F]*:[0-9a-fA-F:.]*:[0-9a-fA-F:.]*|\d+\.\d+\.\d+\.\d+|\w+|\[=|=\]|[!<>]=|!~|&&|\|\||\.\.|[^\s\w]/g;

/** Other things than what stands there: words, values of every type, punctuation. */
const STRANGERS = [
  ...["unknown_word", "accept", "filter", "then", "if", "all", "protocol", "from", "net", "bgp_path", "bgp_community"],
  ...[
    "RTS_BGP",
    "true",
    "off",
    '"text"',
    "'quoted.name'",
    "0",
    "70000",
    "4294967295",
    "4294967296",
    "0x1f",
    "0xfffffffff",
  ],
  ...["10.0.0.0", "10.1.2.3/8", "10.0.0.0/8", "10.0.0.0/33", "300.1.1.1", "fd00::1", "fd00::/8", "fe80::1%eth0"],
  ...["(1, 2)", "(1, 70000)", "(1, 2, 3)", "(rt, 1, 2)", "[1, 2..3]", "[ (1, *) ]", "[= 1 * =]", "-empty-", "1 = 1"],
  ...["{", "}", "(", ")", "[", "]", ";", ",", "=", ".", "..", "*", "/", "+", "-", "~", "!", "&&", "%", ":", "?"],
  ...['"', "'", "/*", "*/", "#", "@", "&", "|", "$", "\\", "!=", "!~", "<=", "==", "=]", "[="],
];

const REMOVALS = [/;/g, /\)/g, /\(/g, /\}/g, /\{/g, /"/g, /\n/g, /\]/g, /\[/g, /,/g];

/** `count` damaged texts. Equal arguments give equal texts. */
export function mutate(text: string, count: number, dice: Dice): Mutation[] {
  const tokens: Place[] = [...text.matchAll(TOKEN)].map((match) => ({ at: match.index, text: match[0] }));
  if (tokens.length === 0) return [];
  return Array.from({ length: count }, () => mutateOnce(text, tokens, dice));
}

function mutateOnce(text: string, tokens: readonly Place[], dice: Dice): Mutation {
  const token = dice.pick(tokens);
  const replace = (what: string, by: string): Mutation => ({
    name: `${what} ${JSON.stringify(token.text)} at ${token.at}`,
    text: text.slice(0, token.at) + by + text.slice(token.at + token.text.length),
  });
  switch (dice.roll(9)) {
    case 0:
      return replace("drop", "");
    case 1:
      return replace("double", `${token.text} ${token.text}`);
    case 2: {
      const stranger = dice.pick(STRANGERS);
      return replace(`put ${stranger} for`, stranger);
    }
    case 3: {
      const stranger = dice.pick(STRANGERS);
      return replace(`put ${stranger} before`, `${stranger} ${token.text}`);
    }
    case 4: {
      const other = dice.pick(tokens).text;
      return replace(`put ${other} for`, other);
    }
    case 5:
      return replace("break the line before", `\n${token.text}`);
    case 6:
      return { name: `cut before ${token.at}`, text: text.slice(0, token.at) };
    case 7:
      return removal(text, dice);
    default:
      return replace("misspell", misspell(token.text, dice));
  }
}

/** Takes one character of a kind away, wherever it is. */
function removal(text: string, dice: Dice): Mutation {
  const places = [...text.matchAll(dice.pick(REMOVALS))];
  if (places.length === 0) return { name: "nothing", text };
  const [character, at] = ((match) => [match[0], match.index] as const)(dice.pick(places));
  return { name: `remove ${JSON.stringify(character)} at ${at}`, text: text.slice(0, at) + text.slice(at + 1) };
}

function misspell(word: string, dice: Dice): string {
  const at = dice.roll(word.length + 1);
  const character = dice.pick(["x", "1", "_", ".", "9", "-", " "]);
  return word.slice(0, at) + character + word.slice(dice.roll(2) === 0 ? at : at + 1);
}
