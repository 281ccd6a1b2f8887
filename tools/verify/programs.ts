import { findChromium } from "../../tests/helpers/browser.ts";
import { findProgram } from "../../tests/helpers/programs.ts";

/** A program that tests need and that is not part of this repository. */
interface Needed {
  name: string;
  /** Debian's package. */
  package: string;
  /** The tests that are skipped without it. */
  tests: string;
  isHere(): boolean;
}

/** Debian's build of Chromium without a screen. */
const CHROMIUM = "chromium-headless-shell";

const NEEDED: Needed[] = [
  {
    name: "Chromium",
    package: CHROMIUM,
    tests: "the tests of the pages",
    isHere: () => findChromium() !== null,
  },
  {
    name: "nginx",
    package: "nginx-light",
    tests: "the tests behind nginx",
    isHere: () => findProgram("nginx") !== null,
  },
  {
    name: "Caddy",
    package: "caddy",
    tests: "the tests behind Caddy",
    isHere: () => findProgram("caddy") !== null,
  },
];

/** Installs the programs that are missing, where that is possible; elsewhere says which tests will be skipped. */
export async function installPrograms(): Promise<void> {
  const missing = NEEDED.filter((program) => !program.isHere()).filter(canInstall);
  if (missing.length === 0) return;
  const names = missing.map(({ name }) => name).join(", ");
  console.log(`Installing ${names} (once, about a minute)`);
  const packages = missing.map((program) => program.package);
  for (const args of [["update"], ["install", "-y", "--no-install-recommends", ...packages]]) {
    const command = new Deno.Command("apt-get", {
      args: ["-qq", ...args],
      env: { DEBIAN_FRONTEND: "noninteractive" },
      stdin: "null",
      stdout: "null",
    });
    const { success } = await command.output().catch(() => ({ success: false }));
    if (!success) {
      const tests = missing.map((program) => program.tests).join(", ");
      return console.log(`apt-get ${args[0]} failed: ${tests} will be skipped`);
    }
  }
}

function canInstall({ name, package: what, tests }: Needed): boolean {
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) {
    console.log(`${name} is missing (Debian: ${what}): ${tests} will be skipped`);
    return false;
  }
  // Where no policy forbids it, installing a server also starts it, on the ports of this machine.
  if (what !== CHROMIUM && findProgram("policy-rc.d") === null) {
    console.log(`${name} is missing, and installing it would start it: ${tests} will be skipped`);
    return false;
  }
  return true;
}
