import type { Link } from "./link.ts";

/**
 * Reports denials of Deno: the constructor of every `NotCapable` calls its base class.
 *
 * Deno's message is parsed for the kind and the target of the permission; the rest of it is advice
 * for a command line that the author of a controller does not have.
 */
export function auditDenials(link: Link): void {
  const { NotCapable } = Deno.errors;
  Object.setPrototypeOf(
    NotCapable,
    class extends Error {
      constructor(message?: string, options?: ErrorOptions) {
        super(message, options);
        const denial = denialOf(String(message));
        if (denial !== null) link.denied(denial.kind, denial.target);
      }
    },
  );
  Object.freeze(NotCapable);
}

/** Kind and target of `Requires read access to "/etc/passwd", run again with the --allow-read flag`. */
export function denialOf(message: string): { kind: string; target: string } | null {
  const [, kind, target] = /Requires (\w+) access(?: to "?(.*?)"?)?, run again/s.exec(message) ??
    [];
  if (kind !== undefined) return { kind, target: target ?? "" };
  if (message.startsWith("Can't escalate")) return { kind: "worker", target: "" };
  return null;
}
