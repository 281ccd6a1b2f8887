import { isOf, type ServiceFolder, type System } from "../../system.ts";
import { readFlows, strayFlows } from "./flows.ts";
import { loloStarter } from "./starter.ts";

/** Lolo's Websocket Trigger: flows, which are graphs of functions. */
export const lolo: System = {
  name: "lolo",
  starter: loloStarter,
  read(root) {
    const flows = readFlows(root);
    const sources = (service: ServiceFolder) =>
      flows.found.filter(isOf(service)).map(({ source }) => source);
    return {
      parts: (service) =>
        sources(service).flatMap(({ flow }) => flow?.nodes.flatMap(({ file }) => file ?? []) ?? []),
      endpoints: sources,
      problems: (service) => flows.broken.filter(isOf(service)).map(({ error }) => error),
      strays: () => strayFlows(root),
    };
  },
};
