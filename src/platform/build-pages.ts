import { createHash } from 'node:crypto';
import { existsSync, globSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { root } from './config.ts';

/** Builds the pages into dist/ when their sources have changed since; gives whether it did. Each file is kept compressed beside itself. */
export async function buildPages(say: (line: string) => void = () => {}): Promise<boolean> {
  const stamp = join(root, 'dist', '.built');
  const wanted = sourcesDigest();
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return false;
  say('正在构建网页（首次约十秒） / building the pages (about ten seconds, once)');
  const { build } = await import('vite');
  // Whoever asks (a test runs as "test"), what is built is what people get.
  const before = process.env['NODE_ENV'];
  process.env['NODE_ENV'] = 'production';
  try {
    await build({ root, configFile: join(root, 'vite.config.ts'), mode: 'production', logLevel: 'error' });
  } finally {
    if (before === undefined) delete process.env['NODE_ENV'];
    else process.env['NODE_ENV'] = before;
  }
  writeWorker(join(root, 'dist'));
  compressAll(join(root, 'dist'));
  writeFileSync(stamp, wanted);
  return true;
}

function sourcesDigest(): string {
  const hash = createHash('sha256');
  const files = [
    'src/kit/*',
    'src/web/**/*',
    'src/web.tsx',
    'src/pages.ts',
    'src/modules/**/*.{ts,tsx,json,css}',
    'index.html',
    'vite.config.ts',
    'package-lock.json',
    'public/*',
  ];
  for (const file of files.flatMap((pattern) => globSync(pattern, { cwd: root })).sort()) {
    if (statSync(join(root, file)).isFile()) hash.update(file).update(readFileSync(join(root, file)));
  }
  return hash.digest('hex');
}

/**
 * The worker that opens the site without a network: it keeps every file of this build but the charts, under the build's own name, and
 * answers from them; what it asks the server for (`/api`) it never touches.
 */
function writeWorker(folder: string): void {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
    (name) => /\.(js|css|html|svg|webmanifest)$/.test(name) && !/chart-|IndicatorPage/.test(name),
  );
  const hash = createHash('sha256');
  for (const name of files.sort()) hash.update(name).update(readFileSync(join(folder, name)));
  const paths = files.map((name) => `/${name.replaceAll('\\', '/')}`);
  const text = `const name = 'zhiyuan-${hash.digest('hex').slice(0, 16)}';
const files = ${JSON.stringify(paths)};
addEventListener('install', (event) => event.waitUntil(caches.open(name).then((cache) => cache.addAll(files)).then(() => skipWaiting())));
addEventListener('activate', (event) => event.waitUntil(caches.keys().then((names) => Promise.all(names.filter((one) => one !== name).map((one) => caches.delete(one)))).then(() => clients.claim())));
addEventListener('fetch', (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== 'GET' || url.origin !== location.origin || url.pathname.startsWith('/api/')) return;
  const wanted = event.request.mode === 'navigate' ? '/index.html' : event.request;
  event.respondWith(caches.match(wanted).then((found) => found ?? fetch(event.request)));
});
`;
  writeFileSync(join(folder, 'sw.js'), text);
}

function compressAll(folder: string): void {
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!/\.(js|css|html|svg|json|webmanifest)$/.test(name)) continue;
    const bytes = readFileSync(join(folder, name));
    writeFileSync(join(folder, `${name}.br`), brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }));
    writeFileSync(join(folder, `${name}.gz`), gzipSync(bytes));
  }
}
