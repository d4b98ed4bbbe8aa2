import { globSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { convertCssVariables, DEFAULT_THEME, defaultCssVariablesResolver, type MantineTheme, mergeMantineTheme } from '@mantine/core';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';
import { theme } from './src/web/theme.ts';

/**
 * `virtual:theme.css`: the variables in which our theme differs from the library's own. Written when the pages are built, so that no style stands
 * in a page and the content policy can refuse those that do.
 */
function themeStyles(): Plugin {
  const variablesOf = (of: MantineTheme) => defaultCssVariablesResolver(of);
  const ours = (mine: Record<string, string>, theirs: Record<string, string>) =>
    Object.fromEntries(Object.entries(mine).filter(([name, value]) => theirs[name] !== value));
  return {
    name: 'theme-styles',
    resolveId: (id) => (id === 'virtual:theme.css' ? '\0virtual:theme.css' : undefined),
    load(id) {
      if (id !== '\0virtual:theme.css') return undefined;
      const [mine, theirs] = [variablesOf(mergeMantineTheme(DEFAULT_THEME, theme)), variablesOf(DEFAULT_THEME)];
      return convertCssVariables({ variables: ours(mine.variables, theirs.variables), light: ours(mine.light, theirs.light), dark: {} });
    },
  };
}

/** `virtual:words.zh`, `virtual:words.en`: the words of all chapters in one file each, so that a page asks for one and not for seven. */
function wordFiles(): Plugin {
  return {
    name: 'word-files',
    resolveId: (id) => (/^virtual:words\.(zh|en)$/.test(id) ? `\0${id}` : undefined),
    load(id) {
      const [, language] = /^\0virtual:words\.(zh|en)$/.exec(id) ?? [];
      if (!language) return undefined;
      const files = globSync(`src/**/words.${language}.json`).sort();
      for (const file of files) this.addWatchFile(resolve(file));
      return `export const words = ${JSON.stringify(Object.assign({}, ...files.map((file) => JSON.parse(readFileSync(file, 'utf8')))))}`;
    },
  };
}

/** Few files: each costs a cheap phone a question, and its own headers. */
const groups = [
  { name: 'base', test: /node_modules\/(react|react-dom|scheduler|@tanstack|i18next|react-i18next|use-sync-external-store)\// },
  { name: 'parts', test: /node_modules\/(@mantine|@floating-ui|clsx|react-remove-scroll|react-textarea)/ },
  { name: 'carried', test: /node_modules\/dexie\// },
  { name: 'forms', test: /node_modules\/zod\/|src\/kit\/|src\/modules\/[a-z]+\/[a-z-]+\.ts$|src\/modules\/care\/lines/ },
];

export default defineConfig({
  plugins: [react(), themeStyles(), wordFiles()],
  build: {
    target: 'chrome100',
    outDir: 'dist',
    emptyOutDir: true,
    chunkSizeWarningLimit: 900,
    rolldownOptions: { output: { codeSplitting: { groups } } },
  },
  server: { port: 8201, host: '127.0.0.1', proxy: { '/api': 'http://127.0.0.1:8200' } },
});
