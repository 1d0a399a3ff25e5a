// Assertions for our own bugs. What a peer, a user or the kernel gets wrong never ends here.

/** Throws when `condition` does not hold; the process then logs and exits, graceful restart covers. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`invariant broken: ${message}`);
}

/** The end of a switch over a discriminated union: a new member does not compile. */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}
