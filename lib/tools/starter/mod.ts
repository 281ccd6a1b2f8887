/**
 * The files of a new project, and of a new service in one.
 *
 * Comes in: a name, a kind, where the command comes from. Goes out: files with their text, and the files on disk.
 *
 * @module
 */
export { KEEPABLE, projectFiles } from "./project.ts";
export { serviceStarter } from "./service.ts";
export { nameProblem } from "./name.ts";
export { writeFiles, type WriteOptions } from "./files.ts";
export { type Wiring, wiringOf } from "./wiring.ts";
