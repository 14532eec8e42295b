import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { Phone, PhoneIncoming, PhoneMissed, PhoneOutgoing, Video } from 'lucide-react';
import type { PastCall } from '#contracts';
import { textOf } from '../../api/client.ts';
import { useStore } from '../../room/use-store.ts';
import { Avatar } from '../../room/view/avatar.tsx';
import { Button, IconButton } from '../../ui/button.tsx';
import { ago } from '../../ui/format.ts';
import { Empty, Notice, Skeleton } from '../../ui/notice.tsx';
import type { CallCenter } from '../call-center.ts';
import { contactsQuery, pastCallsQuery } from '../queries.ts';
import { pastCallWords } from './words.ts';
import './recent.css';

/** The calls there were, the missed ones marked until they are seen. */
export function RecentCalls({ center }: { center: CallCenter }) {
  const past = useInfiniteQuery(pastCallsQuery);
  const contacts = useQuery(contactsQuery);
  const state = useStore(center.state);
  const known = new Map(
    (contacts.data?.items ?? [])
      .filter((one) => one.state === 'accepted')
      .map((one) => [one.userId, one]),
  );
  const items = past.data?.pages.flatMap((page) => page.items) ?? [];
  const hasUnseen = state.missed.length > 0 || items.some(({ seen }) => !seen);
  const mayCall = state.call === undefined && state.socket === 'open';
  return (
    <section className="recent" aria-labelledby="recent-title">
      <div className="contacts-head">
        <h2 id="recent-title">Recent calls</h2>
        {hasUnseen && (
          <Button size="small" onPress={() => center.seeMissed()}>
            Mark missed calls as seen
          </Button>
        )}
      </div>
      {past.isPending && <Skeleton height="10rem" />}
      {past.isError && <Notice level="danger">{textOf(past.error)}</Notice>}
      {past.isSuccess && items.length === 0 && (
        <Empty title="No calls yet">Calls that you make, get and miss stand here.</Empty>
      )}
      <ul className="recent-list">
        {items.map((one) => {
          const contact = known.get(one.userId);
          return (
            <PastCallRow
              key={one.callId}
              past={one}
              onCall={
                contact !== undefined && mayCall
                  ? () => center.call(contact, one.media === 'screen' ? 'audio' : one.media)
                  : undefined
              }
            />
          );
        })}
      </ul>
      {past.hasNextPage && (
        <Button isPending={past.isFetchingNextPage} onPress={() => past.fetchNextPage()}>
          Show older calls
        </Button>
      )}
    </section>
  );
}

function PastCallRow({ past, onCall }: { past: PastCall; onCall: (() => void) | undefined }) {
  const { displayName, picture, outcome, direction, media, at, seen } = past;
  const isMissed = outcome === 'missed';
  const Icon = isMissed ? PhoneMissed : direction === 'in' ? PhoneIncoming : PhoneOutgoing;
  return (
    <li className="recent-call" data-missed={isMissed || undefined}>
      <Avatar name={displayName} picture={picture} size="contact" />
      <span className="contact-name">
        <bdi>{displayName}</bdi>
        <span className="recent-detail small">
          <Icon size={14} aria-hidden="true" />
          {pastCallWords(past)}
          {!seen && <span className="recent-new">New</span>}
        </span>
      </span>
      <time className="dim small nowrap" dateTime={new Date(at).toISOString()}>
        {ago(at, Date.now())}
      </time>
      {onCall !== undefined && (
        <IconButton
          label={`Call ${displayName} back`}
          icon={
            media === 'video' ? (
              <Video size={18} aria-hidden="true" />
            ) : (
              <Phone size={18} aria-hidden="true" />
            )
          }
          onPress={onCall}
        />
      )}
    </li>
  );
}
