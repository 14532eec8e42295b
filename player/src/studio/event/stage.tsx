import { lazy, Suspense } from 'react';
import type { EventView } from '#contracts';
import { bitrate, count, delay, size } from '../../ui/format.ts';
import { Empty } from '../../ui/notice.tsx';
import { type ShownStatus, shownStatus } from '../../ui/shown-status.ts';
import type { PreviewReport } from '../preview/preview.tsx';
import { LATENCY_WORDS } from '../words.ts';

const Preview = lazy(async () => ({
  default: (await import('../preview/preview.tsx')).Preview,
}));

/** What goes out, and the figures that matter while it does. */
export function Stage({
  event,
  clockAheadMs,
  report,
  onReport,
}: {
  event: EventView;
  clockAheadMs: number;
  report: PreviewReport;
  onReport: (report: PreviewReport) => void;
}) {
  const status = shownStatus(event);
  const onAir = status === 'live' || status === 'interrupted';
  const source = event.sources.find(({ sourceId }) => sourceId === event.onAir);
  const video = source?.health?.video;
  return (
    <section className="stage panel" aria-label="On the stage" data-status={status}>
      {onAir ? (
        <Suspense fallback={<div className="stage-dark" />}>
          <Preview
            eventId={event.eventId}
            clockAheadMs={clockAheadMs}
            hasSlate={status === 'interrupted' || event.onAir === undefined}
            onReport={onReport}
          />
        </Suspense>
      ) : (
        <div className="stage-dark">
          <Dark status={status} />
        </div>
      )}
      {onAir && (
        <dl className="stage-figures">
          <Figure name="Watching" value={count(event.viewers)} />
          <Figure
            name="Behind live"
            value={report.behindMs === undefined ? '–' : delay(Math.max(0, report.behindMs))}
            hint={`${LATENCY_WORDS[event.latency].label} latency`}
          />
          <Figure
            name="On air"
            value={source?.name ?? (onAir ? 'Slate' : '–')}
            hint={video === undefined ? undefined : size(video.width, video.height)}
          />
          <Figure
            name="Coming in"
            value={video === undefined ? '–' : bitrate(video.bitsPerSecond)}
            hint={video === undefined ? undefined : `${Math.round(video.fps)} fps`}
          />
        </dl>
      )}
    </section>
  );
}

function Figure({ name, value, hint }: { name: string; value: string; hint?: string | undefined }) {
  return (
    <div className="figure">
      <dt>{name}</dt>
      <dd>
        <span className="figure-value">{value}</span>
        {hint !== undefined && <span className="figure-hint">{hint}</span>}
      </dd>
    </div>
  );
}

function Dark({ status }: { status: ShownStatus }) {
  if (status === 'ended') {
    return <Empty title="This event has ended">Open it again to let encoders connect.</Empty>;
  }
  return (
    <Empty title="Waiting for an encoder">
      Connect OBS as described below, or use this device’s camera. The picture appears here by
      itself a moment later.
    </Empty>
  );
}
