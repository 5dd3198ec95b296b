// What the page does when it hears nothing, and what the keys do.

import {
  expect,
  openCard,
  openPipeline,
  PIPELINE,
  ROLLED_OUT,
  signIn,
  environmentView,
  test,
} from '../harness/fixtures';

test('a page that hears nothing says so, switches its actions off, and comes back by itself', async ({
  page,
  weft,
  demo,
}) => {
  await openPipeline(page, weft);
  await signIn(page, 'sam');
  await openPipeline(page, weft);
  await openCard(page, 'stg');
  const approve = page.getByTestId('approve-and-merge');
  await expect(approve).toBeEnabled();
  await expect(page.getByTestId('live-status')).toHaveText('Live');

  demo.freeze();
  // Three of the server's pings must be missing.
  await expect(page.getByTestId('live-status')).toContainText(/last seen/i, { timeout: 50_000 });
  await expect(approve).toBeDisabled();

  demo.thaw();
  await expect(page.getByTestId('live-status')).toHaveText('Live');
  await expect(approve).toBeEnabled();
});

test('what happens in one tab shows in the other', async ({ page, weft, lab, context }) => {
  const other = await context.newPage();
  await openPipeline(page, weft);
  await openPipeline(other, weft);
  const before = await page.getByTestId('version-dev').innerText();
  await lab.step('branch-build');
  for (const tab of [page, other]) {
    await expect(tab.getByTestId('version-dev')).not.toHaveText(before, ROLLED_OUT);
  }
});

test('the keys search, open what waits, and explain themselves', async ({ page, weft }) => {
  await page.goto(weft);
  await expect(page.getByTestId('board-row-podinfo')).toBeVisible();
  await page.keyboard.press('/');
  await expect(page.getByRole('searchbox', { name: 'Search' })).toBeFocused();
  await page.keyboard.type('podinfo');
  await expect(page).toHaveURL(/q=podinfo/);
  await expect(page.getByTestId('board-row-podinfo')).toBeVisible();

  await page.goto(`${weft}p/${PIPELINE}`);
  await expect(environmentView(page, 'prod')).toHaveAttribute('data-verdict', /./);
  await page.keyboard.press('?');
  await expect(page.getByTestId('help')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.getByTestId('help')).toBeHidden();
  await expect(page.getByTestId('gate-stg').getByTestId('approve')).toBeVisible();
  await page.keyboard.press('a');
  await expect(page).toHaveURL(/\/pr\/demo\/podinfo\/\d+$/);
});
