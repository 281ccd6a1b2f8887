import {
  type Dialect,
  type Endpoint,
  type EndpointSource,
  link,
  type Loader,
} from "../wire/mod.ts";
import { FlowEndpoint } from "./flow_endpoint.ts";
import { RunningFlow } from "./running_flow.ts";

/** Flows: graphs of functions in the manner of Lolo. */
export const lolo: Dialect = {
  async open({ flow }: EndpointSource, loader: Loader): Promise<Endpoint> {
    return new FlowEndpoint(await RunningFlow.start(flow!, loader, link()), link());
  },
};
