import type { EndpointSource } from "../../../model/mod.ts";
import type { ServiceFolder, System } from "../../system.ts";
import { readArtefacts, strayArtefacts } from "./artefact.ts";
import { messageEndpoint, messageModuleFiles } from "./message_modules.ts";
import { messagePath } from "./shared_path.ts";
import { dirigibleStarter } from "./starter.ts";

/** Eclipse Dirigible: `*.websocket` artefacts, and modules that messages name. */
export const dirigible: System = {
  name: "dirigible",
  sharedPath: messagePath,
  starter: dirigibleStarter,
  read(root) {
    const artefacts = readArtefacts(root);
    const own = <T extends { service: string }>(all: readonly T[], { kind, name }: ServiceFolder) =>
      kind === "service" ? all.filter((one) => one.service === name) : [];
    return {
      parts: messageModuleFiles,
      endpoints: (service): EndpointSource[] => [
        ...own(artefacts.found, service).map(({ source }) => source),
        ...messageEndpoint(service),
      ],
      problems: (service) => own(artefacts.broken, service).map(({ error }) => error),
      strays: (services) => strayArtefacts(artefacts, services),
    };
  },
};
