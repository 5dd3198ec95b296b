// The walk on the real world: one world, whose Weft is at WEFT_URL, and one person at a time.

import { join } from 'node:path';
import { DESKTOP } from './harness/browser.mjs';
import usual from './playwright.config.mjs';

const results = process.env.WEFT_BROWSER_RESULTS ?? join(import.meta.dirname ?? '.', 'results');

export default {
  ...usual,
  testDir: 'real',
  outputDir: join(results, 'output'),
  reporter: [['list']],
  workers: 1,
  timeout: 300_000,
  projects: [{ name: 'desktop', use: DESKTOP }],
};
