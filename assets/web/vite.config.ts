import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

const backend = process.env.LUMILIO_BACKEND ?? 'http://127.0.0.1:6657';

export default defineConfig({
  plugins: [svelte()],
  build: {
    outDir: '../../lumilio/_web',
    emptyOutDir: true,
    target: 'es2022',
    // The server's policy forbids data: fonts and scripts; separate files also cache better.
    assetsInlineLimit: 0,
  },
  server: { proxy: { '/api': backend } },
  test: { include: ['src/**/*.test.ts'], environment: 'node' },
});
