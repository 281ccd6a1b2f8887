import type { EndpointSource } from "../../../model/mod.ts";
import { isOf, type System } from "../../system.ts";
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
    return {
      parts: messageModuleFiles,
      endpoints: (service): EndpointSource[] => [
        ...artefacts.found.filter(isOf(service)).map(({ source }) => source),
        ...messageEndpoint(service),
      ],
      problems: (service) => artefacts.broken.filter(isOf(service)).map(({ error }) => error),
      strays: (services) => strayArtefacts(artefacts, services),
    };
  },
};
