// docs/interop.md, written from the data of the matrix: versions, the table, a reason for each cell that is not full.

import { FEATURES, type FeatureName } from "./cells.js";
import { CHECKS } from "./checks.js";
import { type MatrixPeer, PEERS } from "./peers.js";

const COLUMNS: readonly MatrixPeer[] = Object.values(PEERS);

/** The part of the page that is written by hand ends with this line. */
export const MATRIX_HEADING = "## The matrix\n";

/** Everything behind the heading. */
export function matrixPage(): string {
  const reasons: string[] = [];
  const footnote = (text: string): string => {
    const at = reasons.indexOf(text);
    return `[${at >= 0 ? at + 1 : reasons.push(text)}]`;
  };
  const rows = (Object.keys(FEATURES) as FeatureName[]).map((feature) => {
    const cells = COLUMNS.map((peer) => cell(peer, feature, footnote));
    return `| ${FEATURES[feature]} | ${cells.join(" | ")} |`;
  });
  const header = `|  | ${COLUMNS.map(({ name, version }) => `${name} (${version})`).join(" | ")} |`;
  const ruler = `| --- |${" --- |".repeat(COLUMNS.length)}`;
  const list = reasons.map((text, i) => `${i + 1}. ${text}`);
  return `${[header, ruler, ...rows, "", ...list].join("\n")}\n`;
}

function cell(peer: MatrixPeer, feature: FeatureName, footnote: (text: string) => string): string {
  const gap = peer.gaps[feature];
  const note = peer.notes[feature];
  const after = note === undefined ? "" : ` ${footnote(`${peer.name}: ${note}.`)}`;
  if (gap === undefined) return `${fullCell(feature)}${after}`;
  const mark = footnote(`${peer.name}: ${gap.why}.`);
  if (gap.missing === "all") return `n/a ${mark}`;
  return `${gap.missing.includes("toPeer") ? "from peer" : "to peer"} ${mark}${after}`;
}

function fullCell(feature: FeatureName): string {
  return "toPeer" in CHECKS[feature] && "fromPeer" in CHECKS[feature] ? "both ways" : "yes";
}
