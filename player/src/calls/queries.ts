import { infiniteQueryOptions, type QueryClient, queryOptions } from '@tanstack/react-query';
import type { Contact, PastCall, Presence } from '#contracts';
import { call } from '../api/client.ts';

interface PastCallPage {
  items: PastCall[];
  cursor?: string;
}
interface ContactList {
  items: Contact[];
}

const PAGE_SIZE = 30;

export const contactsQuery = queryOptions({
  queryKey: ['contacts'],
  queryFn: ({ signal }) => call<ContactList>('GET', '/api/contacts', { signal }),
});

export const pastCallsQuery = infiniteQueryOptions({
  queryKey: ['past-calls'],
  queryFn: ({ pageParam, signal }) => {
    const query = new URLSearchParams({ limit: String(PAGE_SIZE) });
    if (pageParam !== '') query.set('cursor', pageParam);
    return call<PastCallPage>('GET', `/api/calls?${query}`, { signal });
  },
  initialPageParam: '',
  getNextPageParam: (page: PastCallPage) => page.cursor,
});

/** What the socket says of somebody, in the list that was read. */
export function notePresence(client: QueryClient, userId: string, presence: Presence): void {
  client.setQueryData(contactsQuery.queryKey, (list: ContactList | undefined) =>
    list === undefined
      ? undefined
      : {
          items: list.items.map((one) =>
            one.userId === userId && one.state === 'accepted' ? { ...one, presence } : one,
          ),
        },
  );
}
