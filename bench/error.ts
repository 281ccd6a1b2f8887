/** What keeps the bench from running, in words for whoever started it. */
export class BenchError extends Error {}
