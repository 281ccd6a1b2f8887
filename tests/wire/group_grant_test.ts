import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { SwitchboardError } from "../../lib/base/errors.ts";
import { GroupGrant } from "../../lib/base/group_grant.ts";

Deno.test("GroupGrant allows what its patterns list", async (t) => {
  const cases: [string[] | null, string, boolean][] = [
    [null, "anything", true],
    [null, "", true],
    [[], "anything", false],
    [[], "", false],
    [["chat"], "chat", true],
    [["chat"], "chats", false],
    [["chat"], "a chat", false],
    [["chat"], "Chat", false],
    [["chat"], "", false],
    [["chat", "room"], "room", true],
    [["*"], "anything", true],
    [["*"], "", true],
    [["chat", "*"], "other", true],
    [["**"], "x", true],
    [["**"], "", true],
    [["room:*"], "room:1", true],
    [["room:*"], "room:", true],
    [["room:*"], "room:a:b", true],
    [["room:*"], "room:*", true],
    [["room:*"], "room", false],
    [["room:*"], "my room:1", false],
    [["*:admin"], "a:admin", true],
    [["*:admin"], ":admin", true],
    [["*:admin"], "a:admins", false],
    [["a*z"], "az", true],
    [["a*z"], "a-z", true],
    [["a*z"], "a", false],
    [["a*z"], "z", false],
    [["a*a"], "a", false],
    [["a*a"], "aa", true],
    [["aba*aba"], "ababa", false],
    [["aba*aba"], "abaaba", true],
    [["a**z"], "az", true],
    [["a*b*c"], "abc", true],
    [["a*b*c"], "a1b2c", true],
    [["a*b*c"], "ac", false],
    [["a*b*c"], "acb", false],
    [["a*b*c"], "abbc", true],
    [["a*bc*c"], "abc", false],
    [["a*bc*c"], "abcc", true],
    [["ab*ba*ab"], "abab", false],
    [["ab*ba*ab"], "abbaab", true],
    [["*a*"], "bab", true],
    [["*a*"], "a", true],
    [["*a*"], "b", false],
    [["*ab*ab*"], "ab", false],
    [["*ab*ab*"], "abab", true],
    [["*ab*ab*"], "xabyabz", true],
    [["*ab*ba*"], "aba", false],
    [["a.c"], "abc", false],
    [["a?c"], "abc", false],
    [["[a-z]*"], "abc", false],
    [["[a-z]*"], "[a-z]x", true],
    [["(a*"], "(ab", true],
    [["a\\*"], "a*", false],
    [["a*"], "a\nb", true],
    [["café*"], "café 1", true],
    [["*💬"], "x💬", true],
    [[""], "", true],
    [[""], "x", false],
  ];
  for (const [patterns, group, allowed] of cases) {
    await t.step(`${JSON.stringify(group)} of ${JSON.stringify(patterns)}: ${allowed}`, () => {
      assertEquals(new GroupGrant("join", patterns).allows(group), allowed);
    });
  }
});

Deno.test("GroupGrant takes no longer for a hostile name", () => {
  const grant = new GroupGrant("join", [`${"a*".repeat(50)}b`]);
  assertEquals(grant.allows("a".repeat(100_000)), false);
  assertEquals(grant.allows(`${"a".repeat(100_000)}b`), true);
});

Deno.test("check() throws for a group that is not granted, and names the key that would grant it", async (t) => {
  const cases: ["join" | "send", string][] = [
    ["join", 'Cannot join group "secret": "groups.join" in service.json does not list it'],
    ["send", 'Cannot send to group "secret": "groups.send" in service.json does not list it'],
  ];
  for (const [verb, said] of cases) {
    await t.step(verb, () => {
      const grant = new GroupGrant(verb, ["chat", "room:*"]);
      grant.check("chat");
      grant.check("room:1");
      const error = assertThrows(() => grant.check("secret"), SwitchboardError);
      assertEquals(error.code, "SB_GRANT");
      assertStringIncludes(error.message, said);
    });
  }
});
