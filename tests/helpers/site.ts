/** The temporary folders of the shipped test board. */
export { type Files, Folder as Site } from "../../lib/tools/testing/folder.ts";

/** Text as it stands, any other value as JSON: for files that hold what no file should. */
export function fileText(content: unknown): string {
  return typeof content === "string" ? content : JSON.stringify(content);
}
