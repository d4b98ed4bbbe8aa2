import { Logger, makeWorkerUtils, run as runJobs } from 'graphile-worker';
import { tasks } from './app.ts';
import type { OpenHouse } from './house.ts';
import { countiesOf } from './keeping.ts';
import { today } from './kit/day.ts';
import { planMessages, sendMessages } from './modules/care/server-send.ts';
import { refresh } from './modules/evaluation/listener.ts';
import { bookOf } from './modules/evaluation/routes.ts';
import { makeAnchor } from './platform/looks.ts';
import { messengersOf } from './platform/messenger.ts';
import { keepRetention } from './retention.ts';

/** The queue says nothing: what fails stands in its table and in the import it belongs to. */
const quiet = new Logger(() => () => {});

/** How often the counter looks whether the journal has moved on. */
const lookEvery = 400;

/** Starts what works behind the pages: the counter of figures and the queue of long jobs. Gives the way to stop it. */
export async function startWork(house: OpenHouse, onError: (error: unknown) => void): Promise<() => Promise<void>> {
  const utils = await makeWorkerUtils({ pgPool: house.database.ownerPool, logger: quiet });
  await utils.migrate();
  // One process works on this queue: whatever a killed one had locked is free again.
  await house.database.ownerPool.query(
    'select graphile_worker.force_unlock_workers(array_agg(distinct locked_by)) from graphile_worker._private_jobs where locked_by is not null having count(*) > 0',
  );
  const jobs = await runJobs({
    pgPool: house.database.ownerPool,
    concurrency: 1,
    noHandleSignals: true,
    pollInterval: 1000,
    taskList: { ...tasks(house), daily: () => daily(house), messages: () => messages(house) },
    // Shortly after midnight; made up for when the house was shut then.
    crontab: '5 0 * * * daily ?fill=1d\n* * * * * messages',
    logger: quiet,
  });
  let stopped = false;
  const counting = (async () => {
    while (!stopped) {
      const began = Date.now();
      await countAll(house).catch((error) => (stopped ? undefined : onError(error)));
      // Under load the counter takes at most a quarter of the time, and the board stands a second behind.
      await new Promise((done) => setTimeout(done, Math.min(1500, Math.max(lookEvery, 3 * (Date.now() - began)))));
    }
  })();
  return async () => {
    stopped = true;
    await jobs.stop();
    await utils.release();
    await counting;
  };
}

/** Once a day: the anchor of both chains, and what may no longer be kept is deleted. */
async function daily(house: OpenHouse): Promise<void> {
  for (const county of await countiesOf(house)) await makeAnchor(house.database, county, today());
  await keepRetention(house);
}

/** Each minute: what is to be said is queued, and what may go now goes. */
async function messages(house: OpenHouse): Promise<void> {
  const ways = messengersOf(house.config.messengers);
  for (const county of await countiesOf(house)) {
    await planMessages(house, county);
    if (ways.size > 0) await sendMessages(house, ways, county);
  }
}

/** Brings every county's figures up to its journal. */
async function countAll(house: OpenHouse): Promise<void> {
  const counties = await house.database.owner.selectFrom('journal.pen').select('county_code').execute();
  for (const { county_code } of counties) await refresh(house.database, county_code, bookOf(house));
}
