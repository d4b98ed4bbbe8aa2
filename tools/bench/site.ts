import { chromium } from '@playwright/test';
import { demoPassword } from '../../src/demo/accounts.ts';
import { demoSizes, loadDemo } from '../../src/demo/load.ts';
import { openHouse } from '../../src/house.ts';
import type { Config } from '../../src/platform/config.ts';
import { startServer } from '../../src/server.ts';
import { browserArgs, say } from './say.ts';

/** What a page transfers until it can be used, with everything it needs and the headers of each answer, from an empty cache. */
export async function benchSite(config: Config): Promise<void> {
  const house = await openHouse(config);
  await loadDemo(house, demoSizes.small, 1);
  await house.close();
  const server = await startServer({ ...config, port: 8298 });
  const browser = await chromium.launch({ executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium', args: browserArgs });
  try {
    const baseURL = server.address;
    const context = await browser.newContext({ viewport: { width: 390, height: 844 }, locale: 'zh-CN', baseURL, serviceWorkers: 'block' });
    await context.request.post('/api/session', { data: { login: 'township', password: demoPassword } });
    const { clients } = (await (await context.request.get('/api/clients')).json()) as { clients: { id: string }[] };
    const client = clients[0]?.id;
    const transferred = async (path: string) => {
      const page = await context.newPage();
      const wire = await context.newCDPSession(page);
      await wire.send('Network.enable');
      await wire.send('Network.setCacheDisabled', { cacheDisabled: true });
      let bytes = 0;
      let files = 0;
      wire.on('Network.loadingFinished', ({ encodedDataLength }) => {
        bytes += encodedDataLength;
        files += 1;
      });
      await page.goto(path, { waitUntil: 'networkidle' });
      await page.close();
      return { bytes, files };
    };
    const measured = async (what: string, paths: readonly string[], bar: string) => {
      for (const path of paths) {
        const { bytes, files } = await transferred(path);
        say(`  ${what} ${path.replace(client ?? '', ':client')}, ${files} answers`, `${Math.round(bytes / 1000)} kB`, bar);
      }
    };
    console.log('transferred until a page can be used, compressed, headers and data included:');
    await measured('opening the site', ['/sign-in', '/board'], '≤ 400 kB');
    await measured('a field page', ['/due', '/people', `/people/${client}`, `/people/${client}/visit`, '/people/new', '/sessions', '/phone'], '≤ 300 kB');
  } finally {
    await browser.close();
    await server.stop();
  }
}
