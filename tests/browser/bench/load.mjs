// How long a phone on a slow network waits: for the first paint, and for the lane with data.
// Chromium throttled to a quarter of its speed, 1.6 Mbit/s and 150 ms round trips; a cold cache
// each time; the median of five runs after one that warms the browser and the server.

import { chromium } from 'playwright-core';
import { launchOptions, PHONE } from '../harness/browser.mjs';
import { startDemo } from '../harness/demo.mjs';
import { PAGES } from '../harness/pages.mjs';
import { judge, median } from './figures.mjs';

const RUNS = 5;
const FIRST_PAINT_MS = 500;
const BOARD_MS = 1800;
const NETWORK = {
  offline: false,
  latency: 150,
  downloadThroughput: 1_600_000 / 8,
  uploadThroughput: 750_000 / 8,
};
const SLOWER_PROCESSOR = 4;
const DATA = '[data-testid=pipeline-row] [data-verdict]:not([data-verdict=""])';

const demo = await startDemo({ pace: 'real' });
const browser = await chromium.launch(launchOptions());
let within;
try {
  const url = demo.url + PAGES.pipeline;
  await load(url);
  const runs = [];
  for (let run = 1; run <= RUNS; run += 1) {
    const figures = await load(url);
    runs.push(figures);
    console.log(`run ${run}: first paint ${ms(figures.paint)}, board ${ms(figures.board)}`);
  }
  within = [
    judge('first paint', median(runs.map(({ paint }) => paint)), FIRST_PAINT_MS),
    judge('board with data', median(runs.map(({ board }) => board)), BOARD_MS),
  ];
} finally {
  await browser.close();
  await demo.stop();
}
process.exitCode = within.every(Boolean) ? 0 : 1;

async function load(url) {
  const context = await browser.newContext(PHONE);
  const page = await context.newPage();
  const devtools = await context.newCDPSession(page);
  await devtools.send('Network.enable');
  await devtools.send('Network.emulateNetworkConditions', NETWORK);
  await devtools.send('Emulation.setCPUThrottlingRate', { rate: SLOWER_PROCESSOR });
  await page.addInitScript(watchForData, DATA);
  await page.goto(url, { waitUntil: 'commit' });
  const board = await page.waitForFunction(() => window.weftBoardAt, null, { timeout: 60_000 });
  const paint = await page.evaluate(
    () => performance.getEntriesByName('first-contentful-paint')[0]?.startTime,
  );
  const figures = { paint, board: await board.jsonValue() };
  await context.close();
  return figures;
}

/** Runs in the page: notes when the first environmentView had a verdict and the frame after it was made. */
function watchForData(selector) {
  const observer = new MutationObserver(() => {
    if (document.querySelector(selector)) {
      observer.disconnect();
      requestAnimationFrame(() => {
        window.weftBoardAt = performance.now();
      });
    }
  });
  observer.observe(document, { subtree: true, childList: true, attributes: true });
}

function ms(value) {
  return `${Math.round(value)} ms`;
}
