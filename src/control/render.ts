// Text for terminals: plain columns that awk can read, the bordered table of calicoctl, blocks of names and values.
//
// What a peer says (RFC 9003 texts, policy names) ends up here: control characters never reach the terminal.

export type CellColor = "green" | "yellow" | "red" | "none";

export interface Column<Row> {
  readonly title: string;
  cell(row: Row): string;
  /** Numbers stand at the right. */
  readonly align?: "left" | "right";
  readonly color?: (row: Row) => CellColor;
}

const SGR: Readonly<Record<CellColor, string>> = {
  green: "\u001b[32m",
  yellow: "\u001b[33m",
  red: "\u001b[31m",
  none: "",
};
const SGR_END = "\u001b[0m";

/** Colours text that is already padded; gives it back unchanged where colours are off. */
export function paint(text: string, color: CellColor, enabled: boolean): string {
  return enabled && color !== "none" ? `${SGR[color]}${text}${SGR_END}` : text;
}

/** The text with control characters made visible, so that a peer cannot move the cursor of whoever looks. */
export function printable(text: string): string {
  if (!/[^ -~]/.test(text)) return text; // nearly every cell of a million
  // Controls, and the separators and direction marks that reorder a line.
  return text.replace(/\p{Cc}|[\u2028-\u202e\u2066-\u2069]/gu, (character) => {
    const code = character.charCodeAt(0);
    return code <= 0xff ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16)}`;
  });
}

export interface ColumnOptions {
  readonly headers: boolean;
  readonly color: boolean;
}

/** Prints rows under upper-case titles, two blanks apart. The widths come from the first rows given to it: a longer
 *  cell in a later row shifts its own line only, so that a table of any length can be printed as it comes.
 *  An empty cell is `-`, so that every line has the same number of fields. */
export class ColumnPrinter<Row> {
  readonly #columns: readonly Column<Row>[];
  readonly #options: ColumnOptions;
  #widths: readonly number[] | undefined;

  constructor(columns: readonly Column<Row>[], options: ColumnOptions) {
    this.#columns = columns;
    this.#options = options;
  }

  /** Lines for the rows, each with its line feed; the first call also gives the titles. */
  format(rows: readonly Row[]): string {
    const lines = rows.map((row) => this.#columns.map((column) => cellText(column, row)));
    let text = "";
    if (this.#widths === undefined) {
      this.#widths = measure(this.#columns, lines);
      if (this.#options.headers)
        text += this.#line(
          this.#columns.map((column) => column.title),
          undefined,
        );
    }
    for (const [i, cells] of lines.entries()) text += this.#line(cells, rows[i]);
    return text;
  }

  #line(cells: readonly string[], row: Row | undefined): string {
    const widths = this.#widths ?? [];
    const parts = cells.map((cell, i) => {
      const column = this.#columns[i];
      const isLast = i === cells.length - 1;
      const padded = pad(cell, isLast && column.align !== "right" ? 0 : widths[i], column.align ?? "left");
      const color = row === undefined ? "none" : (column.color?.(row) ?? "none");
      return paint(padded, color, this.#options.color);
    });
    return `${parts.join("  ")}\n`;
  }
}

function cellText<Row>(column: Column<Row>, row: Row): string {
  const text = printable(column.cell(row));
  return text === "" ? "-" : text;
}

function measure<Row>(columns: readonly Column<Row>[], lines: readonly (readonly string[])[]): number[] {
  return columns.map((column, i) =>
    lines.reduce((width, cells) => Math.max(width, textWidth(cells[i])), column.title.length),
  );
}

function pad(text: string, width: number, align: "left" | "right" | "center"): string {
  const missing = Math.max(0, width - textWidth(text));
  if (align === "left") return text + " ".repeat(missing);
  if (align === "right") return " ".repeat(missing) + text;
  const before = Math.floor(missing / 2);
  return " ".repeat(before) + text + " ".repeat(missing - before);
}

/** Characters, not UTF-16 units. */
function textWidth(text: string): number {
  let width = 0;
  for (const _ of text) width++;
  return width;
}

/** The table as calicoctl draws it: borders of + - |, titles centred, cells at the left. Ends with a line feed. */
export function borderedTable<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  options: ColumnOptions,
): string {
  const lines = rows.map((row) => columns.map((column) => printable(column.cell(row))));
  const widths = measure(columns, lines);
  const border = `+${widths.map((width) => "-".repeat(width + 2)).join("+")}+\n`;
  const frame = (cells: readonly string[]): string => `| ${cells.join(" | ")} |\n`;
  let text = border;
  if (options.headers) text += frame(columns.map((column, i) => pad(column.title, widths[i], "center"))) + border;
  for (const [n, cells] of lines.entries()) {
    text += frame(
      cells.map((cell, i) =>
        paint(pad(cell, widths[i], columns[i].align ?? "left"), columns[i].color?.(rows[n]) ?? "none", options.color),
      ),
    );
  }
  return rows.length > 0 ? text + border : text;
}

/** `Name:  value` lines, values in one column; entries without a value are left out. */
export function nameValueBlock(entries: readonly (readonly [name: string, value: string | undefined])[]): string {
  const shown = entries.filter((entry): entry is readonly [string, string] => entry[1] !== undefined);
  const width = shown.reduce((most, [name]) => Math.max(most, name.length), 0) + 1;
  return shown.map(([name, value]) => `${pad(`${name}:`, width, "left")}  ${printable(value)}\n`).join("");
}

const HOUR_MS = 3_600_000;
/** As BIRD: the time of day as long as it is clear which day is meant. */
const TIME_OF_DAY_MS = 20 * HOUR_MS;

/** `HH:MM:SS` for a recent moment, the date for an older one, both in local time; the text itself if it is no time. */
export function sinceText(isoTime: string, nowMs: number): string {
  const at = Date.parse(isoTime);
  if (Number.isNaN(at)) return isoTime;
  return nowMs - at < TIME_OF_DAY_MS ? timeOfDay(at) : dateOf(at);
}

/** `YYYY-MM-DD HH:MM:SS` in local time. */
export function momentText(isoTime: string): string {
  const at = Date.parse(isoTime);
  return Number.isNaN(at) ? isoTime : `${dateOf(at)} ${timeOfDay(at)}`;
}

function timeOfDay(at: number): string {
  const date = new Date(at);
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map(twoDigits).join(":");
}

function dateOf(at: number): string {
  const date = new Date(at);
  return `${date.getFullYear()}-${twoDigits(date.getMonth() + 1)}-${twoDigits(date.getDate())}`;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, "0");
}

/** `3d4h`, `2h05m`, `7m12s`, `9s`: the two largest units. */
export function durationText(seconds: number): string {
  const whole = Math.floor(seconds);
  const [days, hours, minutes] = [
    Math.floor(whole / 86_400),
    Math.floor(whole / 3600) % 24,
    Math.floor(whole / 60) % 60,
  ];
  if (days > 0) return `${days}d${hours}h`;
  if (hours > 0) return `${hours}h${twoDigits(minutes)}m`;
  return minutes > 0 ? `${minutes}m${twoDigits(whole % 60)}s` : `${whole}s`;
}
