// What every test has: a demo of its own, the lab behind it, and the words that tests are written
// in.

import { test as base, expect, type Page } from '@playwright/test';
import { type Demo, startDemo } from './demo.mjs';
import { Lab } from './lab.mjs';
import { gate, environmentView } from './words';

export { gate, openPipeline, PIPELINE, signIn, environmentView } from './words';
export { expect };

/** A release's way from one environment to the next at the demo's fast pace, with room. */
export const ROLLED_OUT = { timeout: 40_000 };

interface World {
  /** This test's demo. */
  demo: Demo;
  /** The base URL of this test's demo, ending in a slash. */
  weft: string;
  /** The lab's own controls. */
  lab: Lab;
}

export const test = base.extend<World>({
  demo: async ({}, use, testInfo) => {
    const demo = await startDemo();
    try {
      await use(demo);
    } finally {
      if (testInfo.status !== testInfo.expectedStatus) {
        await testInfo.attach('weft.log', { body: demo.log(), contentType: 'text/plain' });
      }
    }
    await demo.stop();
  },
  weft: async ({ demo }, use) => {
    await use(demo.url);
  },
  lab: async ({ weft }, use) => {
    await use(new Lab(weft));
  },
  // A script error or a breach of the content security policy fails any test.
  page: async ({ page }, use) => {
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error' && /Content Security Policy|panicked/.test(message.text())) {
        errors.push(message.text());
      }
    });
    await use(page);
    expect(errors, 'errors in the page').toEqual([]);
  },
});

/** Presses the button of a step in the presenter's drawer. */
export async function pressStep(page: Page, step: string): Promise<void> {
  await openDrawer(page);
  await page.getByTestId(`step-${step}`).getByRole('button').click();
}

/** Opens the presenter's drawer if it is closed. */
export async function openDrawer(page: Page): Promise<void> {
  const drawer = page.getByTestId('demo-drawer');
  if (!(await drawer.isVisible())) {
    await page.getByTestId('demo-toggle').click();
    await expect(drawer).toBeVisible();
  }
}

/** Closes the presenter's drawer if it is open, so that it covers nothing. */
export async function closeDrawer(page: Page): Promise<void> {
  const drawer = page.getByTestId('demo-drawer');
  if (await drawer.isVisible()) {
    await drawer.getByRole('button', { name: /close/i }).click();
    await expect(drawer).toBeHidden();
  }
}

/** Waits until an environment is proven to serve a chart version. */
export async function expectProven(page: Page, environment: string, version: string): Promise<void> {
  await expect(environmentView(page, environment)).toContainText(version, ROLLED_OUT);
  await expect(environmentView(page, environment)).toHaveAttribute('data-verdict', 'proven', ROLLED_OUT);
}

/** From the lane: opens the card of the promotion that waits before an environment. */
export async function openCard(page: Page, environment: string): Promise<void> {
  await expect(gate(page, environment)).toHaveAttribute(
    'data-state',
    'waits_for_approval',
    ROLLED_OUT,
  );
  await gate(page, environment).getByTestId('approve').click();
  await page.waitForURL(/\/pr\/demo\/podinfo\/\d+/);
}
