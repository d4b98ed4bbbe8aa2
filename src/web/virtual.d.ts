/** Made when the pages are built (vite.config.ts): all words of a language, by key. */
declare module 'virtual:words.*' {
  export const words: Record<string, string>;
}
