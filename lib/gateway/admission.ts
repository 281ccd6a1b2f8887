/** Whether a service lets in who asks. Nobody can log in yet, so whoever asks is anonymous. */
export function admits(allow: readonly string[] | null): boolean {
  return allow === null || allow.includes("role:system.everyone") ||
    allow.includes("user:system:anonymous");
}
