import { lazy, Suspense, useCallback, useEffect, useRef, useState } from 'react';
import { Tab, TabList, TabPanel, Tabs } from 'react-aria-components';
import type { EventView } from '#contracts';
import { Problem } from '../../api/client.ts';
import type { History } from '../../api/history.ts';
import { announce } from '../../ui/announce.ts';
import { buttonClass } from '../../ui/button-class.ts';
import { Empty, Notice, Skeleton } from '../../ui/notice.tsx';
import { shownStatus } from '../../ui/shown-status.ts';
import { Link } from '../link.tsx';
import type { PreviewReport } from '../preview/preview.tsx';
import { Connect } from './connect.tsx';
import { EventHead } from './head.tsx';
import { Health } from './health.tsx';
import { Renditions } from './renditions.tsx';
import { Settings } from './settings.tsx';
import { Share } from './share.tsx';
import { Sources } from './sources.tsx';
import { Stage } from './stage.tsx';
import { useEvent } from './use-event.ts';
import '../../ui/tabs.css';
import './event-page.css';

const CameraPanel = lazy(async () => ({
  default: (await import('../camera/camera-panel.tsx')).CameraPanel,
}));

/** Everything about one event: what goes out, what comes in, and the levers. */
export default function EventPage({ eventId }: { eventId: string }) {
  const { event, error, history, connected, clockAheadMs } = useEvent(eventId);
  const [report, setReport] = useState<PreviewReport>({ behindMs: undefined, height: undefined });
  const onReport = useCallback((next: PreviewReport) => setReport(next), []);
  useTitle(event?.title);

  if (event === undefined) {
    if (error === null) return <Loading />;
    return <Failed error={error} />;
  }
  return (
    <div className="main event">
      <EventHead event={event} clockAheadMs={clockAheadMs} />
      {error instanceof Problem && error.code === 'event_not_found' && (
        <Notice level="danger">This event has been deleted.</Notice>
      )}
      {connected === false && (
        <Notice level="warn" title="The connection to the server is lost">
          What you see may be old. The page tries again by itself.
        </Notice>
      )}
      {shownStatus(event) === 'interrupted' && (
        <Notice level="warn" title="No picture comes in">
          Viewers see the last picture, then a slate with the title. Start the encoder again and the
          event goes on by itself.
        </Notice>
      )}
      <Warnings warnings={event.warnings} />
      <div className="event-desk">
        <Stage event={event} clockAheadMs={clockAheadMs} report={report} onReport={onReport} />
        <Side event={event} />
      </div>
      <Details event={event} history={history} clockAheadMs={clockAheadMs} />
    </div>
  );
}

/** The sources, and above them this device while it is used as one. */
function Side({ event }: { event: EventView }) {
  const [camera, setCamera] = useState(false);
  return (
    <div className="event-side">
      {camera && (
        <Suspense fallback={<Skeleton height="20rem" />}>
          <CameraPanel event={event} onClose={() => setCamera(false)} />
        </Suspense>
      )}
      <Sources event={event} onUseCamera={camera ? undefined : () => setCamera(true)} />
    </div>
  );
}

function Warnings({ warnings }: { warnings: EventView['warnings'] }) {
  // Their texts move with the figures in them; each is said once, when it comes.
  const said = useRef(new Set<string>());
  useEffect(() => {
    for (const { code, text } of warnings) if (!said.current.has(code)) announce(text);
    said.current = new Set(warnings.map(({ code }) => code));
  }, [warnings]);
  return warnings.map(({ code, level, text }) => (
    <Notice key={code} level={level}>
      {text}
    </Notice>
  ));
}

function Details({
  event,
  history,
  clockAheadMs,
}: {
  event: EventView;
  history: History;
  clockAheadMs: number;
}) {
  const status = shownStatus(event);
  const onAir = status === 'live' || status === 'interrupted';
  // What is needed next; a choice of one's own stays.
  const [chosen, setChosen] = useState<string>();
  return (
    <Tabs
      className="tabs"
      selectedKey={chosen ?? (onAir ? 'health' : 'connect')}
      onSelectionChange={(key) => setChosen(String(key))}
    >
      <TabList className="tab-list" aria-label="About this event">
        {TABS.map(({ id, label }) => (
          <Tab key={id} id={id} className="tab">
            {label}
          </Tab>
        ))}
      </TabList>
      <TabPanel id="connect" className="tab-panel">
        <Connect event={event} />
      </TabPanel>
      <TabPanel id="health" className="tab-panel">
        <Health event={event} history={history} clockAheadMs={clockAheadMs} />
      </TabPanel>
      <TabPanel id="renditions" className="tab-panel">
        <Renditions event={event} />
      </TabPanel>
      <TabPanel id="share" className="tab-panel">
        <Share event={event} />
      </TabPanel>
      <TabPanel id="settings" className="tab-panel">
        <Settings event={event} />
      </TabPanel>
    </Tabs>
  );
}

const TABS = [
  { id: 'connect', label: 'Connect' },
  { id: 'health', label: 'Health' },
  { id: 'renditions', label: 'Renditions' },
  { id: 'share', label: 'Share' },
  { id: 'settings', label: 'Settings' },
];

function useTitle(title: string | undefined): void {
  useEffect(() => {
    document.title = title === undefined ? 'Studio – Amphi' : `${title} – Amphi studio`;
  }, [title]);
}

function Loading() {
  return (
    <div className="main event" aria-busy="true">
      <p className="visually-hidden" role="status">
        Loading the event
      </p>
      <Skeleton height="2.5rem" width="18rem" />
      <div className="event-desk">
        <Skeleton height="min(56vw, 30rem)" />
        <Skeleton height="16rem" />
      </div>
    </div>
  );
}

function Failed({ error }: { error: Error }) {
  const missing = error instanceof Problem && error.status === 404;
  const actions = (
    <Link to={{ page: 'list' }} className={buttonClass('primary')}>
      All events
    </Link>
  );
  if (missing) {
    return (
      <div className="main">
        <Empty title="No such event" actions={actions}>
          It may have been deleted, or the address is mistyped.
        </Empty>
      </div>
    );
  }
  return (
    <div className="main">
      <Notice level="danger" title="The event cannot be shown">
        {error.message}
      </Notice>
    </div>
  );
}
