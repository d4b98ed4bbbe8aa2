import { expect, type Page } from '@playwright/test';
import { accessible, codeFor, isPhone, signIn, test, withAuthenticator } from './kit.ts';

const pin = '135790';
const shot = (page: Page, name: string) => page.screenshot({ path: `.cache/shots/${name}-${test.info().project.name}.png`, fullPage: true });

/** Signs a township clinician in and carries her township on this browser. */
async function carrying(page: Page): Promise<void> {
  page.on('dialog', (dialog) => dialog.accept());
  await signIn(page, 'township');
  await page.goto('/phone');
  await page.locator('input[name=pin]').fill(pin);
  await page.getByRole('button', { name: '存到这部手机' }).click();
  await expect(page.getByRole('status')).toContainText('全部已发送');
  await page.evaluate(() => navigator.serviceWorker.ready);
}

/** Opens the nth client of the list; another for each screen size, so that the two runs do not meet. */
async function open(page: Page, nth: number): Promise<{ name: string; id: string }> {
  await page.getByRole('link', { name: /^(服务对象|Clients)$/ }).click();
  const link = page.locator('table a').nth(isPhone() ? nth + 6 : nth);
  await link.click();
  await expect(page.getByRole('link', { name: /修改资料|Amend/ })).toBeVisible();
  return { name: ((await page.getByRole('heading', { level: 1 }).textContent()) ?? '').split(' ')[0] as string, id: page.url().split('/').at(-1) as string };
}

async function rename(page: Page, name: string): Promise<void> {
  await page.getByRole('link', { name: '修改资料' }).click();
  await page.getByLabel('姓名').fill(name);
  await page.getByRole('button', { name: '保存' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toContainText(name);
}

test('a phone without a network and the station give one person two names: both are kept, and a person decides', async ({ page, context, browser }) => {
  await carrying(page);
  const { id } = await open(page, 1);
  await context.setOffline(true);
  await rename(page, '手机改的名');
  const other = await browser.newContext({ baseURL: new URL(page.url()).origin, locale: 'zh-CN' });
  const desk = await other.newPage();
  await signIn(desk, 'county');
  await desk.goto(`/people/${id}`);
  await rename(desk, '站里改的名');
  await context.setOffline(false);
  await page.getByRole('link', { name: '离线' }).click();
  await page.getByRole('button', { name: '立即同步' }).click();
  await expect(page.getByRole('status')).toContainText('全部已发送');
  await page.goto(`/people/${id}`);
  // Both people see both values, on the phone (which opens with its PIN) and at the station.
  await desk.goto('/duplicates');
  await expect(desk.getByRole('heading', { name: '同一项有两个值' })).toBeVisible();
  await accessible(desk);
  await desk.goto(`/people/${id}`);
  await expect(desk.getByText('手机改的名')).toBeVisible();
  await expect(desk.getByRole('heading', { level: 1 })).toContainText('站里改的名');
  await accessible(desk);
  await shot(desk, 'two-values');
  await expect(page.getByText('手机改的名')).toBeVisible();
  await page.getByRole('button', { name: '采用另一个' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toContainText('手机改的名');
  await expect(page.getByRole('heading', { name: '同一项有两个值' })).toBeHidden();
  await other.close();
});

test('booked without a network, moved by herself, a number on the day; in English', async ({ page, context, browser }) => {
  await carrying(page);
  const desk = await (await browser.newContext({ baseURL: new URL(page.url()).origin, locale: 'zh-CN' })).newPage();
  desk.on('dialog', (dialog) => dialog.accept());
  await signIn(desk, 'county');
  await desk.getByRole('link', { name: '门诊' }).click();
  await expect(desk.getByRole('heading', { level: 1 })).toContainText('门诊与叫号');
  await desk.getByRole('button', { name: '开放门诊时段' }).click();
  const at = isPhone() ? ['00:10', '01:10'] : ['01:10', '02:10'];
  await desk.getByLabel('开始').fill(at[0] as string);
  await desk.getByLabel('结束').fill('00:01');
  await desk.getByRole('button', { name: '保存' }).click();
  await expect(desk.getByText('结束早于开始').first()).toBeVisible();
  await desk.getByLabel('结束').fill(at[1] as string);
  await accessible(desk);
  await desk.getByRole('button', { name: '保存' }).click();
  const card = desk.locator('section.card').filter({ hasText: `${at[0]}–${at[1]}` });
  await expect(card).toBeVisible();
  await shot(desk, 'sessions');

  await page.getByRole('button', { name: '立即同步' }).click();
  await expect(page.getByRole('status')).toContainText('全部已发送');
  await page.waitForTimeout(500);
  await page.getByRole('button', { name: 'English' }).click();
  const { id, name } = await open(page, 2);
  await context.setOffline(true);
  await page.getByRole('button', { name: 'Book an appointment' }).click();
  await page.getByRole('combobox', { name: 'Session' }).click();
  await page.getByRole('option', { name: new RegExp(`${at[0]}–${at[1]}`) }).click();
  await accessible(page);
  await shot(page, 'book');
  await page.getByRole('button', { name: `${at[0]} · 4 free` }).click();
  await expect(page.getByText('Booked')).toBeVisible();
  await page.getByRole('link', { name: 'Due' }).click();
  await expect(page.getByRole('row', { name: new RegExp(`${name}.*Appointment`) }).first()).toBeVisible();
  await page.getByRole('link', { name: 'Offline' }).click();
  await expect(page.getByRole('status')).toContainText('1 waiting');
  await context.setOffline(false);
  await page.getByRole('button', { name: 'Sync now' }).click();
  await expect(page.getByRole('status')).toContainText('sent');

  // She opens her own record with a code and takes another hour.
  await desk.goto(`/people/${id}`);
  await expect(desk.getByText(`${at[0]} ·`)).toBeVisible();
  const code = await codeFor(desk);
  const hers = await (await browser.newContext({ baseURL: new URL(page.url()).origin, locale: 'zh-CN', viewport: { width: 390, height: 844 } })).newPage();
  await hers.goto('/my');
  await hers.getByLabel('代码').fill(code);
  await hers.getByRole('button', { name: '打开' }).click();
  await hers.getByRole('button', { name: '改约' }).click();
  await hers.getByRole('combobox', { name: '时段' }).click();
  await hers.getByRole('option', { name: new RegExp(`${at[0]}–${at[1]}`) }).click();
  const free = hers.getByRole('button', { name: / · 余 4$/ }).first();
  const later = ((await free.textContent()) ?? '').slice(0, 5);
  expect(later).not.toBe(at[0]);
  await free.click();
  await expect(hers.getByText(`${later} ·`).first()).toBeVisible();
  await accessible(hers);
  await shot(hers, 'moved');
  await hers.context().close();
  await desk.goto('/sessions');
  await card.getByRole('button', { name: '候诊名单' }).click();
  await card.getByRole('button', { name: '到达取号' }).click();
  await expect(card.getByRole('row', { name: new RegExp(`^1 .*${name}`) })).toBeVisible();
  await accessible(desk);
  await shot(desk, 'queue');
  await desk.context().close();
});

test('a phone whose clock is wrong by days writes the right day, and says so; a cleared phone says what was lost', async ({ page, context }) => {
  const server = await page.request.get('/api/openapi.json');
  const right = Date.parse(server.headers()['date'] as string);
  await page.clock.install({ time: new Date(right + 5 * 86_400_000) });
  await carrying(page);
  await expect(page.getByText('这部手机的时钟差了')).toBeVisible();
  await open(page, 3);
  await page.getByRole('link', { name: '记录服务' }).click();
  const day = new Intl.DateTimeFormat('sv-SE', { timeZone: 'Asia/Shanghai' }).format(new Date(right));
  await expect(page.getByLabel('服务日期')).toHaveValue(day);
  await context.setOffline(true);
  await page.getByRole('radiogroup', { name: '本人决定' }).getByText('谢绝（同样完整有效）').click();
  await page.getByRole('radiogroup', { name: '服务对象类型' }).getByText('首次采用', { exact: true }).click();
  await page.getByRole('button', { name: '保存' }).click();
  await expect(page.getByRole('heading', { name: /服务记录/ })).toBeVisible();
  await page.getByRole('link', { name: '离线' }).click();
  await expect(page.getByRole('status')).toContainText('待发送 1 条');

  // The browser clears its storage, as it may when space runs out.
  await page.goto('/phone');
  await page.evaluate(
    () =>
      new Promise<void>((done) => {
        const asked = indexedDB.deleteDatabase('zhiyuan');
        asked.onsuccess = () => done();
        asked.onblocked = () => done();
      }),
  );
  await page.goto('/phone');
  await expect(page.getByRole('alert')).toContainText('其中 1 条还没有发送');
  await shot(page, 'evicted');
});

test('what the station refuses stays with its reason, and blocks nobody', async ({ page, context, browser }) => {
  await carrying(page);
  const { id } = await open(page, 4);
  await context.setOffline(true);
  await page.getByRole('link', { name: '记录服务' }).click();
  await page.getByRole('radiogroup', { name: '本人决定' }).getByText('谢绝（同样完整有效）').click();
  await page.getByRole('radiogroup', { name: '服务对象类型' }).getByText('首次采用', { exact: true }).click();
  await page.getByRole('button', { name: '保存' }).click();
  await expect(page.getByRole('heading', { name: /服务记录/ })).toBeVisible();
  const other = await browser.newContext({ baseURL: new URL(page.url()).origin, locale: 'zh-CN' });
  const desk = await other.newPage();
  desk.on('dialog', (dialog) => dialog.accept());
  await signIn(desk, 'county');
  await desk.goto(`/people/${id}`);
  await desk
    .getByRole('row', { name: /服务与档案/ })
    .getByRole('button', { name: '撤回' })
    .click();
  await expect(desk.getByRole('alert').first()).toContainText('找不到');
  await open(page, 5);
  await rename(page, '后面的一条');
  await context.setOffline(false);
  await page.getByRole('link', { name: '离线' }).click();
  await page.getByRole('button', { name: '立即同步' }).click();
  await expect(page.getByRole('status')).toContainText('1 条未被接受');
  await expect(page.getByRole('alert').first()).toContainText('找不到');
  await accessible(page);
  await shot(page, 'refused');
  await page.getByRole('button', { name: '知道了' }).click();
  await expect(page.getByRole('status')).toContainText('全部已发送');
  await other.close();
});

test('the phone’s own lock opens what it carries, once the PIN has allowed it', async ({ page }) => {
  await withAuthenticator(page, { ctap2Version: 'ctap2_1', hasPrf: true });
  // Passkeys belong to a name, not to a number.
  const local = (path: string) => `http://localhost:${new URL(page.url()).port}${path}`;
  await page.goto('/sign-in');
  await page.goto(local('/sign-in'));
  await page.locator('input[name=login]').fill('township');
  await page.locator('input[name=password]').fill('zhiyuan-demo');
  await page.locator('button[type=submit]').click();
  await expect(page.getByRole('heading', { level: 1 })).toContainText('看板');
  await page.goto(local('/phone'));
  await page.locator('input[name=pin]').fill(pin);
  await page.getByRole('button', { name: '存到这部手机' }).click();
  await expect(page.getByRole('status')).toContainText('全部已发送');
  await page.locator('input[name=pin]').fill('000000');
  await page.getByRole('button', { name: '以后也可用手机锁打开' }).click();
  await expect(page.getByText('PIN 不对').first()).toBeVisible();
  await page.locator('input[name=pin]').fill(pin);
  await page.getByRole('button', { name: '以后也可用手机锁打开' }).click();
  await expect(page.getByRole('button', { name: '以后也可用手机锁打开' })).toBeHidden();
  await page.getByRole('button', { name: '锁上' }).click();
  await page.getByRole('button', { name: /用手机锁/ }).click();
  await expect(page.getByRole('status')).toContainText('全部已发送');
  await accessible(page);
});

test('one visit put right on a phone and at the station: both versions stand side by side, and a person decides', async ({ page, context, browser }) => {
  await carrying(page);
  const { id } = await open(page, 0);
  await context.setOffline(true);
  await page.getByRole('link', { name: '更正', exact: true }).first().click();
  await page.getByLabel('备注').fill('手机上的备注');
  const visit = page.url().split('/').at(-1) as string;
  const save = async (one: Page) => {
    await one.getByRole('button', { name: '保存', exact: true }).click();
    const sure = one.getByRole('button', { name: '核对过了，确实如此，保存' });
    await sure.click({ timeout: 3000 }).catch(() => {});
    await expect(one.getByRole('heading', { name: /服务记录/ })).toBeVisible();
  };
  await save(page);
  const other = await browser.newContext({ baseURL: new URL(page.url()).origin, locale: 'zh-CN' });
  const desk = await other.newPage();
  await signIn(desk, 'county');
  await desk.goto(`/people/${id}/visits/${visit}`);
  await desk.getByLabel('备注').fill('站里的备注');
  await save(desk);
  await context.setOffline(false);
  await page.getByRole('link', { name: '离线' }).click();
  await page.getByRole('button', { name: '立即同步' }).click();
  await expect(page.getByRole('status')).toContainText('1 条未被接受');
  await page.getByRole('link', { name: '比较两个版本并决定' }).click();
  await expect(page.getByRole('alert').first()).toContainText('站里的备注');
  await expect(page.getByLabel('备注')).toHaveValue('手机上的备注');
  await accessible(page);
  await shot(page, 'two-versions');
  await page.getByRole('button', { name: /我已/ }).click();
  await save(page);
  await page.getByRole('link', { name: '离线' }).click();
  await page.getByRole('button', { name: '立即同步' }).click();
  await expect(page.getByRole('status')).toContainText('全部已发送');
  await desk.reload();
  await expect(desk.getByText('手机上的备注').first()).toBeVisible();
  await other.close();
});

test('a form half filled in when the app is killed goes on where it was left, and can begin anew', async ({ page, context }) => {
  await carrying(page);
  const { id } = await open(page, 11);
  await context.setOffline(true);
  await page.getByRole('link', { name: '记录服务' }).click();
  await page.getByRole('radiogroup', { name: '本人决定' }).getByText('谢绝（同样完整有效）').click();
  await page.getByLabel('备注').fill('写到一半');
  await page.waitForTimeout(700);
  // Killed: the page is gone without a word, and what it kept cannot be read without the PIN.
  await page.goto('about:blank');
  await page.goto(`${test.info().project.use.baseURL}/phone`);
  await page.locator('input[name=pin]').fill(pin);
  await page.getByRole('button', { name: '打开' }).click();
  await page.getByRole('link', { name: '服务对象' }).click();
  await page.locator(`a[href="/people/${id}"]`).click();
  await page.getByRole('link', { name: '记录服务' }).click();
  await expect(page.getByText('接着上次没有保存的填写')).toBeVisible();
  await expect(page.getByLabel('备注')).toHaveValue('写到一半');
  await accessible(page);
  await shot(page, 'draft');
  await page.getByRole('radiogroup', { name: '服务对象类型' }).getByText('首次采用', { exact: true }).click();
  await page.getByRole('button', { name: '保存' }).click();
  await expect(page.getByRole('heading', { name: /服务记录/ })).toBeVisible();
  // It was saved: the next visit begins empty.
  await page.getByRole('link', { name: '记录服务' }).click();
  await expect(page.getByLabel('备注')).toHaveValue('');
  await page.getByLabel('备注').fill('又写到一半');
  await page.waitForTimeout(700);
  await page.getByRole('link', { name: '服务对象' }).click();
  await page.locator(`a[href="/people/${id}"]`).click();
  await page.getByRole('link', { name: '记录服务' }).click();
  await page.getByRole('button', { name: '重新填写' }).click();
  await expect(page.getByLabel('备注')).toHaveValue('');
  await context.setOffline(false);
});

test('a phone whose storage is full says so, keeps the form, and saves when there is room again', async ({ page, context }) => {
  await carrying(page);
  await open(page, 12);
  await context.setOffline(true);
  await page.getByRole('link', { name: '记录服务' }).click();
  await page.getByRole('radiogroup', { name: '本人决定' }).getByText('谢绝（同样完整有效）').click();
  await page.getByRole('radiogroup', { name: '服务对象类型' }).getByText('首次采用', { exact: true }).click();
  await page.waitForTimeout(700);
  // What the browser says when there is no room (on a disk that was really full it was seen to be told and mended the same way).
  await page.evaluate(() => {
    const add = IDBObjectStore.prototype.add;
    IDBObjectStore.prototype.add = function (...given: Parameters<typeof add>) {
      if (document.body.dataset['full'] === 'yes') throw new DOMException('no room', 'QuotaExceededError');
      return add.apply(this, given);
    };
    document.body.dataset['full'] = 'yes';
  });
  await page.getByRole('button', { name: '保存' }).click();
  await expect(page.getByRole('alert').first()).toContainText('手机存储已满');
  await expect(page.getByRole('heading', { level: 1 })).toContainText('记录服务');
  await shot(page, 'full');
  await page.evaluate(() => {
    document.body.dataset['full'] = 'no';
  });
  await page.getByRole('button', { name: '保存' }).click();
  await expect(page.getByRole('heading', { name: /服务记录/ })).toBeVisible();
  await page.getByRole('link', { name: '离线' }).click();
  await expect(page.getByRole('status')).toContainText('待发送 1 条');
  await context.setOffline(false);
  await page.getByRole('button', { name: '立即同步' }).click();
  await expect(page.getByRole('status')).toContainText('全部已发送');
});
