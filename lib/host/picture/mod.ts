/**
 * A flow to look at: as Mermaid for documents, as SVG for pages.
 *
 * Comes in: flows that have been checked. Goes out: text.
 *
 * @module
 */
export { mermaidOf } from "./mermaid.ts";
export { drawingOf } from "./drawing.ts";
