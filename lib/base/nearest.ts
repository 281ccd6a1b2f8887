import leven from "leven";

/** The name that was probably meant; null: none is near. */
export function nearest(name: string, known: readonly string[]): string | null {
  const [best] = known.map((other) => ({ other, distance: distance(name, other) }))
    .sort((a, b) => a.distance - b.distance);
  if (best === undefined || best.distance > Math.max(2, name.length / 2)) return null;
  // Where not one character is the same, it was hardly meant.
  return best.distance < name.length ? best.other : null;
}

/** Edits between two names; one that begins like the other counts as near. */
function distance(a: string, b: string): number {
  const [x, y] = [a.toLowerCase(), b.toLowerCase()];
  if (x.length >= 3 && (x.startsWith(y) || y.startsWith(x))) return 1;
  return leven(x, y);
}
