/** The messages of one direction: each one's code and the names of its fields. */
export type Table = Readonly<Record<string, readonly [code: number, ...fields: string[]]>>;

/** The code of each message of a table. */
export function codesOf<T extends Table>(table: T): { readonly [Name in keyof T]: T[Name][0] } {
  const codes = Object.entries(table).map(([name, [code]]) => [name, code]);
  return Object.fromEntries(codes);
}

/** How many fields follow each code of a table. */
export function fieldCountsOf(table: Table): readonly number[] {
  const counts: number[] = [0];
  for (const [code, ...fields] of Object.values(table)) counts[code] = fields.length;
  return counts;
}
