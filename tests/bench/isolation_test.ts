import { assert, assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import type { Phase } from "../../bench/isolation/disturbance.ts";

const BENCH = fromFileUrl(import.meta.resolve("../../bench/isolation.ts"));

Deno.test({
  name: "a disturbed service loses what the log says, and no other service loses anything",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-prompt", BENCH, "--quick", "--json", "--only", "disturbance"],
      env: { NO_COLOR: "1" },
      stdin: "null",
    }).output();
    const [text, errors] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    assert(text!.startsWith("{"), errors);
    const phases: Phase[] = JSON.parse(text!).disturbance;
    const found = phases.map(({ name, other, hit, lostByLog, lostByReadyz, log }) => ({
      name,
      lostByOther: other.lost,
      unexpected: other.unexpected + hit.unexpected,
      closed: other.closed + hit.closed,
      missedByMembers: hit.missedByMembers,
      lost: [hit.lost, lostByLog, lostByReadyz],
      version: hit.version,
      starts: log.filter((line) => line.includes("restarts in")).length,
    }));
    const names = ["quiet", "edit", "kill", "out of memory", "spin"];
    assertEquals(
      found.filter(({ name }) => !name.startsWith("control")),
      names.map((name, at) => {
        const { lostByLog } = phases.find((phase) => phase.name === name)!;
        return {
          name,
          lostByOther: 0,
          unexpected: 0,
          closed: 0,
          missedByMembers: 0,
          lost: [lostByLog, lostByLog, lostByLog],
          version: at === 0 ? "1" : "2",
          starts: at < 2 ? 0 : 1,
        };
      }),
    );
  },
});
