// Interface names by shell patterns, as BIRD's `interface -"cali*", "*"`: `*` and `?`, `!` in front excludes.

/** The first pattern that matches decides; a list with exclusions only means "everything but these". */
export function matchesPatterns(name: string, patterns: readonly string[]): boolean {
  for (const pattern of patterns) {
    const excludes = pattern.startsWith("!");
    if (toExpression(excludes ? pattern.slice(1) : pattern).test(name)) return !excludes;
  }
  return patterns.length > 0 && patterns.every((pattern) => pattern.startsWith("!"));
}

function toExpression(pattern: string): RegExp {
  const escaped = pattern.replace(/[.+^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${escaped.replace(/\*/g, ".*").replace(/\?/g, ".")}$`);
}
