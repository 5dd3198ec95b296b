// The main job on the real world: a release is started, and approved from dev-test up to prod, by
// clicks alone; prod on a phone. Only the review of the release itself happens elsewhere, on GitHub.

import { type Browser, expect, type Page, test } from '@playwright/test';
import { PHONE } from '../harness/browser.mjs';
import { gate, openPipeline, signIn, environmentView } from '../harness/words';
import { expectProven, picture, ROLLED_OUT, weft } from './world';

const COLOUR = '#0f7173';

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
    await expect(environmentView(page, 'dev-test')).toContainText(COLOUR);
  });

  for (const environment of ['uat', 'stg']) {
    await test.step(`${environment} is approved, and proven`, () => approve(page, environment));
  }
  await picture(page, 'before-prod');

  await test.step('prod is approved on a phone, and proven', () => onAPhone(browser));

  await expectProven(page, 'prod', '1.1.5');
  await expect(environmentView(page, 'prod')).toContainText(COLOUR);
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
  const rollout = page.getByTestId('rollout');
  await expect(rollout.getByRole('listitem').first()).toContainText(/merged.*done/, ROLLED_OUT);
  await expect(rollout.getByRole('listitem').last()).toContainText(/serving.*done/, ROLLED_OUT);
  await picture(page, `followed-${environment}`);
  await openPipeline(page, weft);
  await expectProven(page, environment, '1.1.5');
}
