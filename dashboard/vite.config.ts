// How the dashboard is bundled, and the development server that passes the API on to a running gateway.
import { defineConfig } from 'vite';

const gateway = 'http://127.0.0.1:8080';

export default defineConfig({
  root: import.meta.dirname,
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    sourcemap: false,
    target: 'es2023',
    // The page's policy allows no `data:` addresses, so nothing is put inline, however small.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  server: {
    proxy: {
      '/api': { target: gateway, ws: true },
      '/mqtt': { target: gateway, ws: true },
    },
  },
});
