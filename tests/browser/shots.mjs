// Takes every page in both sizes and both themes: `node tests/browser/shots.mjs [folder]`, by
// default into target/shots. Looked at by people, compared by nobody.

import { chromium } from 'playwright-core';
import { mkdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { argv } from 'node:process';
import { fileURLToPath } from 'node:url';
import { DESKTOP, launchOptions, PHONE } from './harness/browser.mjs';
import { startDemo } from './harness/demo.mjs';
import { address, PAGES, settled, THEMES, waitingPromotion } from './harness/pages.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const folder = resolve(argv[2] ?? join(root, 'target/shots'));
mkdirSync(folder, { recursive: true });

const demo = await startDemo({ pace: 'real' });
const browser = await chromium.launch(launchOptions());
try {
  const promotion = await waitingPromotion(demo.url);
  for (const [size, device] of Object.entries({ desktop: DESKTOP, phone: PHONE })) {
    for (const theme of THEMES) {
      for (const login of [null, 'sam']) {
        await shoot(size, device, theme, login, promotion);
      }
    }
  }
} finally {
  await browser.close();
  await demo.stop();
}

async function shoot(size, device, theme, login, promotion) {
  const context = await browser.newContext({ ...device, colorScheme: theme });
  const page = await context.newPage();
  if (login) {
    await page.goto(demo.url);
    await page.getByTestId('sign-in').first().click();
    await picture(page, 'authorize', size, theme, login);
    await page.getByRole('button', { name: new RegExp(`\\b${login}\\b`) }).click();
    await page.getByTestId('viewer').first().waitFor();
  }
  for (const [name, path] of Object.entries(PAGES)) {
    await page.goto(address(demo.url, path, promotion));
    await settled(page, name);
    await picture(page, name, size, theme, login);
  }
  await page.goto(address(demo.url, PAGES.pipeline));
  await settled(page, 'pipeline');
  await page.getByTestId('demo-toggle').click();
  await page.getByTestId('demo-drawer').waitFor();
  await picture(page, 'drawer', size, theme, login);
  await context.close();
}

/** The whole page at once: in a window as tall as the page, so that what sticks to its foot does. */
async function picture(page, name, size, theme, login) {
  const file = `${name}-${size}-${theme}${login ? '-signed-in' : ''}.png`;
  const window = page.viewportSize();
  const height = await page.evaluate(() => document.documentElement.scrollHeight);
  await page.setViewportSize({ ...window, height: Math.max(height, window.height) });
  await page.screenshot({ path: join(folder, file), animations: 'disabled' });
  await page.setViewportSize(window);
  console.log(file);
}
