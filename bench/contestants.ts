import { fromFileUrl } from "@std/path";
import type { Tools } from "./tools.ts";

/** How a contestant is told apart in figures and aims. */
export type Id =
  | "floor"
  | "bun"
  | "deno"
  | "ws-deno"
  | "ws-node"
  | "socketio"
  | "switchboard-deno"
  | "switchboard-ws";

/** A server that does the work of all cases. */
export interface Contestant {
  id: Id;
  name: string;
  isOurs: boolean;
  /** The framing of its messages. */
  protocol: "plain" | "socketio";
  /** Path that echoes, and path whose clients are all in one group. */
  paths: { echo: string; group: string };
  /** The command that starts it; undefined: what it takes is not there. */
  command(tools: Tools, isIdle: boolean): string[] | undefined;
  env?: Record<string, string>;
}

const here = (path: string) => fromFileUrl(import.meta.resolve(path));

const PLAIN = {
  isOurs: false,
  protocol: "plain",
  paths: { echo: "/services/echo", group: "/services/fanout" },
} as const;

/**
 * V8 collects the garbage of an idle process after some seconds, or half a minute. All do so at once where memory
 * is measured, or that would be the handshakes'.
 */
const SOON = ["--gc-memory-reducer-start-delay-ms=500", "--memory-reducer-delay-ms=500"];

const deno = (isIdle: boolean, ...args: string[]) => [
  Deno.execPath(),
  "run",
  "-A",
  "--no-prompt",
  ...(isIdle ? [`--v8-flags=${SOON.join(",")}`] : []),
  ...args,
];

const node = (isIdle: boolean, path: string, file: string) => [
  path,
  ...(isIdle ? [SOON[0]!] : []),
  file,
];

const ours = (isIdle: boolean) =>
  deno(isIdle, here("../cli.ts"), "serve", here("./root"), "--port", "0");

/** All of them: the least that can be done, the peers, and we. */
export const CONTESTANTS: readonly Contestant[] = [
  {
    ...PLAIN,
    id: "floor",
    name: "Floor: one epoll loop in C",
    command: ({ floor }) => [floor],
  },
  {
    ...PLAIN,
    id: "bun",
    name: "Bun, publish",
    command: ({ bun, peer }) => bun === undefined ? undefined : [bun, peer("bun.js")],
  },
  {
    ...PLAIN,
    id: "switchboard-ws",
    name: "Switchboard, ws",
    isOurs: true,
    command: (_, isIdle) => ours(isIdle),
    env: { SWITCHBOARD_TRANSPORT: "ws" },
  },
  {
    ...PLAIN,
    id: "switchboard-deno",
    name: "Switchboard, deno",
    isOurs: true,
    command: (_, isIdle) => ours(isIdle),
    env: { SWITCHBOARD_TRANSPORT: "deno" },
  },
  {
    ...PLAIN,
    id: "deno",
    name: "Bare Deno loop",
    command: (_, isIdle) => deno(isIdle, here("./peers/deno.ts")),
  },
  {
    ...PLAIN,
    id: "ws-deno",
    name: "Bare ws on Deno",
    command: ({ hasPackages, peer }, isIdle) =>
      hasPackages
        ? deno(isIdle, "--no-config", "--no-lock", "--node-modules-dir=manual", peer("ws.mjs"))
        : undefined,
  },
  {
    ...PLAIN,
    id: "ws-node",
    name: "Bare ws on Node",
    command: ({ node: path, peer }, isIdle) =>
      path === undefined ? undefined : node(isIdle, path, peer("ws.mjs")),
  },
  {
    ...PLAIN,
    id: "socketio",
    name: "Socket.IO on Node",
    protocol: "socketio",
    paths: {
      echo: "/socket.io/?EIO=4&transport=websocket&echo=1",
      group: "/socket.io/?EIO=4&transport=websocket",
    },
    command: ({ node: path, peer }, isIdle) =>
      path === undefined ? undefined : node(isIdle, path, peer("socketio.mjs")),
  },
];
