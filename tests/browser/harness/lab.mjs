// The lab's own controls, spoken to directly: for what a test arranges rather than shows.

/** @typedef {{ environment?: string }} FaultOptions */

/** The embedded lab of one demo. */
export class Lab {
  /** @param {string} base the demo's base URL, ending in a slash */
  constructor(base) {
    this.base = `${base}lab/v1/`;
  }

  /** Steps, faults, accounts and the clock. */
  state() {
    return this.#ask('GET', 'state');
  }

  /** Runs one step of the demo process and resolves once it was accepted. */
  step(id) {
    return this.#ask('POST', `steps/${id}`);
  }

  /**
   * Orders a fault.
   *
   * @param {string} id
   * @param {FaultOptions} [options]
   */
  fault(id, options = {}) {
    return this.#ask('PUT', `faults/${id}`, options);
  }

  /** Takes a fault back. */
  cancel(id, options = {}) {
    return this.#ask('DELETE', `faults/${id}`, options);
  }

  async #ask(method, path, body) {
    const response = await fetch(this.base + path, {
      method,
      headers: body ? { 'content-type': 'application/json' } : {},
      body: body && JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) {
      throw new Error(`${method} lab/v1/${path} answered ${response.status}: ${text}`);
    }
    return text ? JSON.parse(text) : undefined;
  }
}
