// Policies → Filter: closures over the route, made once per configuration. Verdicts are prepared beforehand, so running a
// filter allocates nothing but the lists it edits.
//
// A chain of policies is tried in order; the first verdict stands. What a filter looks at (readsPrefix, readsPeer) and its
// identity are taken from the folded AST, so a condition that folds away costs nothing.

import { invariant, unreachable } from "../base/invariant.js";
import type { Block, CommunityPatterns, CommunityValues, Policy, PolicyTable, Position, Statement } from "./ast.js";
import { callsOf } from "./check.js";
import {
  communityMatcher,
  compileAddress,
  compileNumber,
  compileTest,
  extendedCommunityMatcher,
  largeCommunityMatcher,
} from "./conditions.js";
import { foldPolicy } from "./fold.js";
import { dependenciesOf, identityOf } from "./identity.js";
import type { AsPath, Filter, Route, Verdict } from "./route.js";
import { equalExtendedCommunities, equalLargeCommunities, type Reader } from "./values.js";

export interface CompileOptions {
  /** Policies that a `call` may name. */
  readonly policies: PolicyTable;
  /** Our AS in the sessions the filter will work for. */
  readonly localAs: number;
  /** The verdict where no policy of the chain gives one. */
  readonly fallThrough: "accept" | "reject";
}

/** Compiles a chain of policies. They and all they call must have passed checkPolicies; throws on our own bugs only. */
export function compileFilter(chain: readonly Policy[], options: CompileOptions): Filter {
  const policies = foldReachable(chain, options);
  const compiler = new Compiler(policies);
  const steps = chain.map((policy) => compiler.policy(policy.name));
  const names = chain.map((policy) => policy.name);
  const last = chain[chain.length - 1];
  const place = last === undefined ? "no policy" : describePlace(last.name, last.at);
  const otherwise: Verdict = { accept: options.fallThrough === "accept", by: `${place}: no rule decided` };
  const run = (route: Route): Verdict => {
    for (let i = 0; i < steps.length; i++) {
      const outcome = steps[i](route);
      if (outcome !== undefined && outcome !== LEAVE) return outcome;
    }
    return otherwise;
  };
  return Object.assign(run, {
    ...dependenciesOf(policies.values()),
    identity: identityOf(names, policies, options.fallThrough),
    policies: names,
  });
}

/** True if two filters give equal verdicts and edits for every route. */
export function filtersEqual(a: Filter, b: Filter): boolean {
  return a === b || a.identity === b.identity;
}

/** The policies of the chain and what they call, folded, by name. */
function foldReachable(chain: readonly Policy[], options: CompileOptions): Map<string, Policy> {
  const folded = new Map<string, Policy>();
  const add = (policy: Policy): void => {
    if (folded.has(policy.name)) return;
    const result = foldPolicy(policy, options.localAs);
    folded.set(policy.name, result);
    for (const call of callsOf(result.body)) {
      const called = options.policies.get(call.policy);
      invariant(called !== undefined, `policy ${call.policy} exists`);
      add(called);
    }
  };
  chain.forEach(add);
  return folded;
}

/** A verdict; undefined: go on with the next statement; LEAVE: the policy ends without a verdict. */
type Outcome = Verdict | undefined;
const LEAVE: Verdict = { accept: false, by: "next" };
type Step = (route: Route) => Outcome;

/** `policy NAME, file:line`. */
export function describePlace(policy: string, at: Position | undefined): string {
  return at === undefined ? `policy ${policy}` : `policy ${policy}, ${at.file}:${at.line}`;
}

class Compiler {
  readonly #policies: ReadonlyMap<string, Policy>;
  readonly #done = new Map<string, Step>();

  constructor(policies: ReadonlyMap<string, Policy>) {
    this.#policies = policies;
  }

  policy(name: string): Step {
    const done = this.#done.get(name);
    if (done !== undefined) return done;
    const policy = this.#policies.get(name);
    invariant(policy !== undefined, `policy ${name} was folded`);
    const step = this.#block(policy.body, policy);
    this.#done.set(name, step);
    return step;
  }

  #block(block: Block, policy: Policy): Step {
    const steps = block.map((statement) => this.#statement(statement, policy));
    if (steps.length === 1) return steps[0];
    return (route) => {
      for (let i = 0; i < steps.length; i++) {
        const outcome = steps[i](route);
        if (outcome !== undefined) return outcome;
      }
      return undefined;
    };
  }

  #statement(statement: Statement, policy: Policy): Step {
    switch (statement.kind) {
      case "if":
        return this.#if(statement, policy);
      case "accept":
      case "reject": {
        const verdict: Verdict = {
          accept: statement.kind === "accept",
          by: describePlace(policy.name, statement.at ?? policy.at),
        };
        return () => verdict;
      }
      case "next":
        return () => LEAVE;
      case "call": {
        const called = this.policy(statement.policy);
        return (route) => {
          const outcome = called(route);
          return outcome === LEAVE ? undefined : outcome;
        };
      }
      default:
        return compileEdit(statement);
    }
  }

  #if(statement: Extract<Statement, { kind: "if" }>, policy: Policy): Step {
    const test = compileTest(statement.condition);
    const then = this.#block(statement.then, policy);
    if (statement.otherwise.length === 0) return (route) => (test(route) ? then(route) : undefined);
    const otherwise = this.#block(statement.otherwise, policy);
    return (route) => (test(route) ? then(route) : otherwise(route));
  }
}

/** A statement that changes the route and never decides. */
export type Edit = Exclude<Statement, { kind: "if" | "accept" | "reject" | "next" | "call" }>;

function compileEdit(statement: Edit): Step {
  const edit = editOf(statement);
  return (route) => {
    edit(route);
    return undefined;
  };
}

/** What the statement does to a route. */
export function editOf(statement: Edit): (route: Route) => void {
  switch (statement.kind) {
    case "set":
      return setterOf(statement);
    case "unset": {
      const { field } = statement;
      return (route) => {
        if (field === "med" || field === "localPref") route[field] = undefined;
      };
    }
    case "setCommunities":
      return communitySetter(statement.list);
    case "addCommunities":
      return communityAdder(statement.list);
    case "deleteCommunities":
      return communityDeleter(statement.patterns);
    case "prepend":
      return prepender(statement.asNumbers.map(compileNumber));
    default:
      return unreachable(statement);
  }
}

function setterOf({ field, value }: Extract<Statement, { kind: "set" }>): (route: Route) => void {
  if (field === "nextHop") {
    const read = compileAddress(value);
    return (route) => {
      const bytes = read(route);
      if (bytes !== undefined) route.nextHop = bytes;
    };
  }
  const read = compileNumber(value);
  return (route) => {
    const number = read(route);
    if (number !== undefined && number !== route[field]) route[field] = number;
  };
}

function communitySetter(list: CommunityValues): (route: Route) => void {
  switch (list.kind) {
    case "communities":
      return (route) => void (route.communities = list.values);
    case "largeCommunities":
      return (route) => void (route.largeCommunities = list.values);
    case "extendedCommunities":
      return (route) => void (route.extendedCommunities = list.values);
    default:
      return unreachable(list);
  }
}

function communityAdder(list: CommunityValues): (route: Route) => void {
  switch (list.kind) {
    case "communities":
      return (route) => {
        const added = missing(route.communities, list.values, (a, b) => a === b);
        if (added.length > 0) route.communities = [...route.communities, ...added];
      };
    case "largeCommunities":
      return (route) => {
        const added = missing(route.largeCommunities, list.values, equalLargeCommunities);
        if (added.length > 0) route.largeCommunities = [...route.largeCommunities, ...added];
      };
    case "extendedCommunities":
      return (route) => {
        const added = missing(route.extendedCommunities, list.values, equalExtendedCommunities);
        if (added.length > 0) route.extendedCommunities = [...route.extendedCommunities, ...added];
      };
    default:
      return unreachable(list);
  }
}

function missing<Value>(
  held: readonly Value[],
  values: readonly Value[],
  equal: (a: Value, b: Value) => boolean,
): readonly Value[] {
  return values.filter((value) => !held.some((other) => equal(value, other)));
}

function communityDeleter(patterns: CommunityPatterns): (route: Route) => void {
  switch (patterns.kind) {
    case "communityPatterns": {
      const matches = communityMatcher(patterns);
      return (route) => {
        if (route.communities.some(matches)) route.communities = route.communities.filter((value) => !matches(value));
      };
    }
    case "largeCommunityPatterns": {
      const matches = largeCommunityMatcher(patterns);
      return (route) => {
        if (route.largeCommunities.some(matches)) {
          route.largeCommunities = route.largeCommunities.filter((value) => !matches(value));
        }
      };
    }
    case "extendedCommunityPatterns": {
      const matches = extendedCommunityMatcher(patterns);
      return (route) => {
        if (route.extendedCommunities.some(matches)) {
          route.extendedCommunities = route.extendedCommunities.filter((value) => !matches(value));
        }
      };
    }
    default:
      return unreachable(patterns);
  }
}

const AS_SEQUENCE = 2;
const LONGEST_SEGMENT = 255; // RFC 4271 §4.3: the length of a segment is one octet

function prepender(readers: readonly Reader<number>[]): (route: Route) => void {
  return (route) => {
    const front = readers.flatMap((read) => read(route) ?? []);
    if (front.length > 0) route.asPath = prepend(front, route.asPath);
  };
}

/** RFC 4271 §5.1.2: prepends to the leading AS_SEQUENCE, or puts a new one in front where there is none or it is full. */
export function prepend(front: readonly number[], path: AsPath): AsPath {
  const [first, ...rest] = path;
  if (first !== undefined && first.type === AS_SEQUENCE && first.asNumbers.length + front.length <= LONGEST_SEGMENT) {
    return [{ type: AS_SEQUENCE, asNumbers: [...front, ...first.asNumbers] }, ...rest];
  }
  return [{ type: AS_SEQUENCE, asNumbers: front }, ...path];
}
