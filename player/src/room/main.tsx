import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import '../ui/page.ts';
import { meetingIdOf, takeHostToken } from './address.ts';
import { RoomPage } from './room-page.tsx';

const root = document.getElementById('root');
const meetingId = meetingIdOf(location.pathname);
takeHostToken(meetingId);
if (root !== null) {
  createRoot(root).render(
    <StrictMode>
      <RoomPage meetingId={meetingId} />
    </StrictMode>,
  );
}
