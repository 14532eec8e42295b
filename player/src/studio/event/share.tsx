import type { EventView, PlayToken } from '#contracts';
import { Button } from '../../ui/button.tsx';
import { CopyField } from '../../ui/copy.tsx';
import { Notice } from '../../ui/notice.tsx';
import { embedCode, embedUrl, hlsUrl } from './addresses.ts';
import { useCreatePlayToken } from './changes.ts';

/** Where viewers find the event. */
export function Share({ event }: { event: EventView }) {
  const { watchUrl, title, visibility } = event;
  if (visibility === 'private') return <PrivateShare event={event} />;
  return (
    <Addresses
      title={title}
      watchUrl={watchUrl}
      hlsUrl={hlsUrl(watchUrl)}
      embedUrl={embedUrl(watchUrl)}
    />
  );
}

const DAY_SECONDS = 86_400;
const LIFETIMES = [
  { label: 'New link for a day', seconds: DAY_SECONDS },
  { label: 'New link for 30 days', seconds: 30 * DAY_SECONDS },
] as const;

function PrivateShare({ event: { eventId, title } }: { event: EventView }) {
  const { mutate, data, error, isPending } = useCreatePlayToken(eventId);
  return (
    <div className="stack">
      <Notice level="info">
        This event is private: it opens only with a link that is made here. Whoever has the link can
        watch until it expires.
      </Notice>
      <div className="row-actions">
        {LIFETIMES.map(({ label, seconds }) => (
          <Button key={seconds} isPending={isPending} onPress={() => mutate(seconds)}>
            {label}
          </Button>
        ))}
      </div>
      {error !== null && <Notice level="danger">{error.message}</Notice>}
      {data !== undefined && <Link title={title} made={data} />}
    </div>
  );
}

function Link({ title, made }: { title: string; made: PlayToken }) {
  const until = new Date(made.expiresAt).toLocaleString([], {
    dateStyle: 'medium',
    timeStyle: 'short',
  });
  return (
    <>
      <p className="dim small" role="status">
        Good until {until}. It is not shown again.
      </p>
      <Addresses title={title} {...made} />
    </>
  );
}

function Addresses(urls: { title: string; watchUrl: string; hlsUrl: string; embedUrl: string }) {
  return (
    <div className="columns">
      <div className="stack">
        <CopyField label="Watch page" value={urls.watchUrl} />
        <CopyField label="HLS playlist, for other players" value={urls.hlsUrl} />
      </div>
      <div className="stack">
        <CopyField label="Embed code" value={embedCode(urls.embedUrl, urls.title)} wrap />
        <p className="dim small">
          The player fills the width it is given and keeps 16:9. It loads nothing from anywhere but
          this server.
        </p>
      </div>
    </div>
  );
}
