// What the specs on the real world share.

import { expect, type Page } from '@playwright/test';
import { join } from 'node:path';
import { environmentView } from '../harness/words';

/** The base URL of Weft before the real world, ending in a slash. */
export const weft = process.env.WEFT_URL ?? '';

const pictures = join(process.env.WEFT_BROWSER_RESULTS ?? 'results', 'pictures');

/** Real Flux, Helm and podinfo on a machine with two cores. */
export const ROLLED_OUT = { timeout: 120_000 };

/** Waits until an environment is proven to serve a chart version. */
export async function expectProven(page: Page, environment: string, version: string): Promise<void> {
  await expect(environmentView(page, environment)).toContainText(version, ROLLED_OUT);
  await expect(environmentView(page, environment)).toHaveAttribute('data-verdict', 'proven', ROLLED_OUT);
}

/** Keeps a picture of the whole page for people to look at. */
export async function picture(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true });
}
