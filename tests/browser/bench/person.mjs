// Somebody who acts on Weft without a browser: signed in through the forge, as the page does it.

/** A signed-in person. */
export class Person {
  #cookies = new Map();
  #csrf = '';

  /** @param {string} base the demo's base URL, ending in a slash */
  constructor(base) {
    this.base = base;
  }

  /** Signs in as one of the demo's accounts. */
  static async signedIn(base, login) {
    const person = new Person(base);
    const begun = await person.#ask('auth/github/login');
    const page = new URL(begun.headers.get('location'));
    const form = new URLSearchParams(page.searchParams);
    form.set('login', login);
    const chosen = await fetch(new URL('/login/oauth/authorize', page), {
      method: 'POST',
      body: form,
      redirect: 'manual',
    });
    await person.#ask(chosen.headers.get('location'));
    const session = await (await person.#ask('api/v1/session')).json();
    person.#csrf = session.csrf_token;
    return person;
  }

  /** Reads a promotion's card, then approves and merges what it shows. */
  async approve(number) {
    const path = `api/v1/promotions/demo/podinfo/${number}`;
    const { intent } = await (await this.#ask(path)).json();
    const answer = await this.#ask(`${path}/approve`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-weft-csrf': this.#csrf },
      body: JSON.stringify({ intent, merge: true }),
    });
    if (!answer.ok) {
      throw new Error(`approving #${number}: ${answer.status} ${await answer.text()}`);
    }
  }

  async #ask(path, options = {}) {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const headers = {
      ...options.headers,
      cookie,
      origin: new URL(this.base).origin,
      'sec-fetch-site': 'same-origin',
    };
    const url = new URL(path, this.base);
    const answer = await fetch(url, { ...options, headers, redirect: 'manual' });
    for (const line of answer.headers.getSetCookie()) {
      const [name, value] = line.split(';')[0].split('=');
      this.#cookies.set(name, value);
    }
    return answer;
  }
}
