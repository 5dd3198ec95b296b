// Every page of the app, for checks and pictures that go through all of them.

import { setTimeout as pause } from 'node:timers/promises';

const READ_WITHIN_MS = 10_000;

/** Pages by name; the path is below the base URL. `{pr}` is the promotion that waits before stg. */
export const PAGES = {
  board: '',
  pipeline: 'p/app-podinfo/podinfo',
  release: 'p/app-podinfo/podinfo/release',
  promotion: 'pr/demo/podinfo/{pr}',
  embed: 'embed/p/app-podinfo/podinfo',
};

/** The two themes. */
export const THEMES = ['light', 'dark'];

/**
 * The number of the promotion that the seeded week has left waiting before stg. Weft may still be
 * reading it.
 */
export async function waitingPromotion(base) {
  const deadline = Date.now() + READ_WITHIN_MS;
  while (Date.now() < deadline) {
    const board = await json(`${base}api/v1/pipelines/app-podinfo/podinfo`);
    const number = board.gates.find((gate) => gate.to === 'stg')?.promotion?.number;
    if (number) {
      return number;
    }
    await pause(100);
  }
  throw new Error('no promotion waits before stg');
}

/** The address of a page. */
export function address(base, path, promotion) {
  return base + path.replace('{pr}', String(promotion));
}

/** What is there once a page shows its data rather than its skeleton. */
const SIGNS = {
  board: ['[data-testid=board-row-podinfo]'],
  pipeline: [
    '[data-testid=pipeline-row] [data-verdict]',
    '[data-testid=journeys] svg',
    '[data-testid=record] li, [data-testid=record] tr',
  ],
  release: ['[data-testid=plan] [role=group]', '[data-testid^=take-]'],
  promotion: ['[data-testid=bar] [data-testid]'],
  embed: ['[data-testid=pipeline-row] [data-verdict]'],
};

/** Waits until a page shows its data. */
export async function settled(page, name) {
  for (const sign of SIGNS[name]) {
    await page.locator(sign).first().waitFor();
  }
}

async function json(url) {
  const response = await fetch(url);
  if (!response.ok) {
    throw new Error(`${url} answered ${response.status}`);
  }
  return response.json();
}
