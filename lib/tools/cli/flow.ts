import { resolve } from "@std/path";
import { SwitchboardError } from "../../base/errors.ts";
import { mermaidOf } from "../../host/picture/mod.ts";
import { discover } from "../../host/service/mod.ts";
import { print } from "./output.ts";
import type { Shell } from "./shell.ts";

/**
 * Prints the flows of a service as Mermaid.
 *
 * @throws {SwitchboardError} If there is no such service, it has no flow, or one that is broken.
 */
export function flow(name: string, root: string, shell: Shell = Deno): void {
  const services = discover(resolve(root));
  const service = services.find(({ key }) => key === name);
  const flows = (service?.endpoints ?? []).flatMap(({ flow }) => flow === undefined ? [] : [flow]);
  const broken = service?.problems.filter(({ code }) => code === "SB_FLOW") ?? [];
  if (broken.length > 0) {
    throw new SwitchboardError("SB_FLOW", broken.map(({ message }) => message).join("\n"));
  }
  if (flows.length === 0) {
    if (service?.error) throw service.error;
    const others = services.filter(({ endpoints }) => endpoints.some(({ flow }) => flow))
      .map(({ key }) => key);
    const what = service === undefined
      ? `There is no service "${name}"`
      : `Service "${name}" has no flow`;
    throw new SwitchboardError(
      "SB_SERVICE",
      `${what} in ${resolve(root)}${
        others.length > 0 ? `; there are flows in ${others.join(", ")}` : ""
      }`,
    );
  }
  print(mermaidOf(flows), shell);
}
