import types from "mime-db";

interface MediaType {
  source?: string;
  charset?: string;
  extensions?: string[];
}

/** Sources of media types; of two types with the same extension, the one with the earlier source counts. */
const SOURCES: readonly (string | undefined)[] = ["nginx", "apache", undefined, "iana"];

/** Types that give way to any other type with the same extension. */
const LAST_RESORTS: readonly string[] = ["application/octet-stream", "application/mp4"];

const byExtension = new Map<string, string>();
for (const [type, { extensions = [] }] of Object.entries(types as Record<string, MediaType>)) {
  for (const extension of extensions) {
    const rival = byExtension.get(extension);
    if (rival === undefined || !winsOver(rival, type)) byExtension.set(extension, type);
  }
}

/** Whether a type keeps its extension although another type has it too. */
function winsOver(type: string, other: string): boolean {
  if (LAST_RESORTS.includes(type)) return false;
  const difference = rankOf(type) - rankOf(other);
  return difference > 0 || difference === 0 && type.startsWith("application/");
}

function rankOf(type: string): number {
  return SOURCES.indexOf((types as Record<string, MediaType>)[type]?.source);
}

/** The `Content-Type` of files with the extension, such as `.html`; undefined: it is unknown. */
export function contentType(extension: string): string | undefined {
  const type = byExtension.get(extension.replace(/^\./, "").toLowerCase());
  if (type === undefined) return undefined;
  const charset = (types as Record<string, MediaType>)[type]?.charset ??
    (type.startsWith("text/") ? "UTF-8" : undefined);
  return charset === undefined ? type : `${type}; charset=${charset}`;
}
