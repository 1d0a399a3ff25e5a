// Waiting for other programs. Real daemons tell nothing when they are ready: their state is asked again and again.

const PAUSE_MS = 100;

/** Asks `probe` until it gives something other than undefined, false or an exception; gives that.
 *  Throws after `timeoutMs` with `what` and the last thing seen. */
export async function eventually<T>(
  what: string,
  probe: () => Promise<T | undefined | false> | T | undefined | false,
  timeoutMs = 15_000,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    let failure: unknown;
    try {
      const result = await probe();
      if (result !== undefined && result !== false) return result;
    } catch (error) {
      failure = error;
    }
    if (performance.now() > deadline) {
      const detail = failure instanceof Error ? `: ${failure.message}` : "";
      throw new Error(`waited ${timeoutMs / 1000} s for ${what}${detail}`);
    }
    await pause(PAUSE_MS);
  }
}

/** Lets time pass, where the absence of an event is what the test is about (a session that stays up). */
export function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs));
}
