import { OtherApplication, type Route, type ServiceKind } from "../../../model/mod.ts";

/**
 * The service that a path leads to (docs/contracts/xp.md, section 5); null: none.
 *
 * @param rawPath The path as it came.
 * @param app Name of the application.
 * @throws {URIError} If the path has a broken percent-encoding.
 * @throws {OtherApplication} If it names another application.
 */
export function findRoute(rawPath: string, app: string): Route | null {
  const segments = rawPath.split("/").slice(1);
  const names = segments.map(decodeURIComponent);
  const take = (key: string, count: number): Route => ({
    key,
    contextPath: `/${segments.slice(0, count).join("/")}`,
    rest: names.slice(count).join("/"),
    endpoint: null,
    match: null,
  });
  const sameApp = (name: string) => {
    if (name === app) return true;
    throw new OtherApplication(
      `There is no application "${name}" here, this is "${app}" ("app" in switchboard.json)`,
    );
  };
  return marked() ?? plain();

  /** The service after `/_/`, whatever precedes it; null if there is none. */
  function marked(): Route | null {
    const marker = names.indexOf("_");
    const [first, second, third] = names.slice(marker + 1);
    if (marker < 0 || !first) return null;
    if (first === "service") {
      return second && isServiceName(third) && sameApp(second) ? take(third, marker + 4) : null;
    }
    const api = splitApi(first);
    return api !== null && sameApp(api.app) ? take(`api:${api.name}`, marker + 2) : null;
  }

  function plain(): Route | null {
    const [first, second] = names;
    if (!second) return null;
    if (first === "services") return isServiceName(second) ? take(second, 2) : null;
    if (first === "webapp") return sameApp(second) ? take("webapp", 2) : null;
    const api = first === "api" ? splitApi(second) : null;
    return api !== null && sameApp(api.app) ? take(`api:${api.name}`, 2) : null;
  }
}

/** Names that would be mistaken for an API or the web app are not allowed: such services do not start. */
function isServiceName(name: string | undefined): name is string {
  return name !== undefined && name !== "" && name !== "webapp" && !name.includes(":");
}

function splitApi(segment: string): { app: string; name: string } | null {
  const at = segment.indexOf(":");
  if (at <= 0 || at === segment.length - 1) return null;
  return { app: segment.slice(0, at), name: segment.slice(at + 1) };
}

/** The shortest URL of a service. */
export function urlOf(kind: ServiceKind, name: string, app: string): string {
  if (kind === "service") return `/services/${encodeURIComponent(name)}`;
  if (kind === "api") return `/api/${app}:${encodeURIComponent(name)}`;
  return `/webapp/${app}/`;
}
