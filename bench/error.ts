/** An error that prevents the benchmark, in words for the user. */
export class BenchError extends Error {}
