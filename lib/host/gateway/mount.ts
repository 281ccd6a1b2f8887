import type { Route } from "../../model/mod.ts";
import type { GatewayService } from "./service.ts";

/**
 * The controller whose own path matches; of several the one whose path is the most exact, of equals the first.
 *
 * @param rawPath The path as it came.
 * @throws {URIError} If the path has a broken percent-encoding.
 */
export function findMount(
  rawPath: string,
  services: ReadonlyMap<string, Pick<GatewayService, "mounts">>,
): Route | null {
  const found =
    [...services].flatMap(([key, { mounts }]) =>
      mounts.flatMap(({ pattern, endpoint }) => {
        const params = pattern.match(rawPath);
        return params === null ? [] : [{ key, pattern, endpoint, params }];
      })
    ).sort((a, b) => a.pattern.compare(b.pattern))[0];
  if (found === undefined) return null;
  const { key, pattern, endpoint, params } = found;
  return {
    key,
    contextPath: rawPath,
    rest: "",
    endpoint,
    match: { path: pattern.path, params },
  };
}
