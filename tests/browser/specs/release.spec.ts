// Starting a release from its page: what is seen before the tap is what is pushed, or nothing is.

import type { Page } from '@playwright/test';
import { expect, openPipeline, PIPELINE, ROLLED_OUT, signIn, environmentView, test } from '../harness/fixtures';

const RELEASE = `p/${PIPELINE}/release`;

test('a release is started by its page, and the forge has its pull request', async ({
  page,
  weft,
}) => {
  await openPipeline(page, weft);
  await signIn(page, 'sam');
  await openPipeline(page, weft);
  await page.getByTestId('start-release').click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Start a release');
  await expect(page.getByRole('main')).toContainText('podinfo: chart 1.1.7 → 1.1.8');

  await test.step('the diff follows what is chosen, and so does the address', async () => {
    await expect(plan(page)).not.toContainText('#123456');
    await page.getByTestId('colour').fill('#123456');
    await expect(page.getByTestId('preview')).toContainText('#123456');
    await expect(plan(page)).toContainText('+const color = "#123456"');
    await expect(plan(page)).toContainText('+version: 1.1.8');
    await expect(page).toHaveURL(/[?&]colour=%23123456/);
  });

  await test.step('an environment lends its colour', async () => {
    await page.getByTestId('take-stg').click();
    await expect(page.getByTestId('take-stg')).toHaveAttribute('aria-pressed', 'true');
    // prod shows the same colour.
    await expect(page.locator('[aria-pressed=true]')).toHaveCount(1);
    await expect(plan(page)).not.toContainText('#123456');
    await page.getByTestId('colour').fill('#123456');
    await expect(plan(page)).toContainText('#123456');
  });

  await expect(page.getByTestId('what')).toHaveText(
    'Pushes release-1.1.8 and opens its pull request, as @sam.',
  );
  await page.getByTestId('open-pull-request').click();
  await expect(page.getByTestId('started')).toContainText('1.1.8', ROLLED_OUT);
  const pull = page.getByTestId('pull');
  await expect(pull).toHaveAttribute('target', '_blank');
  const number = (await pull.innerText()).match(/#(\d+)/)?.[1];
  const forge = await page.request.get((await pull.getAttribute('href')) ?? '');
  expect(forge.ok()).toBe(true);
  expect(await forge.text()).toContain('Release podinfo 1.1.8');

  await page.getByRole('link', { name: 'Back to the lane' }).click();
  await expect(environmentView(page, 'prod')).toHaveAttribute('data-verdict', /./);
  await expect(page.getByTestId('record')).toContainText(`Opened #${number} for 1.1.8`);
});

test('a version that does not increase is refused in a sentence, and nothing can be pushed', async ({
  page,
  weft,
}) => {
  await page.goto(weft);
  await signIn(page, 'sam');
  await page.goto(weft + RELEASE);
  await expect(page.getByTestId('open-pull-request')).toBeEnabled(ROLLED_OUT);
  await page.getByTestId('chart_version').fill('1.1.7');
  await expect(page.getByTestId('invalid')).toHaveText(
    'The chart version must increase: 1.1.7 does not follow 1.1.7; take 1.1.8.',
  );
  await expect(page.getByTestId('chart_version')).toHaveAttribute('aria-invalid', 'true');
  await expect(page.getByTestId('chart_version')).toHaveAttribute('aria-describedby', 'invalid');
  for (const well of ['colour', 'version']) {
    await expect(page.getByTestId(well)).toHaveAttribute('aria-invalid', 'false');
    await expect(page.getByTestId(well)).toHaveAttribute('aria-describedby', '');
  }
  await expect(page.getByTestId('open-pull-request')).toBeDisabled();
  await expect(page.getByTestId('why')).toBeVisible();
  await expect(plan(page)).toContainText('+version: 1.1.8');

  await page.getByTestId('chart_version').fill('1.2.0');
  await expect(page.getByTestId('invalid')).toBeEmpty();
  await expect(plan(page)).toContainText('+version: 1.2.0');
  await expect(page.getByTestId('open-pull-request')).toBeEnabled();
});

test('what was chosen before signing in is there afterwards', async ({ page, weft }) => {
  await page.goto(weft + RELEASE);
  // A proposal that arrives while the field is being filled would be kept before what is filled in.
  await expect(page.getByTestId('colour')).not.toHaveValue('');
  await page.getByTestId('colour').fill('#0f7173');
  await expect(plan(page)).toContainText('#0f7173');
  await page.getByTestId('sign-in-to-act').click();
  await page.waitForURL(/\/login\/oauth\/authorize/);
  await page.getByRole('button', { name: /\bkim\b/ }).click();
  await expect(page.getByTestId('colour')).toHaveValue('#0f7173');
  await expect(plan(page)).toContainText('#0f7173');
  await expect(page.getByTestId('why')).toContainText('write access');
  await expect(page.getByTestId('open-pull-request')).toBeDisabled();
});

test('a release that exists already is not pushed again', async ({ page, weft }) => {
  await page.goto(weft);
  await signIn(page, 'sam');
  await page.goto(weft + RELEASE);
  await page.getByTestId('open-pull-request').click();
  await expect(page.getByTestId('started')).toBeVisible(ROLLED_OUT);
  await page.goto(weft + RELEASE);
  await expect(page.getByTestId('why')).toContainText(
    'The branch release-1.1.8 exists already: finish that release, or take the chart version 1.1.9.',
    ROLLED_OUT,
  );
  await expect(page.getByTestId('open-pull-request')).toBeDisabled();
});

test('main that moves under the plan pushes nothing and shows the new plan', async ({
  page,
  weft,
}) => {
  await page.goto(weft);
  await signIn(page, 'sam');
  await page.goto(weft + RELEASE);
  await expect(page.getByTestId('open-pull-request')).toBeEnabled(ROLLED_OUT);
  // The order is for a commit that main has left: the first one is, as the server sees it.
  await page.route(
    '**/releases',
    async (route) => {
      const order = route.request().postDataJSON() as Record<string, string>;
      await route.continue({ postData: JSON.stringify({ ...order, base: '0'.repeat(40) }) });
    },
    { times: 1 },
  );
  await page.getByTestId('open-pull-request').click();
  await expect(page.getByText('main moved while you were reading.').first()).toBeVisible();
  await page.getByTestId('open-pull-request').click();
  await expect(page.getByTestId('started')).toBeVisible(ROLLED_OUT);
});

test('the key r opens it, and the keyboard alone reaches every field', async ({ page, weft }) => {
  await openPipeline(page, weft);
  await page.keyboard.press('r');
  await expect(page).toHaveURL(new RegExp(`${RELEASE}$`));
  await expect(plan(page)).toContainText('+version: 1.1.8');
  await expect(page.getByTestId('take-prod')).toBeVisible();
  await page.getByTestId('picker').focus();
  const reached = [];
  for (let press = 0; press < 14; press += 1) {
    reached.push(await page.evaluate(() => document.activeElement?.getAttribute('data-testid')));
    await page.keyboard.press('Tab');
  }
  for (const field of ['colour', 'take-prod', 'version', 'chart_version']) {
    expect(reached).toContain(field);
  }
});

/** The four edits. */
function plan(page: Page) {
  return page.getByTestId('plan');
}
