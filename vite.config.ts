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

export default defineConfig({
  plugins: [react(), themeStyles()],
  build: { target: 'chrome100', outDir: 'dist', emptyOutDir: true, chunkSizeWarningLimit: 900 },
  server: { port: 8201, host: '127.0.0.1', proxy: { '/api': 'http://127.0.0.1:8200' } },
});
