// Where real Flux failed: dev-test has just been rolled back because a test of the chart said no. Weft
// may have Flux look in uat, and in no other environment.

import { expect, type Page, test } from '@playwright/test';
import { openPipeline, signIn, environmentView } from '../harness/words';
import { picture, ROLLED_OUT, weft } from './world';

test('a failed test is told in the words of Flux, with the events of its object', async ({
  page,
}) => {
  await openPipeline(page, weft);
  await expect(environmentView(page, 'dev-test')).toHaveAttribute('data-verdict', 'failed');
  await expect(page.getByTestId('commit-status-disagrees')).toContainText(/green tick/i, ROLLED_OUT);
  await page.getByTestId('why-dev-test').click();
  const sheet = page.getByTestId('evidence-sheet');
  await expect(sheet).toContainText('HelmRelease app-podinfo/podinfo');
  await expect(sheet).toContainText('Ready=False (RollbackSucceeded)');
  await sheet.locator('summary').first().click();
  await expect(page.getByTestId('message')).toContainText('Helm test failed for release');
  const events = page.getByTestId('events').getByRole('listitem');
  await expect(events.filter({ hasText: 'RollbackSucceeded' }).first()).toBeVisible();
  await expect(events.filter({ hasText: 'TestFailed' }).first()).toBeVisible();
  await picture(page, 'failed-test');
});

test('real Flux looks when a person asks for it, where Weft has the right', async ({ page }) => {
  await openPipeline(page, weft);
  await signIn(page, 'sam');
  await openPipeline(page, weft);
  await openEvidence(page, 'uat', 'sync');
  await page.getByTestId('reconcile').click();
  await expect(page.getByTestId('reconcile-status')).toContainText('Flux took it up', ROLLED_OUT);
  await picture(page, 'reconciled');
  await openPipeline(page, weft);
  await openEvidence(page, 'stg', 'sync');
  await expect(page.getByTestId('reconcile')).toHaveCount(0);
  await page.getByTestId('evidence-sheet').getByText('From a terminal').click();
  await expect(page.getByTestId('command')).toContainText('flux reconcile');
  await picture(page, 'not-reconciled');
});

async function openEvidence(page: Page, environment: string, link: string): Promise<void> {
  await page.getByRole('button', { name: new RegExp(`^${environment}, ${link}:`) }).click();
  await expect(page.getByTestId('evidence-sheet')).toBeVisible();
}
