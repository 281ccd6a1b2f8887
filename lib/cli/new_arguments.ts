import { InvalidArgumentError } from "commander";
import { nearest } from "../service/nearest.ts";
import { STARTER_KINDS, type StarterKind } from "../starter/kinds.ts";
import { nameProblem } from "../starter/name.ts";

/** The name of a service to make, from the command line. */
export function serviceName(text: string): string {
  const problem = nameProblem(text);
  if (problem === null) return text;
  throw new InvalidArgumentError(`${problem[0]!.toUpperCase()}${problem.slice(1)}.`);
}

/** A kind of service, from the command line. */
export function kindOf(text: string): StarterKind {
  const kind = STARTER_KINDS.find((one) => one === text);
  if (kind !== undefined) return kind;
  const near = nearest(text, STARTER_KINDS);
  throw new InvalidArgumentError(
    `Expected xp, dirigible or lolo.${near === null ? "" : ` Did you mean ${near}?`}`,
  );
}
