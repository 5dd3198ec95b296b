// The words in which tests speak of the page, whatever world is behind it.

import { expect, type Locator, type Page } from '@playwright/test';

/** The one pipeline of the demo. */
export const PIPELINE = 'app-podinfo/podinfo';

/** Opens the pipeline's page and waits until its lane shows data. */
export async function openPipeline(page: Page, weft: string): Promise<void> {
  await page.goto(`${weft}p/${PIPELINE}`);
  await expect(environmentView(page, 'prod')).toHaveAttribute('data-verdict', /./);
}

/** One environment on the lane. */
export function environmentView(page: Page, environment: string): Locator {
  return page.getByTestId(`environment-${environment}`);
}

/** What stands before an environment. */
export function gate(page: Page, environment: string): Locator {
  return page.getByTestId(`gate-${environment}`);
}

/** Signs in through the lab's GitHub-shaped page, by clicking. */
export async function signIn(page: Page, login: string): Promise<void> {
  await page.getByTestId('sign-in').first().click();
  await page.waitForURL(/\/login\/oauth\/authorize/);
  await page.getByRole('button', { name: new RegExp(`\\b${login}\\b`) }).click();
  await expect(page.getByTestId('viewer').first()).toContainText(login);
}
