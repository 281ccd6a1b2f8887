/** Where examples are: in docstrings and pages. */
export const PLACES: readonly string[] = ["lib", "mod.ts", "README.md", "docs"];

/**
 * Arguments of `deno check` that check the types of all examples together with the types of all code. Pages must
 * be named one by one: `deno check` looks for modules only in a folder.
 */
export const CHECK_EXAMPLES: readonly string[] = ["--doc", ".", ...PLACES.flatMap(pagesAt)];

/**
 * Arguments of `deno test` that run the examples. Their types are checked before: here each example, and each
 * isolate that it starts, would check its own.
 */
export const RUN_EXAMPLES: readonly string[] = [
  "--doc",
  "--no-check",
  "--preload=./tools/verify/example_guard.ts",
];

function pagesAt(place: string): string[] {
  if (Deno.statSync(place).isFile) return place.endsWith(".md") ? [place] : [];
  return [...Deno.readDirSync(place)].map(({ name }) => `${place}/${name}`)
    .filter((path) => path.endsWith(".md")).sort();
}
