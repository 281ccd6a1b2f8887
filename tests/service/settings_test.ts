import { assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { SwitchboardError } from "../../lib/base/errors.ts";
import {
  DEFAULT_SETTINGS,
  type PartialSettings,
  readSettings,
  type Settings,
} from "../../lib/host/service/mod.ts";
import schema from "../../lib/host/service/settings.schema.json" with { type: "json" };
import { fileText, Site } from "../helpers/site.ts";

/**
 * Runs with these environment variables and no other. Those of the process stay as they are: other tests run beside
 * this one.
 */
function withEnvironment<T>(variables: Record<string, string>, run: () => T): T {
  const { get } = Deno.env;
  Deno.env.get = (name) => variables[name];
  try {
    return run();
  } finally {
    Deno.env.get = get;
  }
}

/** The settings of a root with this `switchboard.json`. */
function settingsOf(
  file: unknown,
  environment: Record<string, string> = {},
  given: PartialSettings = {},
): Settings {
  using site = Site.make(file === undefined ? {} : { "switchboard.json": fileText(file) });
  return withEnvironment(environment, () => readSettings(site.root, given));
}

/** What is found wrong. */
function problemOf(
  file: unknown,
  environment: Record<string, string> = {},
  given: PartialSettings = {},
): string {
  const error = assertThrows(() => settingsOf(file, environment, given), SwitchboardError);
  assertEquals(error.code, "SB_SETTINGS");
  return error.message;
}

/** What a key needs beside it. */
const BESIDE: Record<string, object> = {
  tls: { cert: "cert.pem", key: "key.pem" },
  jwt: { algorithms: ["HS256"] },
};

function at(path: string, value: unknown): unknown {
  return path.split(".").reduceRight((inner, key, index, keys) => ({
    ...BESIDE[keys[index - 1] ?? ""],
    [key]: inner,
  }), value);
}

const NO_OBJECT: [unknown, string][] = [
  [[], "must be an object, got []"],
  [null, "must be an object, got null"],
  ["x", 'must be an object, got "x"'],
];

const NO_COUNT: [unknown, string][] = [
  [-1, "must be at least 0, got -1"],
  [1.5, "must be an integer, got 1.5"],
  ["1", 'must be an integer, got "1"'],
  [null, "must be an integer, got null"],
];

const NO_OVER: [unknown, string][] = [
  ["shed", 'must be one of close, drop, got "shed"'],
  [true, "must be one of close, drop, got true"],
];

const NO_TEXT: [unknown, string][] = [
  [7, "must be a string, got 7"],
  ["", "must not be empty"],
];

const GARBAGE: Record<string, [unknown, string][]> = {
  "$schema": [[3, "must be a string, got 3"]],
  "app": [
    [3, "must be a string, got 3"],
    ["", 'has characters that are not allowed, got ""'],
    ["a b", 'has characters that are not allowed, got "a b"'],
    ["a/b", 'has characters that are not allowed, got "a/b"'],
    ["a:b", 'has characters that are not allowed, got "a:b"'],
    [".a", 'has characters that are not allowed, got ".a"'],
    ["_", 'has characters that are not allowed, got "_"'],
    [null, "must be a string, got null"],
  ],
  "config": NO_OBJECT,
  "hostname": [
    ["", "must not be empty"],
    [127, "must be a string, got 127"],
    [null, "must be a string, got null"],
  ],
  "port": [
    [-1, "must be at least 0, got -1"],
    [65536, "must be at most 65535, got 65536"],
    [80.5, "must be an integer, got 80.5"],
    ["8080", 'must be an integer, got "8080"'],
    [null, "must be an integer, got null"],
  ],
  "limits": NO_OBJECT,
  "limits.bodyBytes": [
    [-1, "must be at least 0, got -1"],
    ["1M", 'must be an integer, got "1M"'],
  ],
  "limits.sessions": NO_COUNT,
  "limits.sessionsPerUser": NO_COUNT,
  "limits.sessionsPerAddress": NO_COUNT,
  "limits.handshakesPerSecPerAddress": NO_COUNT,
  "limits.wrongCredentialsPerMinPerAddress": NO_COUNT,
  "limits.messagesPerSec": NO_COUNT,
  "limits.bytesPerSec": NO_COUNT,
  "limits.groupsPerSession": NO_COUNT,
  "limits.headerBytes": NO_COUNT,
  "limits.overRate": NO_OVER,
  "transport": [["uws", 'must be one of deno, ws, got "uws"']],
  "compression": [["gzip", 'must be a boolean, got "gzip"'], [
    1,
    "must be a boolean, got 1",
  ]],
  "slowClient": NO_OVER,
  "pingIntervalSec": [
    [-1, "must be at least 0, got -1"],
    [3601, "must be at most 3600, got 3601"],
    [0.5, "must be an integer, got 0.5"],
  ],
  "metrics": [["everybody", 'must be one of local, all, off, got "everybody"']],
  "tls": [
    [[], "must be an object or null, got []"],
    ["x", 'must be an object or null, got "x"'],
  ],
  "tls.cert": [[7, "must be a string, got 7"], ["", "must not be empty"]],
  "tls.key": [[7, "must be a string, got 7"], ["", "must not be empty"]],
  "origins": [
    ["*", 'must be a list of texts, got "*"'],
  ],
  "auth": NO_OBJECT,
  "auth.jwt": NO_OBJECT,
  "auth.jwt.algorithms": [
    ["HS256", 'must be a list of texts, got "HS256"'],
    [[], "must NOT have fewer than 1 items, got []"],
  ],
  "auth.jwt.secretEnv": NO_TEXT,
  "auth.jwt.secretFile": NO_TEXT,
  "auth.jwt.publicKeyFile": NO_TEXT,
  "auth.jwt.jwksUrl": [[
    "file:///etc/passwd",
    'has characters that are not allowed, got "file:///etc/passwd"',
  ]],
  "auth.jwt.issuer": [[7, "must be a string, got 7"]],
  "auth.jwt.audience": [[["a"], 'must be a string, got ["a"]']],
  "auth.jwt.clockSkewSec": [
    [-1, "must be at least 0, got -1"],
    [301, "must be at most 300, got 301"],
  ],
  "auth.jwt.requireExpiry": [["yes", 'must be a boolean, got "yes"']],
  "auth.jwt.closeOnExpiry": [[1, "must be a boolean, got 1"]],
  "auth.jwt.cookie": [[7, "must be a string or null, got 7"], ["", "must not be empty"]],
  "auth.jwt.queryParam": [[true, "must be a string or null, got true"]],
  "auth.jwt.rolesClaim": NO_TEXT,
  "auth.basic": NO_OBJECT,
  "auth.basic.file": NO_TEXT,
  "auth.module": NO_TEXT,
  "auth.permissions": NO_OBJECT,
  "limits.requestTimeoutMs": [
    [-1, "must be at least 0, got -1"],
    [3_000_000_000, "must be at most 2147483647, got 3000000000"],
    [1.5, "must be an integer, got 1.5"],
  ],
  "trustProxy": [
    ["127.0.0.1", 'must be a list of texts, got "127.0.0.1"'],
    [true, "must be a list of texts, got true"],
  ],
  "drain": NO_OBJECT,
  "drain.spreadSec": [
    [-1, "must be at least 0, got -1"],
    ["5", 'must be a number, got "5"'],
    [3e9, "must be at most 2147483, got 3000000000"],
  ],
  "drain.deadlineSec": [
    [-1, "must be at least 0, got -1"],
    ["30", 'must be a number, got "30"'],
    [3e9, "must be at most 2147483, got 3000000000"],
  ],
};

function keysOf(part: { properties?: object }, above = ""): string[] {
  return Object.entries(part.properties ?? {}).flatMap(([key, inner]) => {
    const path = above === "" ? key : `${above}.${key}`;
    return [path, ...keysOf(inner, path)];
  });
}

Deno.test("The settings' schema has no key without a garbage case, and the reverse", () => {
  assertEquals(Object.keys(GARBAGE).sort(), keysOf(schema).sort());
});

Deno.test("The settings' schema has a key for each default, and the reverse", () => {
  const keys = keysOf(schema).filter((key) => key !== "$schema" && !key.includes("."));
  assertEquals(keys.sort(), Object.keys(DEFAULT_SETTINGS).sort());
});

Deno.test("Origins and algorithms are taken one by one", () => {
  const origins = [
    "x",
    "https://*.*.example.com",
    "https://ex*.com",
    "https://a.test/path",
    "https://user@a.test",
    "javascript:alert(1)",
    "null",
  ];
  for (const origin of origins) {
    assertStringIncludes(
      problemOf({ origins: [origin] }),
      '"origins[0]" must be an origin such as',
    );
  }
  for (const name of ["none", "HS512", "hs256", ""]) {
    assertStringIncludes(
      problemOf({ auth: { jwt: { algorithms: [name] } } }),
      `"auth.jwt.algorithms[0]" must be one of HS256, RS256, ES256, EdDSA, got "${name}"`,
    );
  }
});

Deno.test("Settings with garbage in a key are refused with a message that names key and value", async (t) => {
  for (const [path, cases] of Object.entries(GARBAGE)) {
    await t.step(path, () => {
      for (const [value, said] of cases) {
        assertEquals(
          problemOf(at(path, value)),
          `Cannot read settings "switchboard.json": "${path}" ${said}`,
        );
      }
    });
  }
});

Deno.test("Settings with a key that is not known are refused with the nearest one", async (t) => {
  const cases: [unknown, string][] = [
    [{ prot: 1 }, '"prot" is not a key, did you mean "port"?'],
    [{ host: "x" }, '"host" is not a key, did you mean "hostname"?'],
    [{ trustproxy: [] }, '"trustproxy" is not a key, did you mean "trustProxy"?'],
    [{ limits: { bodybytes: 1 } }, '"limits.bodybytes" is not a key, did you mean "bodyBytes"?'],
    [{ drain: { x: 1 } }, '"drain.x" is not a key, expected one of deadlineSec, spreadSec'],
    ...["localhost", "", "10.0.0.0/33", "10.0.0.0/", "10.0.0", "::1/129", "fe80::1%eth0"].map(
      (text): [unknown, string] => [
        { trustProxy: ["::1", text] },
        `"trustProxy[1]" must be an IP address, or a range such as "10.0.0.0/8", got "${text}"`,
      ],
    ),
    [{ trustProxy: [1] }, '"trustProxy[0]" must be a string, got 1'],
  ];
  for (const [file, said] of cases) {
    await t.step(JSON.stringify(file), () => {
      assertEquals(problemOf(file), `Cannot read settings "switchboard.json": ${said}`);
    });
  }
});

Deno.test("Settings that are no JSON object are refused", async (t) => {
  const cases: [string, string][] = [
    ["", "the file is empty, expected a JSON object"],
    ["[]", "the file must be an object, got []"],
    ["null", "the file must be an object, got null"],
  ];
  for (const [text, said] of cases) {
    await t.step(JSON.stringify(text), () => {
      assertEquals(problemOf(text), `Cannot read settings "switchboard.json": ${said}`);
    });
  }
  await t.step("broken", () => {
    assertStringIncludes(problemOf('{\n  "port": 1,\n}'), "at line 3, column 1");
  });
});

Deno.test("Compression without the transport that can do it is refused, and says what to do", () => {
  assertEquals(
    problemOf({ compression: true }),
    'Setting "compression" takes transport "ws", got "deno": add --transport ws, or leave it out',
  );
  assertEquals(settingsOf({ compression: true, transport: "ws" }).compression, true);
});

Deno.test("Without a file, an environment and flags the defaults hold", () => {
  assertEquals(settingsOf(undefined), DEFAULT_SETTINGS);
  assertEquals(settingsOf({}), DEFAULT_SETTINGS);
  assertEquals(settingsOf({ $schema: "x" }), DEFAULT_SETTINGS);
});

Deno.test("A flag goes over the environment, that over the file, and that over the default", async (t) => {
  const sources = [
    { app: "file", hostname: "file.test", port: 1 },
    { SWITCHBOARD_APP: "env", SWITCHBOARD_HOSTNAME: "env.test", SWITCHBOARD_PORT: "2" },
    { app: "flag", hostname: "flag.test", port: 3 },
  ] as const;
  const of = ({ app, hostname, port }: Settings) => [app, hostname, port];
  await t.step("file", () => {
    assertEquals(of(settingsOf(sources[0])), ["file", "file.test", 1]);
  });
  await t.step("environment", () => {
    assertEquals(of(settingsOf(sources[0], sources[1])), ["env", "env.test", 2]);
  });
  await t.step("flag", () => {
    assertEquals(of(settingsOf(sources[0], sources[1], sources[2])), ["flag", "flag.test", 3]);
  });
  await t.step("each key on its own", () => {
    const settings = settingsOf({ app: "file", hostname: "file.test" }, {
      SWITCHBOARD_HOSTNAME: "env.test",
    }, { port: 3 });
    assertEquals(of(settings), ["file", "env.test", 3]);
  });
  await t.step("a flag that is not given does not count", () => {
    const settings = settingsOf(sources[0], {}, { app: undefined, port: undefined });
    assertEquals(of(settings), ["file", "file.test", 1]);
  });
  await t.step("port 0 is a port", () => {
    assertEquals(settingsOf({ port: 0 }).port, 0);
    assertEquals(settingsOf({ port: 5 }, { SWITCHBOARD_PORT: "0" }).port, 0);
    assertEquals(settingsOf({ port: 5 }, {}, { port: 0 }).port, 0);
  });
  await t.step("an empty variable is none", () => {
    assertEquals(of(settingsOf(sources[0], { SWITCHBOARD_APP: "", SWITCHBOARD_PORT: "" })), [
      "file",
      "file.test",
      1,
    ]);
  });
});

Deno.test("A nested setting leaves its neighbours as they are, and a list replaces the other", () => {
  const settings = settingsOf({ limits: { bodyBytes: 5 }, trustProxy: ["10.0.0.1"] }, {}, {
    limits: { requestTimeoutMs: 7 },
    trustProxy: ["10.0.0.2"],
  });
  assertEquals(settings.limits, {
    ...DEFAULT_SETTINGS.limits,
    bodyBytes: 5,
    requestTimeoutMs: 7,
  });
  assertEquals(settings.trustProxy, ["10.0.0.2"]);
  assertEquals(DEFAULT_SETTINGS.limits.bodyBytes, 1048576);
});

Deno.test("A bad environment variable is refused with a message that names it", async (t) => {
  for (const port of ["x", "-1", "80.5", "1e3", "0x10", " 80", "80 ", "65536", "9".repeat(30)]) {
    await t.step(`SWITCHBOARD_PORT=${port}`, () => {
      assertMatch(
        problemOf({}, { SWITCHBOARD_PORT: port }),
        /SWITCHBOARD_PORT must be a port number|\(SWITCHBOARD_\*\).*"port" must be at most 65535/,
      );
    });
  }
  for (const app of ["a b", "a/b", ".", "_"]) {
    await t.step(`SWITCHBOARD_APP=${app}`, () => {
      assertMatch(
        problemOf({}, { SWITCHBOARD_APP: app }),
        /SWITCHBOARD_.*"app" has characters that are not allowed/,
      );
    });
  }
});

Deno.test("A bad flag is refused as a bad key of the file is", async (t) => {
  const cases: PartialSettings[] = [
    { app: "a b" },
    { app: "" },
    { hostname: "" },
    { port: -1 },
    { port: 65536 },
    { port: 80.5 },
    { limits: { requestTimeoutMs: -1 } },
    { trustProxy: ["everybody"] },
  ];
  for (const given of cases) {
    await t.step(JSON.stringify(given), () => {
      problemOf({}, {}, given);
    });
  }
});
