// The reference part of docs/configuration.md, written from the schema: every key with its type, default and purpose.
// A test keeps the file current.

import { configJsonSchema } from "./schema.js";

/** The few properties of JSON Schema that z.toJSONSchema uses here. */
interface Node {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Node | boolean;
  readonly items?: Node | boolean;
  readonly anyOf?: readonly Node[];
  readonly enum?: readonly unknown[];
  readonly const?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, Node>>;
  readonly prefixItems?: readonly Node[];
}

/** Markdown: one table for each mapping of the schema, in the order of the schema. */
export function configReference(): string {
  const root = configJsonSchema() as Node;
  const reference = new Reference(Object.keys(root.properties?.["defaults"]?.properties ?? {}));
  reference.write("", root);
  for (const [name, node] of Object.entries(root.$defs ?? {})) reference.write(name, node);
  return `${reference.lines.join("\n")}\n`;
}

/** A mapping below the one at hand, with the path it is reached by. */
interface Child {
  readonly path: string;
  readonly node: Node;
}

class Reference {
  readonly lines: string[] = [];
  readonly #peerOptions: readonly string[];
  /** Mappings that have their table already, such as the three kinds of community edits. */
  readonly #done = new Set<string>();

  constructor(peerOptions: readonly string[]) {
    this.#peerOptions = peerOptions;
  }

  write(path: string, node: Node): void {
    const { properties = {} } = node;
    const content = JSON.stringify(properties);
    if (this.#done.has(content)) return;
    this.#done.add(content);
    const hasOptions = path !== "defaults" && this.#peerOptions.every((key) => key in properties);
    const entries = Object.entries(properties).filter(([key]) => !hasOptions || !this.#peerOptions.includes(key));
    this.lines.push(`### ${path === "" ? "Top level" : `\`${path}\``}`, "");
    if (node.$defs === undefined && node.description !== undefined) this.lines.push(node.description, "");
    this.lines.push("| Key | Type | Default | Meaning |", "| --- | --- | --- | --- |");
    for (const [key, value] of entries) this.lines.push(row(key, value, node.required?.includes(key) === true));
    this.lines.push("");
    if (hasOptions) this.lines.push("And every option of `defaults`.", "");
    for (const child of entries.flatMap(([key, value]) => mappingsOf(path === "" ? key : `${path}.${key}`, value))) {
      this.write(child.path, child.node);
    }
  }
}

function row(key: string, value: Node, isRequired: boolean): string {
  const preset = value.default === undefined ? (isRequired ? "required" : "") : `\`${JSON.stringify(value.default)}\``;
  return `| \`${key}\` | ${cell(typeText(value))} | ${cell(preset)} | ${cell(value.description ?? "")} |`;
}

function mappingsOf(path: string, node: Node): readonly Child[] {
  if (node.properties !== undefined) return [{ path, node }];
  if (typeof node.additionalProperties === "object") return mappingsOf(`${path}.NAME`, node.additionalProperties);
  if (typeof node.items === "object") return mappingsOf(`${path}[]`, node.items);
  return (node.anyOf ?? []).flatMap((branch) => mappingsOf(path, branch));
}

function typeText(node: Node): string {
  if (node.$ref !== undefined) return `\`${node.$ref.slice(node.$ref.lastIndexOf("/") + 1)}\``;
  if (node.enum !== undefined) return node.enum.map((value) => `\`${String(value)}\``).join(", ");
  if (node.const !== undefined) return `\`${node.const}\``;
  if (node.anyOf !== undefined) return [...new Set(node.anyOf.map(typeText))].join(" or ");
  switch (node.type) {
    case "string":
      return "text";
    case "integer":
      return numberText(node);
    case "boolean":
      return "true, false";
    case "array":
      if (node.prefixItems !== undefined) return `list of ${node.prefixItems.length} numbers`;
      return `list of ${typeof node.items === "object" ? typeText(node.items) : "values"}`;
    case "object":
      if (typeof node.additionalProperties === "object") return `names → ${typeText(node.additionalProperties)}`;
      return "mapping";
    default:
      return node.type ?? "";
  }
}

function numberText({ minimum, maximum }: Node): string {
  return minimum === undefined || maximum === undefined ? "number" : `${minimum}–${maximum}`;
}

/** `|` ends a cell in Markdown. */
function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}
