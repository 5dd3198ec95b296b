// Playwright over the system's Chromium, at the two sizes that everything must work in. Each test
// starts a demo of its own (harness/fixtures.ts), so that none sees what another did.

import { defineConfig } from '@playwright/test';
import { join } from 'node:path';
import { launchOptions, PHONE, DESKTOP } from './harness/browser.mjs';

const results = process.env.WEFT_BROWSER_RESULTS ?? join(import.meta.dirname ?? '.', 'results');

export default defineConfig({
  testDir: 'specs',
  outputDir: join(results, 'output'),
  reporter: [['list'], ['json', { outputFile: join(results, 'report.json') }]],
  forbidOnly: Boolean(process.env.CI),
  retries: 0,
  workers: 2,
  fullyParallel: true,
  timeout: 120_000,
  expect: { timeout: 15_000 },
  use: {
    launchOptions: launchOptions(),
    trace: 'retain-on-failure',
    screenshot: 'only-on-failure',
  },
  projects: [
    { name: 'desktop', use: DESKTOP },
    { name: 'phone', use: PHONE },
  ],
});
