import '@fontsource-variable/inter/wght.css';
import '@mantine/core/styles.css';
import '@mantine/notifications/styles.css';
import '@mantine/spotlight/styles.css';
import './theme.css';
import { MantineProvider } from '@mantine/core';
import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { setNonce } from 'get-nonce';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { queryClient } from './api/query.ts';
import { startLanguage } from './i18n/index.ts';
import { router } from './router.tsx';
import { startFonts } from './fonts.ts';
import { keepFocus } from './ui/focus.ts';
import { nonce } from './nonce.ts';
import { cssVariables, theme } from './theme.ts';
import { Notices } from './ui/notify.tsx';

// Dialogs hold the page's scrolling by a style of their own.
setNonce(nonce);
keepFocus();
await Promise.all([startLanguage(), startFonts()]);
createRoot(document.getElementById('app')!).render(
  <StrictMode>
    <MantineProvider
      theme={theme}
      cssVariablesResolver={cssVariables}
      defaultColorScheme="auto"
      getStyleNonce={() => nonce}
    >
      <QueryClientProvider client={queryClient}>
        <Notices />
        <RouterProvider router={router} />
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
);
