// Octets in chunks, lines out.

const LINE_FEED = 10;

/** Cuts chunks of octets into lines. Keeps at most `limitBytes` of an unfinished one. */
export class LineSplitter {
  readonly #limitBytes: number;
  readonly #keepsEmpty: boolean;
  #lines: string[] = [];
  #rest: Buffer[] = [];
  #restBytes = 0;

  /** `keepsEmpty`: next() gives lines of blanks too. */
  constructor(limitBytes: number, keepsEmpty = false) {
    this.#limitBytes = limitBytes;
    this.#keepsEmpty = keepsEmpty;
  }

  /** False: a line is longer than the limit, the stream cannot be used any more. */
  push(chunk: Buffer): boolean {
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(LINE_FEED, start);
      const piece = chunk.subarray(start, end < 0 ? chunk.length : end);
      if (this.#restBytes + piece.length > this.#limitBytes) return false;
      this.#rest.push(piece);
      this.#restBytes += piece.length;
      if (end < 0) return true;
      this.#finishLine();
      start = end + 1;
    }
  }

  /** The next whole line without its line feed. */
  next(): string | undefined {
    for (;;) {
      const line = this.#lines.shift();
      if (line === undefined || this.#keepsEmpty || line.trim() !== "") return line;
    }
  }

  /** The stream has ended: what came without a line feed is a line too. */
  end(): void {
    if (this.#restBytes > 0) this.#finishLine();
  }

  #finishLine(): void {
    this.#lines.push((this.#rest.length === 1 ? this.#rest[0] : Buffer.concat(this.#rest)).toString("utf8"));
    this.#rest = [];
    this.#restBytes = 0;
  }
}
