import type { Files } from "./files.ts";
import type { TestSubject } from "./test.ts";

/** A service to begin with. */
export interface Starter {
  /** Its files, relative to its own folder. */
  files: Files;
  /** What its test is about. */
  test: Omit<TestSubject, "name">;
}
