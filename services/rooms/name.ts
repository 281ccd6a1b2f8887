// The name of a connection: its URL has it, and each event repeats it.
import type { TriggerEvent } from "/lib/lolo/types";

export function nameOf({ query }: Pick<TriggerEvent, "query">): string {
  return [query.name ?? ""].flat()[0]!.replace(/\s+/g, " ").trim();
}
