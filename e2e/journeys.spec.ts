import { expect, type Page } from '@playwright/test';
import { accessible, isPhone, signIn, test } from './kit.ts';

const radio = (page: Page, group: string, name: string) => page.getByRole('radiogroup', { name: group }).getByText(name, { exact: true });
const countsOf = async (page: Page, code: string) =>
  ((await page.locator(`[data-indicator=${code}] .numbers`).first().textContent()) ?? '').replace(/,/g, '').split('/').map(Number) as [number, number];

test('a visit typed in the browser changes the indicator on the board', async ({ page }) => {
  await signIn(page);
  const [met, all] = await countsOf(page, 'Q1');

  await page.getByRole('link', { name: '服务对象' }).click();
  await page.getByRole('link', { name: '登记新服务对象' }).click();
  await page.getByRole('button', { name: '保存' }).click();
  await expect(page.getByRole('alert')).toContainText('姓名：必填');
  await page.getByLabel('姓名').fill(isPhone() ? '测试手机' : '测试桌面');
  await page.getByRole('combobox', { name: '地点代码' }).fill('110118101200');
  await page.getByRole('option', { name: /110118101200/ }).click();
  await radio(page, '性别', '女').click();
  await page.getByLabel('出生日期').fill('1993-04-05');
  await radio(page, '居住类型', '户籍常住').click();
  await radio(page, '建档缘由', '本人前来').click();
  await radio(page, '本人同意随访联系', '是').click();
  await page.getByRole('button', { name: '保存' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toContainText('测试');

  await page.getByRole('link', { name: '记录服务' }).click();
  // Said while it is typed, by the same rules that are law at the server.
  const day = await page.getByLabel('服务日期').inputValue();
  await page.getByLabel('服务日期').fill('2100-01-01');
  await expect(page.getByText('不能晚于今天')).toBeVisible();
  await page.getByLabel('服务日期').fill(day);
  await expect(page.getByText('不能晚于今天')).toBeHidden();
  await radio(page, '本人决定', '接受').click();
  await radio(page, '服务对象类型', '首次采用').click();
  for (const method of ['宫内节育器', '皮下埋植', '避孕套'])
    await page.getByRole('group', { name: '讲解过的方法' }).getByLabel(method, { exact: true }).check();
  await radio(page, '讲解了“不用任何方法”', '是').click();
  await radio(page, '由谁选定', '本人').click();
  await page.getByRole('button', { name: '保存' }).click();
  await expect(page.getByRole('alert')).toContainText('选定方法：必填');
  await page.getByRole('combobox', { name: '选定方法' }).click();
  await page.getByRole('option', { name: '避孕套' }).click();
  await radio(page, '当次得到所选方法', '是').click();
  await page.getByRole('combobox', { name: '药具' }).click();
  await page.getByRole('option', { name: '避孕套' }).click();
  await page.getByLabel('数量').fill('5000');
  await expect(page.getByText('应为 1 到 1000 的整数，现为 5000').first()).toBeVisible();
  await page.getByLabel('数量').fill('10');
  await page.getByRole('button', { name: '保存' }).click();
  await expect(page.getByRole('heading', { name: '服务记录 (1)' })).toBeVisible();
  await expect(page.getByText('药具随访')).toBeVisible();

  await page.getByRole('link', { name: '质量看板' }).click();
  await expect(async () => expect(await countsOf(page, 'Q1')).toEqual([met + 1, all + 1])).toPass({ timeout: 10_000 });
});

for (const english of [false, true]) {
  test(`every page is accessible, ${english ? 'in English' : 'in Chinese'}`, async ({ page }) => {
    await page.goto('/sign-in');
    await accessible(page);
    await signIn(page, 'county');
    if (english) await page.getByRole('button', { name: 'English' }).click();
    for (const path of [
      '/board',
      '/board?place=110118101',
      '/indicators/Q10',
      '/indicators/Q4?period=2025',
      '/places/110118101',
      '/people',
      '/people/new',
      '/duplicates',
      '/import',
    ]) {
      await page.goto(path);
      await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
      await page.waitForLoadState('networkidle').catch(() => {});
      await accessible(page);
    }
    await page.goto('/people');
    await page.locator('table a').first().click();
    await expect(page.getByRole('heading', { level: 2 }).first()).toBeVisible();
    await accessible(page);
    await page.goto(`${page.url()}/visit`);
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
    await accessible(page);
  });
}

test('the language is one switch, and stays', async ({ page }) => {
  await signIn(page);
  await page.getByRole('button', { name: 'English' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toContainText('Miyun District · Quality board');
  await page.reload();
  await expect(page.getByRole('heading', { level: 1 })).toContainText('Quality board');
  await expect(page.locator('html')).toHaveAttribute('lang', 'en');
  await expect(page.locator('.synthetic')).toContainText('synthetic');
});

test('a workbook is checked first, then imported; what was refused is named', async ({ page }) => {
  await signIn(page);
  await page.goto('/import');
  const mark = isPhone() ? 'P' : 'D';
  const csv = `档案编号,地点代码,姓名,性别,出生日期,居住类型,建档缘由,首次联系日期,本人同意随访联系,准生证号\nE2E-${mark}1,110118101200,导入甲,女,1990-01-01,流动人口,本人要求,2025-01-02,否,Z1\nE2E-${mark}2,110118101200,导入乙,女,1990-02-30,流动人口,本人要求,2025-01-02,否,\n`;
  await page.locator('input[type=file]').setInputFiles({ name: 'clients.csv', mimeType: 'text/csv', buffer: Buffer.from(csv) });
  await page.getByRole('button', { name: '检查' }).click();
  await expect(page.getByText('已检查，待确认').first()).toBeVisible({ timeout: 20_000 });
  await expect(page.getByText('不是有效日期：1990-02-30')).toBeVisible();
  await expect(page.getByText('“准生证号” 列依法不收集')).toBeVisible();
  await page.getByRole('button', { name: '导入可接受的内容' }).click();
  await expect(page.getByText('已导入').first()).toBeVisible({ timeout: 20_000 });
  await page.goto('/people');
  await page.getByLabel('查找').fill('daorujia');
  await expect(page.getByRole('link', { name: '导入甲' }).first()).toBeVisible();
  // Imported people have identifiers made of their rows: their pages open like any other.
  await page.getByRole('link', { name: '导入甲' }).first().click();
  await expect(page.getByRole('heading', { level: 1 })).toContainText('导入甲');
});

test('duplicates: a person decides, and can undo', async ({ page }) => {
  await signIn(page);
  await page.goto('/duplicates');
  const first = page.locator('article').first();
  await expect(first).toBeVisible();
  const before = await page.locator('article').count();
  await first.getByRole('button', { name: '合并，保留左边' }).click();
  await expect(page.locator('article')).toHaveCount(before - 1);
  await page.getByText('已合并', { exact: true }).click();
  await page.getByRole('button', { name: '撤销合并' }).first().click();
  await page.getByText('待判断', { exact: true }).click();
  await expect(page.locator('article')).toHaveCount(before);
});

test('a village worker sees her village; the administrator no content', async ({ page }) => {
  await page.goto('/sign-in');
  await signIn(page, 'village', '今天');
  await expect(page.getByRole('heading', { level: 1 })).toContainText('北白岩村');
  await expect(page.getByRole('link', { name: '导入' })).toHaveCount(0);
  await page.getByRole('button', { name: '退出' }).click();
  await page.locator('input[name=login]').fill('admin');
  await page.locator('input[name=password]').fill('zhiyuan-demo');
  await page.locator('button[type=submit]').click();
  await expect(page.getByRole('heading', { level: 1 })).toContainText('账号与职责');
  await page.goto('/people');
  await expect(page.getByText('您的职责不包括此操作')).toBeVisible();
});

test('keyboard alone: skip to content, choose a tile, open it', async ({ page }) => {
  await signIn(page);
  await page.keyboard.press('Tab');
  await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
  await page.locator('.tile').first().focus();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 1 })).toContainText('鼓楼街道');
});
