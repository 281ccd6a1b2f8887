/** What a generated test is about. */
export interface TestSubject {
  /** The service. */
  name: string;
  /** Path of its websocket; `?name=` is added. */
  path: string;
  /** What is expected, as the rest of a sentence. */
  does: string;
  /** What Ada and Bob, who are connected, say and hear: statements, indented. */
  talk: string;
}

/** A test that starts the project on a free port and talks to the service through real sockets. */
export function testOf({ name, path, does, talk }: TestSubject): string {
  return `import { assertEquals } from "@std/assert";
import { Switchboard } from "@switchboard/switchboard";

Deno.test("${name}: ${does}", async () => {
  const root = \`\${import.meta.dirname}/..\`;
  await using board = await Switchboard.open({ root, port: 0 });
  const { port } = await board.listen();
  const url = \`ws://127.0.0.1:\${port}${path}\`;
  await using ada = await connect(\`\${url}?name=Ada\`);
  await using bob = await connect(\`\${url}?name=Bob\`);
${talk}
});

/** Connects; \`next\` waits for the next message. */
async function connect(url: string) {
  const socket = new WebSocket(url);
  const messages: string[] = [];
  let came = () => {};
  socket.onmessage = ({ data }) => {
    messages.push(data);
    came();
  };
  const closed = new Promise<void>((resolve) => {
    socket.onclose = () => resolve();
  });
  await new Promise<void>((resolve, reject) => {
    socket.onopen = () => resolve();
    socket.onerror = () => reject(new Error(\`No websocket at \${url}\`));
  });
  return {
    send: (message: string) => socket.send(message),
    async next(): Promise<string> {
      const timer = setTimeout(() => socket.close(), 10_000);
      if (messages.length === 0) {
        const message = new Promise<void>((resolve) => came = resolve);
        await Promise.race([message, closed]);
      }
      clearTimeout(timer);
      return messages.shift() ?? "No message came";
    },
    async [Symbol.asyncDispose]() {
      socket.close();
      await closed;
    },
  };
}
`;
}
