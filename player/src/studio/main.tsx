import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import '../ui/page.ts';
import { takeToken } from './address-token.ts';
import { Studio } from './studio.tsx';

const token = takeToken();
const root = document.getElementById('root');
if (root !== null) {
  createRoot(root).render(
    <StrictMode>
      <Studio token={token} />
    </StrictMode>,
  );
}
