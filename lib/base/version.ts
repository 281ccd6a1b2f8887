import config from "../../deno.json" with { type: "json" };

/** Version of Switchboard. */
export const VERSION: string = config.version;
