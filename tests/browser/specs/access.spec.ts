// Every page, in both themes: nothing that axe finds, nothing wider than a small phone.

import AxeBuilder from '@axe-core/playwright';
import { address, PAGES, settled, THEMES, waitingPromotion } from '../harness/pages.mjs';
import { expect, signIn, test } from '../harness/fixtures';

for (const theme of THEMES) {
  test(`axe finds nothing on any page in the ${theme} theme`, async ({ page, weft }) => {
    await page.emulateMedia({ colorScheme: theme as 'light' | 'dark', reducedMotion: 'reduce' });
    await page.goto(weft);
    await settled(page, 'board');
    await signIn(page, 'sam');
    const promotion = await waitingPromotion(weft);
    for (const [name, path] of Object.entries(PAGES)) {
      await test.step(name, async () => {
        await page.goto(address(weft, path, promotion));
        await settled(page, name);
        const { violations } = await new AxeBuilder({ page })
          .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'])
          .analyze();
        const found = violations.map(
          ({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`,
        );
        expect.soft(found, `${name}, ${theme}`).toEqual([]);
      });
    }
  });
}

test('no page scrolls sideways at 320 px', async ({ page, weft }) => {
  await page.setViewportSize({ width: 320, height: 640 });
  const promotion = await waitingPromotion(weft);
  for (const [name, path] of Object.entries(PAGES)) {
    await page.goto(address(weft, path, promotion));
    await settled(page, name);
    const over = await page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
    expect.soft(over, name).toBe(0);
  }
});

test('without a script the page says what is needed', async ({ browser, weft }) => {
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto(weft);
  await expect(page.getByText(/scripts/i)).toBeVisible();
  await context.close();
});
