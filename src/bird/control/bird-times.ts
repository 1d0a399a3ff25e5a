// Times as BIRD prints them: local time, whole seconds, never a blank in a column.

const HOUR_MS = 3_600_000;
/** Older than this, the day says more than the time of day. */
const TIME_OF_DAY_MS = 20 * HOUR_MS;

/** `YYYY-MM-DD HH:MM:SS`. */
export function formatDateTime(wallTime: number): string {
  return `${formatDate(wallTime)} ${formatTimeOfDay(wallTime)}`;
}

/** `HH:MM:SS` while younger than 20 hours, then `YYYY-MM-DD`. */
export function formatSince(wallTime: number, now: number): string {
  return now - wallTime < TIME_OF_DAY_MS ? formatTimeOfDay(wallTime) : formatDate(wallTime);
}

function formatDate(wallTime: number): string {
  const date = new Date(wallTime);
  return `${String(date.getFullYear()).padStart(4, "0")}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

function formatTimeOfDay(wallTime: number): string {
  const date = new Date(wallTime);
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}
