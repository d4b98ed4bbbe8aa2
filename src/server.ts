import { corridors, isOpened, roles, routes } from './app.ts';
import { demoAccounts, demoPassword } from './demo/accounts.ts';
import { demoSizes, loadDemo } from './demo/load.ts';
import { type OpenHouse, openHouse, takeFolder } from './house.ts';
import { buildPages } from './platform/build-pages.ts';
import type { Config } from './platform/config.ts';
import { serve } from './platform/http.ts';
import { firstRunCode } from './platform/own-doors.ts';
import { startWork } from './worker.ts';

export interface Server {
  house: OpenHouse;
  address: string;
  stop: () => Promise<void>;
}

/** Opens the house and all its doors: database, pages, demonstration county if nothing is there, site, counter and queue. */
export async function startServer(config: Config, say: (line: string) => void = () => {}, log = false): Promise<Server> {
  const letGo = takeFolder(config.dataFolder, `http://${config.host}:${config.port}`);
  try {
    await buildPages(say);
    const house = await openHouse(config);
    const hasDemo = await loadIfEmpty(house, say);
    const isLocal = ['127.0.0.1', 'localhost', '::1'].includes(config.host);
    const { publicUrl, oidc } = config;
    const mustChange = isLocal ? undefined : (password: string) => password === demoPassword;
    const app = await serve({ house, roles, routes, corridors, isOpened, log, publicUrl, oidc, ...(mustChange ? { mustChange } : {}) });
    const address = await app.listen({ port: config.port, host: config.host });
    const stopWork = await startWork(house, (error) => app.log.error({ err: error }, 'the counter failed'));
    let isStopping = false;
    void house.postgres?.ended.then(() => {
      if (isStopping) return;
      say('数据库进程意外结束；请重新启动，数据会自行恢复 / the database ended unexpectedly: start again, it recovers by itself');
      process.exit(1);
    });
    const { port } = new URL(address);
    const shown = `http://${config.host}:${port}`;
    say(`知愿 Zhiyuan  ${shown}`);
    const firstRun = await firstRunCode(house);
    if (firstRun) say(`首次使用：开设管理员 / first run, open the administrator: ${shown}/first-run?code=${firstRun}`);
    if (hasDemo) for (const { login, display_name } of demoAccounts) say(`  ${login.padEnd(11)} ${demoPassword}  ${display_name}`);
    return {
      house,
      address: shown,
      async stop() {
        isStopping = true;
        await app.close();
        await stopWork();
        await house.close();
        letGo();
      },
    };
  } catch (error) {
    letGo();
    throw error;
  }
}

/** Loads the small demonstration county where the packs name one and the county has no place yet. Gives whether the county is the demonstration. */
async function loadIfEmpty(house: OpenHouse, say: (line: string) => void): Promise<boolean> {
  const county = house.packs.countyCode;
  if (!county || !house.packs.synthetic) return false;
  const place = await house.database.owner.selectFrom('registry.place').select('place_code').where('county_code', '=', county).executeTakeFirst();
  if (place) return true;
  say('正在载入演示县（合成数据） / loading the demonstration county (synthetic)');
  await loadDemo(house, demoSizes.small, 1);
  return true;
}
