// The lane in a frame: without chrome, as wide as its host, reading only where the host is foreign.

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, PIPELINE, test } from '../harness/fixtures';

test('the embedded lane has no chrome and shows every environment', async ({ page, weft }) => {
  await page.goto(`${weft}embed/p/${PIPELINE}`);
  for (const environment of ['dev', 'dev-test', 'uat', 'stg', 'prod']) {
    await expect(page.getByTestId(`environment-${environment}`)).toHaveAttribute('data-verdict', /./);
  }
  await expect(page.getByRole('banner')).toHaveCount(0);
});

test('the dashboard shows Weft behind one entry of its navigation', async ({ page, weft }) => {
  await page.goto(new URL('/', weft).href);
  await page.getByLabel('Password').fill('flux');
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByRole('tablist').getByText('Promotions').click();
  const frame = page.frameLocator('iframe');
  await expect(frame.getByTestId('board-row-podinfo')).toBeVisible();
});

test('a page of another origin may not frame the parts that act', async ({ browser, weft }) => {
  // Not the fixture's page: the breach of the policy is what is wanted here.
  const page = await browser.newPage();
  const host = await hostOf(`<iframe src="${weft}p/${PIPELINE}"></iframe>`);
  try {
    await page.goto(`http://localhost:${(host.address() as AddressInfo).port}/`);
    await expect(page.frameLocator('iframe').getByTestId('pipeline-row')).toHaveCount(0);
  } finally {
    host.close();
    await page.close();
  }
});

async function hostOf(html: string): Promise<Server> {
  const server = createServer((_, response) => {
    response.setHeader('content-type', 'text/html');
    response.end(`<!doctype html><title>host</title>${html}`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}
