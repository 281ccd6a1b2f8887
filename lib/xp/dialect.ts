import {
  type Dialect,
  type Endpoint,
  type EndpointSource,
  link,
  type Loader,
} from "../wire/mod.ts";
import { XpController } from "./controller.ts";
import { installGlobals } from "./globals.ts";

/** Controllers written for Enonic XP. */
export const xp: Dialect = {
  async open({ file }: EndpointSource, loader: Loader): Promise<Endpoint> {
    installGlobals(file, loader);
    return new XpController(await loader.load(file), link());
  },
};
