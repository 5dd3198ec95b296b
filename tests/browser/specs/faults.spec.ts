// The three faults that a presenter can order, and what an operator must see of each.

import {
  expect,
  gate,
  openCard,
  openPipeline,
  ROLLED_OUT,
  signIn,
  environmentView,
  test,
} from '../harness/fixtures';

test('a failed Helm release is red and says so while its commit has a green tick', async ({
  page,
  weft,
  lab,
}) => {
  await lab.fault('helm-upgrade-fails', { environment: 'stg' });
  await openPipeline(page, weft);
  await signIn(page, 'sam');
  await openPipeline(page, weft);
  await openCard(page, 'stg');
  await page.getByTestId('approve-and-merge').click();
  await expect(page.getByRole('main')).toContainText(/merged/i, ROLLED_OUT);
  await openPipeline(page, weft);

  await expect(environmentView(page, 'stg')).toHaveAttribute('data-verdict', 'failed', ROLLED_OUT);
  await expect(environmentView(page, 'stg')).toContainText(/helm/i);
  await expect(environmentView(page, 'stg')).toContainText('1.1.6');
  await expect(environmentView(page, 'stg')).toContainText(/green tick/i, ROLLED_OUT);
  await expect(gate(page, 'prod')).not.toHaveAttribute('data-state', 'waits_for_approval');
});

test('a lost dispatch is named within a minute of lab time, and its promotion opened by hand', async ({ page, weft, lab }) => {
  test.setTimeout(240_000);
  await lab.fault('dispatch-lost');
  await openPipeline(page, weft);
  await lab.step('release');
  await expect
    .poll(async () => stepState(await lab.state(), 'merge-release'), ROLLED_OUT)
    .toBe('ready');
  await lab.step('merge-release');
  await expect(environmentView(page, 'dev-test')).toContainText('1.1.8', ROLLED_OUT);
  await expect(environmentView(page, 'dev-test')).toHaveAttribute('data-verdict', 'proven', ROLLED_OUT);
  await expect(gate(page, 'uat')).toHaveAttribute('data-state', 'lost', { timeout: 70_000 });
  await expect(gate(page, 'uat')).toContainText(/dispatch/i);
  await signIn(page, 'sam');
  await gate(page, 'uat').getByTestId('open-promotion').click();
  await expect(gate(page, 'uat')).toHaveAttribute('data-state', 'waits_for_approval', ROLLED_OUT);
  await expect(gate(page, 'uat')).toContainText('1.1.8');
});

test('a moved head refuses the tap and shows the new state', async ({ page, weft, lab }) => {
  await openPipeline(page, weft);
  await signIn(page, 'sam');
  await openPipeline(page, weft);
  await openCard(page, 'stg');
  const head = page.getByTestId('head');
  const shown = await head.innerText();
  await expect(page.getByTestId('approve-and-merge')).toBeEnabled(ROLLED_OUT);

  // The tap is on its way when the head moves: the lab moves it before the request goes on.
  await page.route(
    '**/approve',
    async (route) => {
      await lab.fault('head-moves', { environment: 'stg' });
      await route.continue();
    },
    { times: 1 },
  );
  await page.getByTestId('approve-and-merge').click();

  await expect(page.getByRole('alert').first()).toContainText(/moved|changed/i);
  await expect(head).not.toHaveText(shown);
  await openPipeline(page, weft);
  await expect(environmentView(page, 'stg')).toContainText('1.1.6');
});

function stepState(
  state: { steps: { id: string; state: string }[] },
  id: string,
): string | undefined {
  return state.steps.find((step) => step.id === id)?.state;
}
