/** `performance.now()` as the test says, within its scope. */
export class FakeTime implements Disposable {
  readonly #real = performance.now;
  #now = 0;

  constructor() {
    performance.now = () => this.#now;
  }

  pass(ms: number): void {
    this.#now += ms;
  }

  [Symbol.dispose](): void {
    performance.now = this.#real;
  }
}
