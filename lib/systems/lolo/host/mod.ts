import type { ServiceFolder, System } from "../../system.ts";
import { readFlows, strayFlows } from "./flows.ts";
import { loloStarter } from "./starter.ts";

/** Lolo's Websocket Trigger: flows, which are graphs of functions. */
export const lolo: System = {
  name: "lolo",
  starter: loloStarter,
  read(root) {
    const flows = readFlows(root);
    const own = <T extends { service: string }>(all: readonly T[], { kind, name }: ServiceFolder) =>
      kind === "service" ? all.filter((one) => one.service === name) : [];
    const sources = (service: ServiceFolder) =>
      own(flows.found, service).map(({ source }) => source);
    return {
      parts: (service) =>
        sources(service).flatMap(({ flow }) => flow?.nodes.flatMap(({ file }) => file ?? []) ?? []),
      endpoints: sources,
      problems: (service) => own(flows.broken, service).map(({ error }) => error),
      strays: () => strayFlows(root),
    };
  },
};
