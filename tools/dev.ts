// The server, and the pages rebuilt as one types, at http://127.0.0.1:8201: node bin/run tools/dev.ts
import { join } from 'node:path';
import { createServer } from 'vite';
import { configFrom, root } from '../src/platform/config.ts';
import { startServer } from '../src/server.ts';

const server = await startServer(configFrom(), console.error, true);
const pages = await createServer({ root, configFile: join(root, 'vite.config.ts') });
await pages.listen();
pages.printUrls();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, async () => {
    await pages.close();
    await server.stop();
    process.exit(0);
  });
}
