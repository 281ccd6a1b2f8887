/** First segments of paths that are the server's own, or that lead to services by their names. */
export const RESERVED_PATHS: readonly string[] = [
  "_",
  "api",
  "healthz",
  "metrics",
  "readyz",
  "service",
  "services",
  "webapp",
  "websockets",
];
