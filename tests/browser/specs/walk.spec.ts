// The main job: a release travels from its pull request to prod, by clicks alone.

import {
  closeDrawer,
  expect,
  expectProven,
  gate,
  openCard,
  openPipeline,
  pressStep,
  ROLLED_OUT,
  signIn,
  environmentView,
  test,
} from '../harness/fixtures';

test('a release is started, merged, and approved from dev-test up to prod', async ({
  page,
  weft,
}) => {
  await openPipeline(page, weft);
  await signIn(page, 'sam');
  await openPipeline(page, weft);
  await expect(environmentView(page, 'dev-test')).toContainText('1.1.7');

  await test.step('the developer opens the release, and it is merged', async () => {
    await pressStep(page, 'release');
    await expect(page.getByTestId('step-merge-release').getByRole('button')).toBeEnabled(ROLLED_OUT);
    await pressStep(page, 'merge-release');
    await closeDrawer(page);
  });

  await test.step('dev-test follows by itself', async () => {
    await expectProven(page, 'dev-test', '1.1.8');
    // The page has not been loaded again since before the release.
    await expect(page.getByTestId('record')).toContainText('dev-test: Helm deployed 1.1.8', ROLLED_OUT);
  });

  for (const environment of ['uat', 'stg', 'prod']) {
    await test.step(`${environment} is approved, and proven`, async () => {
      await expect(gate(page, environment)).toContainText('1.1.8', ROLLED_OUT);
      await openCard(page, environment);
      await expect(page.getByRole('main')).toContainText('1.1.8');
      await expect(page.getByTestId('approve-and-merge')).toBeEnabled(ROLLED_OUT);
      await page.getByTestId('approve-and-merge').click();
      const rollout = page.getByTestId('rollout');
      await expect(rollout.getByRole('listitem').first()).toContainText(/merged.*done/, ROLLED_OUT);
      await expect(rollout.getByRole('listitem').last()).toContainText(/serving.*done/, ROLLED_OUT);
      await openPipeline(page, weft);
      await expectProven(page, environment, '1.1.8');
    });
  }

  await test.step('the record tells who did it', async () => {
    await expect(page.getByTestId('record')).toContainText('sam');
    await expect(page.getByTestId('record')).toContainText('prod');
  });
});

test('a branch build shows up in dev', async ({ page, weft }) => {
  await openPipeline(page, weft);
  const before = await environmentView(page, 'dev').innerText();
  await pressStep(page, 'branch-build');
  await closeDrawer(page);
  await expect(environmentView(page, 'dev')).not.toHaveText(before, ROLLED_OUT);
  await expect(environmentView(page, 'dev')).toHaveAttribute('data-verdict', 'proven', ROLLED_OUT);
});

test('a refusal is written to the pull request and keeps it unmerged', async ({ page, weft }) => {
  await openPipeline(page, weft);
  await signIn(page, 'sam');
  await openPipeline(page, weft);
  await openCard(page, 'stg');
  await page.getByTestId('refuse').click();
  await page.getByTestId('refuse-comment').fill('The release note is missing.');
  await page.getByTestId('refuse').click();
  await expect(page.getByRole('main')).toContainText('The release note is missing.');
  await openPipeline(page, weft);
  await expect(gate(page, 'stg')).toHaveAttribute('data-state', 'blocked', ROLLED_OUT);
  await expect(environmentView(page, 'stg')).toContainText('1.1.6');
});
