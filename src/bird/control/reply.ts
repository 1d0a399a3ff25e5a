// Replies of the control socket: lines with codes, framed as clients of BIRD expect them.
//
// The code stands before a line only where it differs from the line before; `-` behind it says that more lines follow, a
// blank that this is the last one. A reply without a natural last line ends with `0000 `.

export interface ReplyLine {
  readonly code: number;
  readonly text: string;
  /** The reply ends with this line. */
  readonly isLast?: boolean;
}

/** Pieces of a reply as they are made; the last line of all has `isLast`, or `0000 ` is added. */
export type Reply = Iterable<readonly ReplyLine[]> | AsyncIterable<readonly ReplyLine[]>;

/** A reply of one line. */
export function oneLine(code: number, text: string): readonly (readonly ReplyLine[])[] {
  return [[{ code, text, isLast: true }]];
}

/** Lines that have the same code. */
export function withCode(code: number, texts: readonly string[]): readonly ReplyLine[] {
  return texts.map((text) => ({ code, text }));
}

/** Frames the lines of one reply, piece by piece. */
export class ReplyFramer {
  #code: number | undefined;
  #isComplete = false;

  /** The octets of these lines; nothing after the last one. */
  frame(lines: readonly ReplyLine[]): string {
    let text = "";
    for (const line of lines) {
      if (this.#isComplete) return text;
      text += this.#prefix(line) + line.text.replaceAll("\n", " ") + "\n";
      this.#code = line.code;
      this.#isComplete = line.isLast === true;
    }
    return text;
  }

  /** What is still missing when all lines were framed. */
  end(): string {
    if (this.#isComplete) return "";
    this.#isComplete = true;
    return "0000 \n";
  }

  #prefix({ code, isLast }: ReplyLine): string {
    const digits = String(code).padStart(4, "0");
    if (isLast === true) return `${digits} `;
    return code === this.#code ? " " : `${digits}-`;
  }
}

/** A command that cannot be carried out: its whole reply is this line. */
export class ReplyError extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.name = "ReplyError";
    this.code = code;
  }
}
