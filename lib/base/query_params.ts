/** Query parameters; a name that is there more than once has a list. */
export type QueryParams = Record<string, string | string[]>;

/** The parameters of a URL's query. */
export function queryParams(url: string): QueryParams {
  const at = url.indexOf("?");
  const params: QueryParams = {};
  if (at >= 0) addParams(params, new URLSearchParams(url.slice(at)));
  return params;
}

/** Adds parameters to those that are there. */
export function addParams(params: QueryParams, from: URLSearchParams): void {
  // In one pass: a request may have very many names, and this runs on the host thread.
  const found = new Map<string, string[]>();
  for (const [name, value] of from) {
    const values = found.get(name);
    if (values !== undefined) values.push(value);
    else found.set(name, Object.hasOwn(params, name) ? [params[name]!, value].flat() : [value]);
  }
  for (const [name, values] of found) {
    // A client must not reach a prototype: "__proto__" becomes a property like any other.
    Object.defineProperty(params, name, {
      value: values.length === 1 ? values[0] : values,
      configurable: true,
      enumerable: true,
      writable: true,
    });
  }
}
