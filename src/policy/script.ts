// Scripts → Filter: closures over one machine, made once per distinct script. Runs them as BIRD 1.6 runs its filters: types
// are looked at when they run, and whatever goes wrong is logged and rejects the route.
//
// Deviates from BIRD where that is undefined or an accident: docs/bird-filters.md has the list. Variables live as
// long as their filter, as there: a function has no frame per call, and none can call itself.

import { invariant, unreachable } from "../base/invariant.js";
import type { Position } from "./ast.js";
import type { Filter, Route, Verdict } from "./route.js";
import type {
  Script,
  ScriptAttribute,
  ScriptBlock,
  ScriptExpression,
  ScriptStatement,
  ScriptTable,
} from "./script-ast.js";
import { absentAttribute, readAttribute, unsetAttribute, writeAttribute } from "./script-attributes.js";
import { compileExpression, compileTest, type ExpressionContext } from "./script-expressions.js";
import { factsOf, type ScriptFacts } from "./script-facts.js";
import { editedList } from "./script-lists.js";
import { type Evaluate, LEAVE, type Outcome, ScriptDecision, ScriptMachine, type Step } from "./script-machine.js";
import { rangesHold } from "./script-membership.js";
import { fail, formatValue, NO_COMMUNITIES, NO_EXTENDED, NO_LARGE, quadOf, ScriptFault } from "./script-value.js";
import type { Value } from "./script-value.js";

/** What filters say to people: `error` when one could not be run to its end, `print` what a script prints. */
export type ScriptLog = (kind: "error" | "print", text: string) => void;

export interface ScriptOptions {
  /** Functions that the script, and those it applies, may apply. */
  readonly scripts: ScriptTable;
  /** Not limited in rate: whoever listens does that. */
  readonly log: ScriptLog;
}

/** Compiles a filter. It and all functions it applies must have passed the parser's checks; throws on our own bugs only. */
export function compileScript(script: Script, options: ScriptOptions): Filter {
  return compileKnown(script, options, factsOf(script, options.scripts));
}

/** As compileScript(), of whose facts are known. */
export function compileKnown(script: Script, options: ScriptOptions, facts: ScriptFacts): Filter {
  const machine = new ScriptMachine(script.at);
  const compiler = new Compiler(script, options, machine, facts.changed);
  const body = compiler.body(script);
  const undecided: Verdict = { accept: false, by: `${placeOf(script, script, script.at)}: neither accept nor reject` };
  const { log } = options;
  const run = (route: Route): Verdict => {
    machine.begin(route, script.at);
    try {
      const outcome = body();
      if (outcome !== undefined && outcome !== LEAVE) return outcome;
    } catch (error) {
      if (error instanceof ScriptDecision) return error.verdict;
      if (!(error instanceof ScriptFault)) throw error;
      log("error", `filters, line ${machine.at.line}: ${error.message}`);
      return { accept: false, by: `${placeOf(script, script, machine.at)}: ${error.message}` };
    }
    log("error", `Filter ${script.name} did not return accept nor reject. Make up your mind`);
    return undecided;
  };
  const { readsPrefix, readsWay, isPerSource, identity } = facts;
  return Object.assign(run, {
    readsPrefix,
    readsPeer: false,
    readsWay,
    isPerSource,
    identity,
    policies: [script.name],
    script: script.name,
  });
}

/** `filter NAME, file:line`, or `filter NAME, function NAME, file:line`. */
function placeOf(filter: Script, within: Script, at: Position): string {
  const place = within === filter ? "" : `, function ${within.name}`;
  return `filter ${filter.name}${place}, ${at.file}:${at.line}`;
}

type Statement<Kind extends ScriptStatement["kind"]> = Extract<ScriptStatement, { readonly kind: Kind }>;
type Apply = Extract<ScriptExpression, { readonly kind: "apply" }>;

interface CompiledFunction {
  readonly script: Script;
  /** Parameters, then locals. */
  readonly frame: Value[];
  readonly body: Step;
}

class Compiler {
  readonly #filter: Script;
  readonly #options: ScriptOptions;
  readonly #machine: ScriptMachine;
  readonly #changed: ReadonlySet<ScriptAttribute>;
  readonly #functions = new Map<string, CompiledFunction>();

  constructor(filter: Script, options: ScriptOptions, machine: ScriptMachine, changed: ReadonlySet<ScriptAttribute>) {
    this.#filter = filter;
    this.#options = options;
    this.#machine = machine;
    this.#changed = changed;
  }

  /** The statements of the filter itself. */
  body(script: Script): Step {
    return this.#compile(script).body;
  }

  #compile(script: Script): CompiledFunction {
    const frame: Value[] = new Array<Value>(script.parameters.length + script.locals.length).fill(undefined);
    const context: ExpressionContext = {
      machine: this.#machine,
      changed: this.#changed,
      frame,
      apply: (expression, from) => this.#applied(expression, from),
    };
    const statements = new StatementCompiler(this.#filter, script, context, this.#options.log, (expression) =>
      this.#applying(expression, context),
    );
    const block = statements.block(script.body);
    const cleared = script.locals.map(({ slot }) => slot);
    if (cleared.length === 0) return { script, frame, body: block };
    const body: Step = () => {
      for (let i = 0; i < cleared.length; i++) frame[cleared[i]] = undefined;
      return block();
    };
    return { script, frame, body };
  }

  #function(name: string): CompiledFunction {
    const known = this.#functions.get(name);
    if (known !== undefined) return known;
    const script = this.#options.scripts.get(name);
    invariant(script !== undefined, `function ${name} is defined`);
    const compiled = this.#compile(script);
    this.#functions.set(name, compiled);
    return compiled;
  }

  /** A call as a statement: its verdict is the filter's. */
  #applying(expression: Apply, context: ExpressionContext): Step {
    const { script, frame, body } = this.#function(expression.script);
    const operands = expression.operands.map((operand) => compileExpression(operand, context));
    invariant(operands.length === script.parameters.length, `function ${script.name} is given its parameters`);
    // One after the other, as in BIRD: f(1, f(2, 3)) finds the first parameter changed.
    const assigns = script.parameters.map((parameter, i) => assigner(parameter, frame, operands[i]));
    const machine = this.#machine;
    return () => {
      for (let i = 0; i < assigns.length; i++) assigns[i]();
      const { at } = machine;
      machine.returned = undefined;
      const outcome = body();
      machine.at = at;
      return outcome;
    };
  }

  /** A call inside an expression: a verdict must find its way out. */
  #applied(expression: Apply, context: ExpressionContext): Evaluate {
    const applying = this.#applying(expression, context);
    const machine = this.#machine;
    return () => {
      const outcome = applying();
      if (outcome === undefined) return undefined;
      if (outcome !== LEAVE) throw new ScriptDecision(outcome);
      return machine.returned;
    };
  }
}

/** Assigns to a variable or parameter, whose type must fit. */
function assigner({ type, slot }: Script["parameters"][number], frame: Value[], evaluate: Evaluate): () => void {
  return () => {
    const value = evaluate();
    if (value === undefined || value.type === type) frame[slot] = value;
    else {
      const address = type === "quad" ? quadOf(value) : undefined;
      if (address === undefined) return fail("Assigning to variable of incompatible type");
      frame[slot] = { type: "quad", value: address };
    }
  };
}

const EMPTIES: Readonly<Partial<Record<ScriptAttribute, Value>>> = {
  asPath: { type: "path", path: [] },
  communities: NO_COMMUNITIES,
  clusterList: NO_COMMUNITIES,
  extendedCommunities: NO_EXTENDED,
  largeCommunities: NO_LARGE,
};

/** The statements of one function or filter. */
class StatementCompiler {
  readonly #filter: Script;
  readonly #script: Script;
  readonly #context: ExpressionContext;
  readonly #log: ScriptLog;
  readonly #applying: (expression: Apply) => Step;

  constructor(
    filter: Script,
    script: Script,
    context: ExpressionContext,
    log: ScriptLog,
    applying: (expression: Apply) => Step,
  ) {
    this.#filter = filter;
    this.#script = script;
    this.#context = context;
    this.#log = log;
    this.#applying = applying;
  }

  block(block: ScriptBlock): Step {
    const steps = block.map((statement) => this.#located(statement));
    if (steps.length === 1) return steps[0];
    return () => {
      for (let i = 0; i < steps.length; i++) {
        const outcome = steps[i]();
        if (outcome !== undefined) return outcome;
      }
      return undefined;
    };
  }

  /** Tells the machine where it is, for what can fail there. */
  #located(statement: ScriptStatement): Step {
    const step = this.#statement(statement);
    if (statement.kind === "accept" || statement.kind === "reject" || statement.kind === "block") return step;
    const { machine } = this.#context;
    const { at } = statement;
    return () => {
      machine.at = at;
      return step();
    };
  }

  #statement(statement: ScriptStatement): Step {
    switch (statement.kind) {
      case "accept":
      case "reject": {
        const verdict = this.#verdict(statement.kind === "accept", statement.at);
        return () => verdict;
      }
      case "block":
        return this.block(statement.body);
      case "assign":
        return effect(assigner(statement.variable, this.#context.frame, this.#expression(statement.value)));
      case "setAttribute":
        return this.#setter(statement.attribute, this.#expression(statement.value));
      case "unsetAttribute":
        return this.#unsetter(statement.attribute);
      case "editAttribute":
        return this.#editor(statement);
      case "evaluate":
        return this.#evaluation(statement.expression);
      case "return":
        return this.#return(statement);
      case "when":
        return this.#when(statement);
      case "case":
        return this.#case(statement);
      case "print":
        return this.#print(statement);
      default:
        return unreachable(statement);
    }
  }

  #expression(expression: ScriptExpression): Evaluate {
    return compileExpression(expression, this.#context);
  }

  #verdict(accept: boolean, at: Position): Verdict {
    return { accept, by: placeOf(this.#filter, this.#script, at) };
  }

  #setter(attribute: ScriptAttribute, evaluate: Evaluate): Step {
    const { machine } = this.#context;
    const write = writeAttribute(attribute);
    return effect(() => {
      machine.changes.set(attribute, write(machine.route, evaluate()));
    });
  }

  #unsetter(attribute: ScriptAttribute): Step {
    const { machine } = this.#context;
    const unset = unsetAttribute(attribute);
    const absent = absentAttribute(attribute);
    return effect(() => {
      unset(machine.route);
      machine.changes.set(attribute, absent);
    });
  }

  #editor({ attribute, operation, value }: Statement<"editAttribute">): Step {
    if (operation === "empty") {
      const empty = EMPTIES[attribute];
      return this.#setter(attribute, () => empty ?? fail("Can't empty that attribute"));
    }
    invariant(value !== undefined, `${operation} has an operand`);
    const { machine } = this.#context;
    const read = readAttribute(attribute);
    const { changes } = machine;
    const evaluate = this.#expression(value);
    return this.#setter(attribute, () => {
      const list = changes.has(attribute) ? changes.get(attribute) : read(machine.route);
      return editedList(operation, list, evaluate());
    });
  }

  #evaluation(expression: ScriptExpression): Step {
    if (expression.kind !== "apply") return effect(this.#expression(expression));
    const applying = this.#applying(expression);
    return () => {
      const outcome = applying();
      return outcome === LEAVE ? undefined : outcome;
    };
  }

  #return({ value }: Statement<"return">): Step {
    const { machine } = this.#context;
    const evaluate = value === undefined ? () => undefined : this.#expression(value);
    return () => {
      machine.returned = evaluate();
      return LEAVE;
    };
  }

  #when({ condition, then, otherwise }: Statement<"when">): Step {
    const test = compileTest(condition, this.#context, "If requires boolean expression");
    const thenStep = this.block(then);
    if (otherwise.length === 0) return () => (test() ? thenStep() : undefined);
    const otherwiseStep = this.block(otherwise);
    return () => (test() ? thenStep() : otherwiseStep());
  }

  #case({ subject, branches, otherwise }: Statement<"case">): Step {
    const evaluate = this.#expression(subject);
    const steps = branches.map(({ values, body }) => ({ ranges: values.ranges, step: this.block(body) }));
    const otherwiseStep = this.block(otherwise);
    return () => {
      const value = evaluate();
      // Deviates from BIRD, where a value of another type takes whichever branch its search tree has in the middle.
      if (value === undefined || value.type === "opaque") return otherwiseStep();
      const branch = steps.find(({ ranges }) => rangesHold(ranges, value));
      return (branch?.step ?? otherwiseStep)();
    };
  }

  #print({ values, then, at }: Statement<"print">): Step {
    const evaluators = values.map((value) => this.#expression(value));
    const verdict = then === "goOn" ? undefined : this.#verdict(then === "accept", at);
    const log = this.#log;
    return (): Outcome => {
      if (evaluators.length > 0) log("print", evaluators.map((evaluate) => formatValue(evaluate())).join(""));
      return verdict;
    };
  }
}

/** A step that never decides. */
function effect(run: () => unknown): Step {
  return () => {
    run();
    return undefined;
  };
}
