// A server on an empty data folder, for the browser tests: node bin/run tools/fresh-server.ts PORT
import { rmSync } from 'node:fs';
import { startServer } from '../src/server.ts';
import { scratchConfig } from '../src/testing/scratch.ts';

const config = { ...scratchConfig('browser'), port: Number(process.argv[2] ?? 8297) };
rmSync(config.dataFolder, { recursive: true, force: true }); // as on a new machine: not even the folder is there
const server = await startServer(config, (line) => console.error(line));
let isStopping = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, async () => {
    if (isStopping) return;
    isStopping = true;
    await server.stop();
    rmSync(config.dataFolder, { recursive: true, force: true });
    process.exit(0);
  });
}
