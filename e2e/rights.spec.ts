import { expect, type Page } from '@playwright/test';
import { accessible, codeFor, isPhone, signIn, test, withAuthenticator } from './kit.ts';

const shot = (page: Page, name: string) => page.screenshot({ path: `.cache/shots/${name}-${test.info().project.name}.png`, fullPage: true });

/** Opens the record of somebody of the demonstration, another for each screen size. */
async function openSomebody(page: Page, nth: number): Promise<string> {
  await page.goto('/people');
  await page
    .locator('table a')
    .nth(isPhone() ? nth + 10 : nth)
    .click();
  await expect(page.getByRole('heading', { name: '本人同意' })).toBeVisible();
  return ((await page.getByRole('heading', { level: 1 }).textContent()) ?? '').split(' ')[0] as string;
}

test('she agrees with her own hand, opens her record with the code, sees who looked, withdraws, and is gone from the lists', async ({ page, browser }) => {
  page.on('dialog', (dialog) => dialog.accept());
  await signIn(page, 'county');
  const name = await openSomebody(page, 3);
  const address = page.url();
  const row = page.getByRole('row', { name: /本人查看记录/ });
  await row.getByRole('button', { name: '征求同意' }).click();
  await expect(page.getByText('登录用现场交给您的一次性代码')).toBeVisible();
  await page.getByRole('button', { name: '同意', exact: true }).click();
  await expect(page.getByRole('alert')).toContainText('单独、自愿');
  await page.getByLabel('本人单独、自愿作出决定').check();
  const pad = (await page.locator('.signature').boundingBox()) as { x: number; y: number };
  await page.mouse.move(pad.x + 30, pad.y + 40);
  await page.mouse.down();
  for (const [x, y] of [
    [80, 90],
    [120, 40],
    [180, 100],
  ] as const)
    await page.mouse.move(pad.x + x, pad.y + y, { steps: 4 });
  await page.mouse.up();
  await accessible(page);
  await shot(page, 'consent');
  await page.getByRole('button', { name: '同意', exact: true }).click();
  await row.getByRole('button', { name: '交付查看代码' }).click();
  const code = (await page.getByText(/^[0-9A-Z]{4}(-[0-9A-Z]{4}){3}$/).textContent()) as string;

  const hers = await browser.newContext({ viewport: { width: 390, height: 844 }, baseURL: new URL(page.url()).origin, locale: 'zh-CN' });
  const phone = await hers.newPage();
  phone.on('dialog', (dialog) => dialog.accept());
  await phone.goto('/my');
  await accessible(phone);
  await phone.getByLabel('代码').fill('WRONG-CODE');
  await phone.getByRole('button', { name: '打开' }).click();
  await expect(phone.getByRole('alert')).toContainText('代码不对');
  await phone.getByLabel('代码').fill(code);
  await phone.getByRole('button', { name: '打开' }).click();
  await expect(phone.getByRole('heading', { level: 1 })).toContainText(name);
  await expect(phone.getByText(/县站医师（演示）（县级医务人员）打开了我的记录/).first()).toBeVisible();
  await accessible(phone);
  await phone.getByRole('button', { name: 'English' }).click();
  await expect(phone.getByText(/opened my record/).first()).toBeVisible();
  await accessible(phone);
  await phone.screenshot({ path: `.cache/shots/my-${test.info().project.name}.png`, fullPage: true });
  await phone.getByRole('button', { name: '中文' }).click();
  const [pdf] = await Promise.all([phone.waitForEvent('download'), phone.getByRole('link', { name: '下载（PDF）' }).click()]);
  expect(pdf.suggestedFilename()).toBe('my-record.pdf');

  await phone.goto(`${new URL(page.url()).origin}/my`);
  await phone.getByRole('combobox', { name: '请求' }).click();
  await phone.getByRole('option', { name: '更正' }).click();
  await phone.getByLabel('说明').fill('电话号码不对');
  await phone.getByRole('button', { name: '提出请求' }).click();
  await expect(phone.getByText(/还有 15 天/)).toBeVisible();
  const care = phone.getByText('服务与档案', { exact: true }).locator('..').getByRole('button', { name: '撤回' });
  await care.click();
  await expect(phone.getByText('您的档案已封存')).toBeVisible();
  await page.goto(address);
  await expect(page.getByRole('alert').first()).toContainText('找不到');
  await hers.close();

  await signIn(page, 'privacy', '个人信息保护');
  await expect(page.getByText('电话号码不对').first()).toBeVisible();
  await accessible(page);
  await shot(page, 'privacy');
  const request = page.locator('article').filter({ hasText: '电话号码不对' }).first();
  await request.getByLabel('原因').fill('已经更正');
  await request.getByRole('button', { name: '支持', exact: true }).click();
  await expect(page.getByText('已经更正').first()).toBeVisible();
  for (const tab of ['紧急查看', '查看日志', '数据清单']) {
    await page.getByRole('tab', { name: tab }).click();
    await accessible(page);
  }
});

test('an account: another password, a passkey, and signing in with it alone', async ({ page }) => {
  const login = `planner`;
  // Passkeys are bound to a name, not to a number: the same server under its name.
  const origin = (test.info().project.use.baseURL as string).replace('127.0.0.1', 'localhost');
  await page.goto(`${origin}/sign-in`);
  await page.locator('input[name=login]').fill(login);
  await page.locator('input[name=password]').fill('zhiyuan-demo');
  await page.locator('button[type=submit]').click();
  await expect(page.getByRole('heading', { level: 1 })).toContainText('看板');
  await page.goto(`${origin}/account`);
  await expect(page.getByRole('heading', { level: 1 })).toContainText('我的账号');
  await accessible(page);
  await shot(page, 'account');
  await withAuthenticator(page);
  await page.getByRole('button', { name: '在此设备上添加通行密钥' }).click();
  await expect(page.getByText(/此设备 ·/).first()).toBeVisible();
  await page.getByRole('button', { name: '设置验证器' }).click();
  await expect(page.getByAltText('供验证器扫描的图片')).toBeVisible();
  await accessible(page);
  await page.getByRole('button', { name: '退出', exact: true }).click();
  await page.getByRole('button', { name: '用通行密钥登录' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toContainText('看板');
  await page.goto(`${origin}/account`);
  await page.getByRole('button', { name: '移除' }).first().click();
  await expect(page.getByText(/此设备 ·/)).toHaveCount(0);
});

test('a complaint: anonymous, tracked with its code, decided blind, a veto on the board', async ({ page }) => {
  await page.goto('/complain');
  await expect(page.getByRole('heading', { level: 1 })).toContainText('投诉');
  await accessible(page);
  await page.getByRole('combobox', { name: '投诉事由' }).click();
  await page.getByRole('option', { name: '违规收费' }).click();
  await page.getByRole('combobox', { name: '在哪里发生' }).click();
  await page
    .getByRole('option', { name: isPhone() ? '檀营' : '果园街道' })
    .first()
    .click();
  await page.getByLabel('发生了什么').fill('本该免费的项目收了我 80 元');
  await page.getByRole('button', { name: '提交' }).click();
  const code = (await page.getByText(/^[0-9A-Z]{4}(-[0-9A-Z]{4}){3}$/).textContent()) as string;
  await page.getByLabel('查询代码').fill(code);
  await page.getByRole('button', { name: '查看', exact: true }).click();
  await expect(page.getByText('最迟告知受理')).toBeVisible();
  await page.locator('input[type=file]').setInputFiles({ name: '收据.png', mimeType: 'image/png', buffer: Buffer.from('a receipt') });
  await page.getByRole('button', { name: '上传' }).click();
  await expect(page.getByRole('button', { name: '上传' })).toBeDisabled();
  await accessible(page);

  await signIn(page, 'ombuds', '投诉');
  await accessible(page);
  const row = page
    .getByRole('row', { name: /违规收费/ })
    .filter({ hasText: isPhone() ? '檀营' : '果园' })
    .first();
  await row.getByRole('button', { name: '打开' }).click();
  await expect(page.getByText('本该免费的项目收了我 80 元')).toBeVisible();
  await expect(page.getByRole('link', { name: '收据.png' })).toBeVisible();
  await page.getByText('作出答复').first().click();
  await accessible(page);
  await shot(page, 'desk');
  await page.getByRole('radiogroup', { name: '结论' }).getByText('属实', { exact: true }).click();
  await page.getByLabel('答复').first().fill('查证属实，退还费用。');
  await page.getByLabel('补救措施').fill('退费并整改');
  await page.getByLabel(/给被投诉单位的摘要/).fill('一起违规收费');
  await page.getByRole('button', { name: '作出答复' }).click();
  await expect(page.getByText('查证属实，退还费用。')).toBeVisible();

  await page.getByRole('button', { name: '退出', exact: true }).click();
  await page.goto('/complain');
  await page.getByLabel('查询代码').fill(code);
  await page.getByRole('button', { name: '查看', exact: true }).click();
  await expect(page.getByText('查证属实，退还费用。')).toBeVisible();
  await signIn(page, 'county');
  const year = new Date().getFullYear();
  await page.goto(`/board?period=${year}`);
  await expect(page.getByText('不得评先评优')).toBeVisible();
});

test('two people put one visit right: both values are shown, nothing is overwritten', async ({ page, browser }) => {
  await signIn(page, 'county');
  // Somebody who has a visit to put right.
  for (let nth = 5; nth < 10; nth += 1) {
    await openSomebody(page, nth);
    if ((await page.getByRole('link', { name: '更正' }).count()) > 0) break;
  }
  const open = async (of: Page) => {
    await of.getByRole('link', { name: '更正' }).first().click();
    await expect(of.getByRole('heading', { level: 1 })).toContainText('更正');
  };
  const other = await browser.newContext({ baseURL: new URL(page.url()).origin, locale: 'zh-CN', viewport: { width: 1200, height: 900 } });
  const colleague = await other.newPage();
  await signIn(colleague, 'statistics');
  await colleague.goto(page.url());
  await open(colleague);
  await open(page);
  const mark = `甲写的${Date.now()}`;
  await colleague.getByLabel('备注').fill(mark);
  await colleague.getByRole('button', { name: '保存' }).click();
  await expect(colleague.getByText(mark).first()).toBeVisible();
  await page.getByLabel('备注').fill('乙写的');
  await page.getByRole('button', { name: '保存' }).click();
  await expect(page.getByText('别人刚刚改过这次记录')).toBeVisible();
  await expect(page.getByRole('cell', { name: mark })).toBeVisible();
  await accessible(page);
  await shot(page, 'conflict');
  await page
    .getByRole('row', { name: new RegExp(mark) })
    .getByRole('button', { name: '采用' })
    .click();
  await page.getByRole('button', { name: '我已核对，其余以我为准' }).click();
  await page.getByRole('button', { name: '保存' }).click();
  await expect(page.getByText(mark).first()).toBeVisible();
  await other.close();
});

test('the administrator: accounts and duties, those that conflict refused with words', async ({ page }) => {
  await signIn(page, 'admin', '账号与职责');
  await accessible(page);
  await shot(page, 'accounts');
  const row = page.getByRole('row', { name: /^ombuds / });
  await row.getByRole('button', { name: '增加职责' }).click();
  await row.getByRole('combobox', { name: '职责' }).click();
  await page.getByRole('option', { name: '县级医务人员' }).click();
  await row.getByRole('combobox', { name: '地点代码' }).fill('110118');
  await page
    .getByRole('option', { name: /110118$/ })
    .first()
    .click();
  await row.getByRole('button', { name: '保存' }).click();
  await expect(page.getByRole('alert')).toContainText('不能同时承担');
});

test('an emergency opens a record outside the place, and says so', async ({ page }) => {
  await signIn(page, 'county');
  const name = await openSomebody(page, 7);
  const number = ((await page.getByRole('heading', { level: 1 }).textContent()) ?? '').split(' ').at(-1) as string;
  await signIn(page, 'township');
  await page.goto('/emergency');
  await accessible(page);
  await page.getByLabel(/档案编号、电话/).fill(number);
  await page.getByLabel('原因').fill('大出血送来，昏迷');
  await page.getByRole('button', { name: '打开记录' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toContainText(name);
});

test('she adds a passkey to her own record and opens it with that alone', async ({ page, browser }) => {
  page.on('dialog', (dialog) => dialog.accept());
  await signIn(page, 'county');
  const name = await openSomebody(page, 8);
  const code = await codeFor(page);

  // Passkeys are bound to a name, not to a number: the same server under its name.
  const baseURL = (test.info().project.use.baseURL as string).replace('127.0.0.1', 'localhost');
  const hers = await browser.newContext({ viewport: { width: 390, height: 844 }, baseURL, locale: 'zh-CN' });
  const phone = await hers.newPage();
  await withAuthenticator(phone);
  await phone.goto('/my');
  await phone.getByLabel('代码').fill(code);
  await phone.getByRole('button', { name: '打开' }).click();
  await expect(phone.getByRole('heading', { level: 1 })).toContainText(name);
  await Promise.all([
    phone.waitForResponse((reply) => reply.url().endsWith('/api/passkeys') && reply.status() === 204),
    phone.getByRole('button', { name: '下次用通行密钥登录' }).click(),
  ]);
  await phone.getByRole('button', { name: '退出', exact: true }).click();
  await expect(phone.getByLabel('代码')).toBeVisible();
  await phone.getByRole('button', { name: '用通行密钥登录' }).click();
  await expect(phone.getByRole('heading', { level: 1 })).toContainText(name);
  // Withdrawn, the passkey opens nothing any more.
  await page
    .getByRole('row', { name: /本人查看记录/ })
    .getByRole('button', { name: '撤回' })
    .click();
  await expect(page.getByRole('row', { name: /本人查看记录/ }).getByRole('button', { name: '征求同意' })).toBeVisible();
  await phone.reload();
  await expect(phone.getByLabel('代码')).toBeVisible();
  await hers.close();
});
