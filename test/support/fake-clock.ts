// A clock whose hands the test turns: it shows 1000 at first, and soon finds out that jobs never end.

import { VirtualClock } from "../../src/base/virtual-clock.js";

const EPOCH = Date.UTC(2026, 0, 1);

export class FakeClock extends VirtualClock {
  /** Wall time at now() = 1000. */
  readonly epoch = EPOCH;

  constructor() {
    super(EPOCH, 1000, 100_000);
  }
}
