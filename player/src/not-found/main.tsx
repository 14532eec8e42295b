import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import '../ui/page.ts';
import { buttonClass } from '../ui/button-class.ts';
import { Empty } from '../ui/notice.tsx';
import { Shell } from '../ui/shell.tsx';
import './not-found.css';

function NotFound() {
  return (
    <Shell>
      <div className="not-found">
        <Empty
          title="No seat with this number"
          actions={
            <>
              <a className={buttonClass('primary')} href="/">
                See what is on
              </a>
              <a className={buttonClass()} href="/studio">
                Studio
              </a>
            </>
          }
        >
          There is nothing at this address. A link may be old, or a letter of it is missing.
        </Empty>
      </div>
    </Shell>
  );
}

const root = document.getElementById('root');
if (root !== null) {
  createRoot(root).render(
    <StrictMode>
      <NotFound />
    </StrictMode>,
  );
}
