// What BIRD can do and this speaker cannot is refused in the form of BIRD's own messages, at the protocol that asks for it:
// a file that is accepted means what it says.

import { BirdConfigError } from "../language/bird-config-error.js";
import type { ProtocolDeclaration } from "../language/declarations.js";

/** Throws BirdConfigError at the place of the declaration. */
export function refuse({ name, at }: Pick<ProtocolDeclaration, "name" | "at">, what: string): never {
  throw new BirdConfigError(`${what} (protocol ${name})`, at.file, at.line, at.column);
}
