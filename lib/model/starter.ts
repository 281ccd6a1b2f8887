/** Texts to write, by path with `/`, relative to a folder. */
export type Files = Record<string, string>;

/** A service that `new` makes. */
export interface Starter {
  /** Its files, relative to its own folder. */
  files: Files;
  /** The subject of its test. */
  test: Omit<TestSubject, "name">;
}

/** The subject of a generated test. */
export interface TestSubject {
  /** Name of the service. */
  name: string;
  /** Path of its websocket; the parameter `name` is added. */
  path: string;
  /** The expected behavior, as the rest of a sentence. */
  does: string;
  /** Statements in which the connected clients Ada and Bob send and receive messages, indented. */
  talk: string;
}
