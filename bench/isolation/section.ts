/** How much is measured. */
export interface Plan {
  /** Services of the first part, and how often it is run. */
  services: number;
  startRounds: number;
  edits: number;
  spins: number;
  /** Services of the fourth part, beside one. */
  many: number;
  manyRounds: number;
  /** Clients of each of the two services of the fifth part. */
  clients: number;
  /** Length of its phases, ms. */
  phaseMs: number;
  disturbanceRounds: number;
  /** How long a process is left alone before its memory is looked at, ms. */
  settleMs: number;
}

/** A whole run. */
export const WHOLE: Plan = {
  services: 10,
  startRounds: 3,
  edits: 15,
  spins: 7,
  many: 50,
  manyRounds: 3,
  clients: 500,
  phaseMs: 5000,
  disturbanceRounds: 3,
  settleMs: 2000,
};

/** One that says whether everything works, and little more. */
export const QUICK: Plan = {
  services: 2,
  startRounds: 1,
  edits: 2,
  spins: 1,
  many: 4,
  manyRounds: 1,
  clients: 20,
  phaseMs: 1000,
  disturbanceRounds: 1,
  settleMs: 300,
};

/** Is told what is being run. */
export type Report = (text: string) => void;

/** The findings of a part. */
export interface Section {
  title: string;
  heads: string[];
  rows: string[][];
  /** Notes for reading the table. */
  notes: string[];
  /** All numbers, as JSON. */
  data: unknown;
}

/** A number for a table. */
export function number(value: number, digits = 0): string {
  return value.toLocaleString("en-US", {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}

/** How often a number is another one. */
export const times = (value: number, control: number): string =>
  control === 0 ? "" : number(value / control, 2);
