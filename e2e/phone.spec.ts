import { expect, type Page } from '@playwright/test';
import { accessible, isPhone, signIn, test } from './kit.ts';

const pin = '246810';

/** What the browser's own storage holds: how many rows of a client, and whether a name can be read anywhere in it. */
const stored = (page: Page, client: string, name = '') =>
  page.evaluate(
    async ([id, hers]) => {
      const open = indexedDB.open('zhiyuan');
      const db = await new Promise<IDBDatabase>((done, fail) => {
        open.onsuccess = () => done(open.result);
        open.onerror = () => fail(open.error);
      });
      const all = (store: string) =>
        new Promise<{ clients: string[]; size: number; content: { body: ArrayBuffer } }[]>((done) => {
          const asked = db.transaction(store).objectStore(store).getAll();
          asked.onsuccess = () => done(asked.result);
        });
      const rows = await all('segments');
      const text = rows.map((row) => new TextDecoder().decode(row.content.body)).join('');
      const waiting = (await all('outbox')).length;
      db.close();
      return {
        rows: rows.reduce((sum, row) => sum + row.size, 0),
        hers: rows.filter((row) => row.clients.includes(id as string)).length,
        // Chance alone makes two Chinese characters of some bytes now and then, but not these.
        isReadable: ['visited_on', 'place_code', 'name_pinyin', hers].some((words) => words && text.includes(words)),
        waiting,
      };
    },
    [client, name],
  );

test('a village worker works without a network; a withdrawal reaches her phone', async ({ page, context, browser }) => {
  page.on('dialog', (dialog) => dialog.accept());
  await signIn(page, 'village', '今天');
  await page.goto('/phone');
  await page.locator('input[name=pin]').fill('12');
  await page.getByRole('button', { name: '存到这部手机' }).click();
  await expect(page.getByText('至少六位数字').first()).toBeVisible();
  await page.locator('input[name=pin]').fill(pin);
  await page.getByRole('button', { name: '存到这部手机' }).click();
  await expect(page.getByRole('status')).toContainText('全部已发送');
  await accessible(page);
  await page.screenshot({ path: `.cache/shots/phone-${test.info().project.name}.png` });
  await page.evaluate(() => navigator.serviceWorker.ready);
  await page.goto('/people');
  const link = page.locator('table a').nth(isPhone() ? 1 : 0);
  const name = (await link.textContent()) as string;
  const client = ((await link.getAttribute('href')) ?? '').split('/').at(-1) as string;
  expect(await stored(page, client, name)).toMatchObject({ isReadable: false });
  expect((await stored(page, client)).hers).toBeGreaterThan(0);

  // No signal, and the browser was closed: it opens from the phone itself, with the PIN.
  await context.setOffline(true);
  await page.goto('/today');
  await expect(page.getByText('手机上的记录已锁')).toBeVisible();
  await page.locator('input[name=pin]').fill('000000');
  await page.getByRole('button', { name: '打开' }).click();
  await expect(page.getByText('还可以试 9 次')).toBeVisible();
  await page.locator('input[name=pin]').fill(pin);
  await page.getByRole('button', { name: '打开' }).click();
  await expect(page.getByRole('status')).toContainText('全部已发送');
  await page.getByRole('link', { name: '今天', exact: true }).click();
  await expect(page.getByRole('heading', { name: /要随访的人/ })).toBeVisible();
  await expect(page.getByRole('status')).toContainText('全部已发送');
  await accessible(page);
  await page.screenshot({ path: `.cache/shots/today-${test.info().project.name}.png` });
  await page.getByRole('link', { name: '待随访', exact: true }).click();
  await expect(page.getByRole('heading', { level: 1 })).toContainText('待随访');
  await page.getByRole('link', { name: '服务对象' }).click();
  await page.getByLabel('查找').fill(name);
  // Two people may have one name: this one.
  await page.locator(`a[href="/people/${client}"]`).click();
  await expect(page.getByRole('heading', { level: 1 })).toContainText(name);
  const before = Number(/\((\d+)\)/.exec((await page.getByRole('heading', { name: /服务记录/ }).textContent()) ?? '')?.[1]);
  await page.getByRole('link', { name: '记录服务' }).click();
  await page.getByRole('radiogroup', { name: '本人决定' }).getByText('谢绝（同样完整有效）').click();
  await page.getByRole('radiogroup', { name: '服务对象类型' }).getByText('首次采用', { exact: true }).click();
  await page.getByRole('button', { name: '保存' }).click();
  await expect(page.getByRole('heading', { name: `服务记录 (${before + 1})` })).toBeVisible();
  await page.getByRole('link', { name: '离线' }).click();
  await expect(page.getByRole('status')).toContainText('待发送 1 条');

  // The signal is back: what waited is sent once, and stands at the station.
  await context.setOffline(false);
  await page.getByRole('button', { name: '立即同步' }).click();
  await expect(page.getByRole('status')).toContainText('全部已发送');
  expect((await stored(page, client)).waiting).toBe(0);
  const station = await browser.newContext({ baseURL: new URL(page.url()).origin, locale: 'zh-CN' });
  const desk = await station.newPage();
  desk.on('dialog', (dialog) => dialog.accept());
  await signIn(desk, 'county');
  await desk.goto(`/people/${client}`);
  // The station sees her visits elsewhere too: this one is among them.
  const day = new Intl.DateTimeFormat('sv-SE', { timeZone: 'Asia/Shanghai' }).format(new Date());
  await expect(desk.getByRole('row', { name: new RegExp(`${day}.*谢绝`) }).first()).toBeVisible();

  // She withdraws at the station; at the next pull the phone has nothing of her.
  await desk
    .getByRole('row', { name: /服务与档案/ })
    .getByRole('button', { name: '撤回' })
    .click();
  await expect(desk.getByRole('alert').first()).toContainText('找不到');
  await page.getByRole('button', { name: '立即同步' }).click();
  await expect(async () => expect((await stored(page, client)).hers).toBe(0)).toPass({ timeout: 10_000 });

  // The phone is lost: its sessions are ended, and it forgets everything when it next asks.
  await signIn(desk, 'admin', '账号与职责');
  await desk
    .getByRole('row', { name: /^village / })
    .getByRole('button', { name: '退出其全部登录' })
    .click();
  await desk.waitForTimeout(500);
  await page.getByRole('button', { name: '立即同步' }).click();
  await expect(async () => expect((await stored(page, client)).rows).toBe(0)).toPass({ timeout: 10_000 });
  await station.close();
});
