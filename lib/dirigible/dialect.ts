import {
  type Dialect,
  type Endpoint,
  type EndpointSource,
  link,
  type Loader,
} from "../wire/mod.ts";
import { Handler } from "./handler.ts";
import { HandlerEndpoint } from "./handler_endpoint.ts";
import { MessageEndpoint } from "./message_endpoint.ts";

/** `*.websocket` artefacts of Eclipse Dirigible. */
export const dirigible: Dialect = {
  async open({ file }: EndpointSource, loader: Loader): Promise<Endpoint> {
    return new HandlerEndpoint(await Handler.load(file, loader), link());
  },
};

/** Message modules of Dirigible 2, which `/service/js` runs. */
export const dirigibleMessages: Dialect = {
  open({ modules = [] }: EndpointSource, loader: Loader): Promise<Endpoint> {
    return Promise.resolve(new MessageEndpoint(modules, loader, link()));
  },
};
