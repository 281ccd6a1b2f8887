import { link } from "../../../inside/link.ts";
import type { InsideSystem } from "../../../inside/system.ts";
import { FlowEndpoint } from "./flow_endpoint.ts";
import { RunningFlow } from "./running_flow.ts";

/** Flows: graphs of functions in the manner of Lolo. */
export const lolo: InsideSystem = {
  controllers: {
    async lolo({ flow }, loader) {
      return new FlowEndpoint(await RunningFlow.start(flow!, loader, link()), link());
    },
  },
};
