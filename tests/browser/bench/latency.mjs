// From a lab event to the changed pixel: a commit is pushed onto the open promotion, and its gate
// on the lane says so. Counted in the browser from before the lab is told until the frame after the
// change, so that the lab's own work (a commit and a push by git) is in the figure, too. A hundred
// events at the demo's own pace; each waits until the page is quiet again.

import { chromium } from 'playwright-core';
import { DESKTOP, launchOptions } from '../harness/browser.mjs';
import { startDemo } from '../harness/demo.mjs';
import { PAGES } from '../harness/pages.mjs';
import { judge, percentile } from './figures.mjs';

const EVENTS = 100;
const P95_MS = 250;
const GATE = '[data-testid=gate-stg]';
const QUIET = 'waits_for_approval';

const demo = await startDemo({ pace: 'real' });
const browser = await chromium.launch(launchOptions());
let within;
try {
  const page = await browser.newPage(DESKTOP);
  await page.goto(demo.url + PAGES.pipeline);
  const session = await (await fetch(`${demo.url}api/v1/session`)).json();
  const url = `${demo.url}lab/v1/faults/head-moves`;
  const taken = [];
  while (taken.length < EVENTS) {
    await page.locator(`${GATE}[data-state=${QUIET}]`).waitFor();
    taken.push(await page.evaluate(event, { gate: GATE, url, csrf: session.csrf_token }));
  }
  console.log(
    `event to pixel over ${EVENTS} events: median ${Math.round(percentile(taken, 50))} ms, ` +
      `slowest ${Math.round(Math.max(...taken))} ms`,
  );
  within = judge('event to pixel, 95 of 100', percentile(taken, 95), P95_MS);
} finally {
  await browser.close();
  await demo.stop();
}
process.exitCode = within ? 0 : 1;

/** Runs in the page: orders the event and resolves with the milliseconds until it was painted. */
function event({ gate, url, csrf }) {
  return new Promise((resolve, reject) => {
    const before = document.querySelector(gate).dataset.state;
    const began = performance.now();
    const observer = new MutationObserver(() => {
      const now = document.querySelector(gate)?.dataset.state;
      if (now && now !== before) {
        observer.disconnect();
        requestAnimationFrame(() => resolve(performance.now() - began));
      }
    });
    observer.observe(document.body, { subtree: true, childList: true, attributes: true });
    fetch(url, {
      method: 'PUT',
      headers: { 'content-type': 'application/json', ...(csrf && { 'x-weft-csrf': csrf }) },
      body: JSON.stringify({ environment: 'stg' }),
    })
      .then(async (answer) => {
        if (!answer.ok) {
          throw new Error(await answer.text());
        }
      })
      .catch(reject);
  });
}
