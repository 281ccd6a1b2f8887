/**
 * Stand-in for `jsr:@std/path`: the names that Switchboard uses, from `node:path`.
 *
 * @module
 */
export {
  basename,
  dirname,
  extname,
  isAbsolute,
  join,
  relative,
  resolve,
  sep as SEPARATOR,
} from "node:path";
export { fileURLToPath as fromFileUrl, pathToFileURL as toFileUrl } from "node:url";
