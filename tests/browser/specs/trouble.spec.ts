// Where something failed: the whole message, the object, its events, and having Flux look now.

import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import type { Lab } from '../harness/lab.mjs';
import { THEMES } from '../harness/pages.mjs';
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

const EVENTS = '**/environments/stg/events?*';
const RECONCILE = '**/environments/stg/reconcile';

test('a failed link has its message whole, its events and its object behind one tap', async ({
  page,
  weft,
  lab,
}) => {
  await failInStg(page, weft, lab);
  await expect(page.getByTestId('commit-status-disagrees')).toContainText(/green tick/i, ROLLED_OUT);
  await page.getByTestId('why-stg').click();
  const sheet = page.getByTestId('evidence-sheet');
  await expect(sheet).toContainText('stg · helm');
  await expect(sheet).toContainText('HelmRelease app-podinfo/podinfo');
  await expect(sheet).toContainText('Ready=False');
  await expect(page.getByTestId('message')).toBeHidden();

  await test.step('by the keyboard alone', async () => {
    await sheet.locator('summary').first().focus();
    await page.keyboard.press('Enter');
    await expect(page.getByTestId('message')).toContainText('Helm upgrade failed for release');
    await expect(page.getByTestId('message')).toContainText('Helm rollback to previous release');
    const events = page.getByTestId('events').getByRole('listitem');
    await expect(events.first()).toContainText(/RollbackSucceeded.* ago/);
    await expect(events.nth(1)).toContainText('UpgradeFailed');
  });

  await test.step('it stays open, and what is marked stays marked, while the board moves on', async () => {
    await page.getByTestId('message').evaluate((message) => {
      window.getSelection()?.selectAllChildren(message);
    });
    const marked = () => page.evaluate(() => window.getSelection()?.toString() ?? '');
    expect(await marked()).toContain('Helm upgrade failed');
    // What it serves stays changed; that it rolls may be over before anybody looks.
    const version = page.getByTestId('version-dev');
    const before = await version.innerText();
    await lab.step('branch-build');
    await expect(version).not.toHaveText(before, ROLLED_OUT);
    await expect(environmentView(page, 'dev')).toHaveAttribute('data-verdict', 'proven', ROLLED_OUT);
    expect(await marked()).toContain('Helm upgrade failed');
    await expect(page.getByTestId('message')).toBeVisible();
  });

  await test.step('axe finds nothing in either theme', async () => {
    for (const theme of THEMES) {
      // The page asks what is preferred when it is loaded only, and loading it again would close the sheet.
      await page.evaluate((name) => document.documentElement.setAttribute('data-theme', name), theme);
      const { violations } = await new AxeBuilder({ page }).analyze();
      expect.soft(violations.map(({ id }) => id), theme).toEqual([]);
    }
  });

  await test.step('Escape closes it', async () => {
    await page.keyboard.press('Escape');
    await expect(sheet).toBeHidden();
  });
});

test('long words without a blank wrap, and nothing is wider than the sheet', async ({
  page,
  weft,
}) => {
  const word = 'x'.repeat(400);
  const event = { at: null, warning: true, reason: word, message: word, count: 3 };
  await page.route(EVENTS, (route) =>
    route.fulfill({ json: { events: [event], why: null, dashboard: null } }),
  );
  await openPipeline(page, weft);
  await openEvidence(page, 'stg', 'helm');
  const sheet = page.getByTestId('evidence-sheet');
  await sheet.locator('summary').first().click();
  await expect(page.getByTestId('events')).toContainText('×3');
  expect(await sheet.evaluate((it) => it.scrollWidth - it.clientWidth)).toBe(0);
});

test('where events may not be read a sentence says so', async ({ page, weft }) => {
  const why = "Weft's account in stg may not read events in the namespace app-podinfo.";
  await page.route(EVENTS, (route) =>
    route.fulfill({ json: { events: [], why, dashboard: null } }),
  );
  await openPipeline(page, weft);
  await openEvidence(page, 'stg', 'helm');
  await page.getByTestId('details').locator('summary').click();
  await expect(page.getByTestId('details')).toContainText(why);
});

test('an object opens in Weave GitOps, and from a frame in the page around it', async ({
  page,
  weft,
}) => {
  await page.goto(new URL('/', weft).href);
  await page.getByLabel('Password').fill('flux');
  await page.getByRole('button', { name: 'Continue' }).click();
  await expect(page.getByRole('tablist')).toBeVisible();
  await page.evaluate((src) => {
    document.body.innerHTML = `<iframe src="${src}" style="width:100%;height:760px"></iframe>`;
  }, `${weft}embed/p/${PIPELINE}`);
  const frame = page.frameLocator('iframe');
  await frame.getByRole('button', { name: /^uat, helm/ }).click();
  await frame.getByTestId('dashboard').click();
  await page.waitForURL(/\/helm_release\/details\?clusterName=uat&name=podinfo&namespace=app-podinfo$/);
  await expect(page.getByRole('heading', { name: 'podinfo' })).toBeVisible();
  await page.getByRole('button', { name: 'Sync' }).click();
  await expect(page.getByText('Sync request successful')).toBeVisible();
});

test('Flux looks now when a person with the right to asks, and the record says who', async ({
  page,
  weft,
}) => {
  await openPipeline(page, weft);
  await signIn(page, 'sam');
  await openPipeline(page, weft);
  await openEvidence(page, 'stg', 'sync');
  await page.getByTestId('reconcile').click();
  await expect(page.getByTestId('reconcile-status')).toHaveText(
    'Flux took it up: GitRepository, Kustomization, HelmRepository, HelmChart, HelmRelease.',
    ROLLED_OUT,
  );
  await expect(page.getByTestId('evidence-sheet')).toContainText(/@sam, \d+ s ago/);
  await expect(page.getByTestId('reconcile')).toBeEnabled();
  await openPipeline(page, weft);
  await expect(page.getByTestId('record')).toContainText('@sam ordered: reconcile stg.');
});

test('who may not have Flux look is told why, and what does the same', async ({ page, weft }) => {
  await openPipeline(page, weft);
  await openEvidence(page, 'stg', 'helm');
  const sheet = page.getByTestId('evidence-sheet');
  await expect(sheet).toContainText('Sign in with GitHub first.');
  await expect(page.getByTestId('reconcile')).toHaveCount(0);
  await signIn(page, 'kim');
  await openPipeline(page, weft);
  await openEvidence(page, 'stg', 'helm');
  await expect(sheet).toContainText('You need write access to demo/podinfo');
  await sheet.getByText('From a terminal').click();
  await expect(page.getByTestId('command')).toContainText(
    'flux reconcile helmrelease podinfo --namespace app-podinfo --with-source',
  );
});

test('an order that Flux does not take up says so, and can be given again', async ({
  page,
  weft,
}) => {
  const order = (state: string, sentence: string) => ({
    permission: { allowed: state !== 'running', why: state === 'running' ? 'One is under way.' : null },
    command: '',
    dashboard: null,
    order: { at: '2026-11-22T10:00:00Z', who: 'sam', state, sentence },
  });
  await openPipeline(page, weft);
  await signIn(page, 'sam');
  await openPipeline(page, weft);
  await openEvidence(page, 'stg', 'helm');
  await expect(page.getByTestId('reconcile')).toBeEnabled();
  let asked = 0;
  await page.route(RECONCILE, (route) => {
    asked += 1;
    const json =
      asked < 3
        ? order('running', 'Asking Kustomization flux-system/podinfo…')
        : order('failed', 'Flux has not taken it up: it still waits after 30 s.');
    return route.fulfill({ json });
  });
  await page.getByTestId('reconcile').click();
  await expect(page.getByTestId('reconcile-status')).toContainText('Asking Kustomization');
  await expect(page.getByTestId('reconcile')).toBeDisabled();
  await expect(page.getByTestId('reconcile-status')).toContainText('Flux has not taken it up');
  await expect(page.getByTestId('reconcile')).toBeEnabled();
});

/** Has the upgrade of what waits before stg fail there, by clicks. */
async function failInStg(page: Page, weft: string, lab: Lab): Promise<void> {
  await lab.fault('helm-upgrade-fails', { environment: 'stg' });
  await openPipeline(page, weft);
  await signIn(page, 'sam');
  await openPipeline(page, weft);
  await openCard(page, 'stg');
  await page.getByTestId('approve-and-merge').click();
  await expect(page.getByRole('main')).toContainText(/merged/i, ROLLED_OUT);
  await openPipeline(page, weft);
  await expect(environmentView(page, 'stg')).toHaveAttribute('data-verdict', 'failed', ROLLED_OUT);
}

/** Opens the evidence of one link of an environment. */
async function openEvidence(page: Page, environment: string, link: string): Promise<void> {
  await page.getByRole('button', { name: new RegExp(`^${environment}, ${link}:`) }).click();
  await expect(page.getByTestId('evidence-sheet')).toBeVisible();
}
