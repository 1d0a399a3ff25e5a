// How the demonstration writes: headings, narration, commands with their output, matrices and checks; in colour where
// the caller says so. Knows nothing of what it prints.

/** Receives finished text, line ends included. */
export type Output = (text: string) => void;

type Style = "bold" | "dim" | "red" | "green" | "yellow" | "cyan";

/** SGR parameters of ECMA-48. */
const STYLES: Readonly<Record<Style, string>> = {
  bold: "1",
  dim: "2",
  red: "31",
  green: "32",
  yellow: "33",
  cyan: "36",
};

const INDENT = "  ";
const RULE_WIDTH = 100;

export class Printer {
  readonly #output: Output;
  readonly #color: boolean;
  #isMuted = false;

  constructor(output: Output, color: boolean) {
    this.#output = output;
    this.#color = color;
  }

  /** Whether programs whose output is shown may use colours too. */
  get color(): boolean {
    return this.#color;
  }

  /** Writes nothing any more: what still comes is the noise of an end. */
  mute(): void {
    this.#isMuted = true;
  }

  /** The start of an act. */
  heading(text: string): void {
    const rule = "━".repeat(Math.max(4, RULE_WIDTH - text.length - 4));
    this.#line("");
    this.#line(this.#styled(`━━ ${text} ${rule}`, "bold", "cyan"));
  }

  /** A part of an act. */
  part(text: string): void {
    this.#line("");
    this.#line(this.#styled(text, "bold"));
  }

  say(text: string): void {
    this.#line(INDENT + text);
  }

  /** Something the reader should not overlook: a stand-in, a missing part. */
  warn(text: string): void {
    this.#line(INDENT + this.#styled(text, "yellow"));
  }

  /** A command as it was run, and its output. */
  command(place: string, command: string, output: string): void {
    this.#line(`${INDENT}${this.#styled(`${place} $`, "dim")} ${this.#styled(command, "cyan")}`);
    this.verbatim(output.trim() === "" ? "(nothing)" : output);
  }

  /** Output of something else, as it is. */
  verbatim(text: string): void {
    for (const line of text.trimEnd().split("\n")) this.#line(`${INDENT}${INDENT}${line.trimEnd()}`);
  }

  /** A table; the first row is the head. `bad` cells stand out. */
  table(rows: readonly (readonly string[])[], bad: (cell: string) => boolean = () => false): void {
    const widths = (rows[0] ?? []).map((_cell, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
    rows.forEach((row, index) => {
      const cells = row.map((cell, column) => {
        const padding = " ".repeat((widths[column] ?? 0) - cell.length);
        if (index === 0) return this.#styled(cell, "dim") + padding;
        return (bad(cell) ? this.#styled(cell, "red", "bold") : cell) + padding;
      });
      this.#line(`${INDENT}${INDENT}${cells.join("  ").trimEnd()}`);
    });
  }

  check(ok: boolean, text: string): void {
    this.#line(
      INDENT +
        (ok
          ? `${this.#styled("✔", "green")} ${text}`
          : `${this.#styled("✘", "red", "bold")} ${this.#styled(text, "red")}`),
    );
  }

  /** The last line: how it went. */
  verdict(ok: boolean, text: string): void {
    this.#line("");
    this.#line(this.#styled(text, "bold", ok ? "green" : "red"));
  }

  #line(text: string): void {
    if (!this.#isMuted) this.#output(`${text}\n`);
  }

  #styled(text: string, ...styles: readonly Style[]): string {
    if (!this.#color) return text;
    return `\x1b[${styles.map((style) => STYLES[style]).join(";")}m${text}\x1b[0m`;
  }
}
