// What is done for each row of the matrix.

import type { Test } from "tap";
import type { Direction, FeatureName } from "./cells.js";
import { LIFE_CHECKS } from "./checks-of-life.js";
import { PROTECTION_CHECKS } from "./checks-of-protection.js";
import { ROUTE_CHECKS } from "./checks-of-routes.js";
import { ENCODING_CHECKS } from "./checks-of-encodings.js";
import type { Segment } from "./segment.js";

export type Check = (t: Test, segment: Segment) => Promise<void>;
export type Checks = Readonly<Partial<Record<Direction, Check>>>;

export const CHECKS: Readonly<Record<FeatureName, Checks>> = {
  ...ROUTE_CHECKS,
  ...ENCODING_CHECKS,
  ...PROTECTION_CHECKS,
  ...LIFE_CHECKS,
};
