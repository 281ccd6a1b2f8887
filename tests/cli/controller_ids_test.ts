import { assertEquals } from "@std/assert";
import { deno, switchboard } from "../helpers/project.ts";
import { Site } from "../helpers/site.ts";

Deno.test("check in a project of init knows Dirigible's ids with the name of the own folder", async () => {
  using site = Site.make({});
  const options = { cwd: site.root };
  assertEquals((await switchboard(["init"], options)).code, 0);
  site.write({
    "services/talk/talk.websocket": { handler: "talk/handler", endpoint: "talk", description: "" },
    "services/talk/handler.js": `// @ts-check
      import { word } from "talk/words";
      export const onOpen = () => {};
      export const onMessage = () => word;
      export const onError = () => {};
      export const onClose = () => {};`,
    "services/talk/words.js": `export const word = "a word";`,
  });
  const { code, output, errors } = await deno(["task", "check"], options);
  assertEquals([code, output], [0, "Checked 2 services: all is well\n"], errors);
});
