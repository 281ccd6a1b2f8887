// What a connection is called: it says so in its URL, and an event says it each time.
import type { TriggerEvent } from "/lib/lolo/types";

export function nameOf({ query }: Pick<TriggerEvent, "query">): string {
  return [query.name ?? ""].flat()[0]!.replace(/\s+/g, " ").trim();
}
