import { InvalidArgumentError } from "commander";
import { nameProblem } from "../starter/name.ts";

/** The name of a service to make, from the command line. */
export function serviceName(text: string): string {
  const problem = nameProblem(text);
  if (problem === null) return text;
  throw new InvalidArgumentError(`${problem[0]!.toUpperCase()}${problem.slice(1)}.`);
}
