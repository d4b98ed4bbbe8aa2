import AxeBuilder from '@axe-core/playwright';
import { test as base, expect, type Page } from '@playwright/test';

/** Every journey also shows that the page's content policy refuses nothing of ours. */
export const test = base.extend<{ policyHolds: undefined }>({
  policyHolds: [
    async ({ context }, use) => {
      const refused: string[] = [];
      context.on('console', (message) => {
        if (/Content Security Policy/.test(message.text())) refused.push(message.text());
      });
      await use(undefined);
      expect(refused).toEqual([]);
    },
    { auto: true },
  ],
});

export const isPhone = () => test.info().project.name === 'phone';

/** Signs in as one of the demonstration's people and waits for the page where their duty begins. */
export async function signIn(page: Page, login = 'county', heading = '看板'): Promise<void> {
  await page.goto('/sign-in');
  await page.locator('input[name=login]').fill(login);
  await page.locator('input[name=password]').fill('zhiyuan-demo');
  await page.locator('button[type=submit]').click();
  await expect(page.getByRole('heading', { level: 1 })).toContainText(heading);
}

export async function accessible(page: Page): Promise<void> {
  await page.waitForTimeout(300);
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' ')}`)).toEqual([]);
}

/** A phone or computer that makes and keeps passkeys, and says yes for its holder. */
export async function withAuthenticator(page: Page, more: { ctap2Version?: 'ctap2_1'; hasPrf?: boolean } = {}): Promise<void> {
  const authenticator = await page.context().newCDPSession(page);
  await authenticator.send('WebAuthn.enable');
  await authenticator.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
      ...more,
    },
  });
}

/** On her page at the station: she agrees, alone and with her own hand, to look at her record, and is handed the code that opens it. */
export async function codeFor(page: Page): Promise<string> {
  const row = page.getByRole('row', { name: /本人查看记录/ });
  await row.getByRole('button', { name: '征求同意' }).click();
  await page.getByLabel('本人单独、自愿作出决定').check();
  const pad = (await page.locator('.signature').boundingBox()) as { x: number; y: number };
  await page.mouse.move(pad.x + 30, pad.y + 40);
  await page.mouse.down();
  await page.mouse.move(pad.x + 140, pad.y + 90, { steps: 6 });
  await page.mouse.up();
  await page.getByRole('button', { name: '同意', exact: true }).click();
  await row.getByRole('button', { name: '交付查看代码' }).click();
  return (await page.getByText(/^[0-9A-Z]{4}(-[0-9A-Z]{4}){3}$/).textContent()) as string;
}
