// The one error of reading a configuration file of BIRD, worded and placed as BIRD words and places it: confd and people
// compare and grep these lines.

export class BirdConfigError extends Error {
  override readonly name = "BirdConfigError";
  /** As the file was named: the name given, or an include joined to the folder of the file that has it. */
  readonly file: string;
  /** Lines count from 1. Undefined: the main file could not be opened. */
  readonly line: number | undefined;
  /** Where the last token begins, counted from 1; 0 where the last thing read was the end of a line. */
  readonly column: number | undefined;
  /** What is wrong, without the place. */
  readonly text: string;

  /** `message` is what BIRD prints behind its own name: `FILE:LINE:COLUMN TEXT`. */
  constructor(text: string, file: string, line?: number, column?: number) {
    super(line === undefined ? text : `${file}:${line}:${column} ${text}`);
    this.file = file;
    this.line = line;
    this.column = column;
    this.text = text;
  }
}
