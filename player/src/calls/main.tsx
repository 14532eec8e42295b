import { QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import '../ui/page.ts';
import { createQueryClient } from '../api/queries.ts';
import { CallsPage } from './calls-page.tsx';

const root = document.getElementById('root');
if (root !== null) {
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={createQueryClient()}>
        <CallsPage />
      </QueryClientProvider>
    </StrictMode>,
  );
}
