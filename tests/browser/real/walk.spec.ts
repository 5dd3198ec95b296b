// The main job on the real world: a release is started, and approved from dev-test up to prod, by
// clicks alone; prod on a phone. Only the review of the release itself happens elsewhere, on GitHub.

import { type Browser, expect, type Page, test } from '@playwright/test';
import { join } from 'node:path';
import { PHONE } from '../harness/browser.mjs';
import { gate, openPipeline, signIn, station } from '../harness/words';

const weft = process.env.WEFT_URL ?? '';
const pictures = join(process.env.WEFT_BROWSER_RESULTS ?? 'results', 'pictures');
const COLOUR = '#0f7173';
/** Real Flux, Helm and podinfo on a machine with two cores. */
const ROLLED_OUT = { timeout: 120_000 };

test('a release is started, merged, and approved from dev-test up to prod', async ({
  page,
  browser,
}) => {
  await openPipeline(page, weft);
  await signIn(page, 'sam');
  await openPipeline(page, weft);
  await expectProven(page, 'prod', '1.1.4');

  await test.step('the release is started', async () => {
    await page.getByTestId('start-release').click();
    await page.getByTestId('colour').fill(COLOUR);
    await expect(page.getByTestId('open-pull-request')).toBeEnabled();
    await page.getByTestId('open-pull-request').click();
    await expect(page.getByTestId('started')).toContainText('1.1.5', ROLLED_OUT);
    await page.getByRole('link', { name: 'Back to the lane' }).click();
  });

  await test.step('dev-test follows by itself, in the new colour', async () => {
    await expectProven(page, 'dev-test', '1.1.5');
    await expect(station(page, 'dev-test')).toContainText(COLOUR);
  });

  for (const environment of ['uat', 'stg']) {
    await test.step(`${environment} is approved, and proven`, () => approve(page, environment));
  }
  await picture(page, 'before-prod');

  await test.step('prod is approved on a phone, and proven', () => onAPhone(browser));

  await expectProven(page, 'prod', '1.1.5');
  await expect(station(page, 'prod')).toContainText(COLOUR);
  await expect(page.getByTestId('record')).toContainText('sam');
  await picture(page, 'everywhere');
});

async function onAPhone(browser: Browser): Promise<void> {
  const context = await browser.newContext(PHONE);
  const page = await context.newPage();
  await openPipeline(page, weft);
  await signIn(page, 'sam');
  await openPipeline(page, weft);
  await approve(page, 'prod');
  await picture(page, 'phone');
  await context.close();
}

async function approve(page: Page, environment: string): Promise<void> {
  await expect(gate(page, environment)).toContainText('1.1.5', ROLLED_OUT);
  await expect(gate(page, environment)).toHaveAttribute(
    'data-state',
    'waits_for_approval',
    ROLLED_OUT,
  );
  await gate(page, environment).getByTestId('approve').click();
  await page.waitForURL(/\/pr\/demo\/podinfo\/\d+/);
  await expect(page.getByTestId('approve-and-merge')).toBeEnabled(ROLLED_OUT);
  await picture(page, `card-${environment}`);
  await page.getByTestId('approve-and-merge').click();
  const follow = page.getByTestId('follow');
  await expect(follow.getByRole('listitem').first()).toContainText(/merged.*done/, ROLLED_OUT);
  await expect(follow.getByRole('listitem').last()).toContainText(/serving.*done/, ROLLED_OUT);
  await picture(page, `followed-${environment}`);
  await openPipeline(page, weft);
  await expectProven(page, environment, '1.1.5');
}

async function expectProven(page: Page, environment: string, version: string): Promise<void> {
  await expect(station(page, environment)).toContainText(version, ROLLED_OUT);
  await expect(station(page, environment)).toHaveAttribute('data-verdict', 'proven', ROLLED_OUT);
}

async function picture(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true });
}
