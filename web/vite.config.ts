import { defineConfig } from 'vite';

/** Where `npm start` serves, while the app is worked on by `npx vite web`. */
const SERVER = process.env['CADENZA_PUBLIC_URL'] ?? 'http://127.0.0.1:8080';

export default defineConfig({
  root: import.meta.dirname,
  // The server writes a new one into each page that it serves.
  html: { cspNonce: '{{nonce}}' },
  build: {
    target: 'es2023',
    outDir: 'dist',
    emptyOutDir: true,
    chunkSizeWarningLimit: 1200,
    rolldownOptions: {
      // Libraries say "use client" for frameworks that render on a server.
      onLog: (level, log, handle) => {
        if (log.code !== 'MODULE_LEVEL_DIRECTIVE') handle(level, log);
      },
    },
  },
  server: { proxy: { '/v1': SERVER } },
});
