import {
  type InfiniteData,
  infiniteQueryOptions,
  QueryCache,
  QueryClient,
  queryOptions,
} from '@tanstack/react-query';
import type { EventView, PublicEvent, ServerInfo, UserView } from '#contracts';
import { call, Problem } from './client.ts';

/** What the pages ask of the API, each with the key under which the answer is kept. */

export interface EventPage {
  items: EventView[];
  cursor?: string;
}

const LIST_REFRESH_MS = 5_000;
const PAGE_SIZE = 20;

/** Who this browser is signed in as: the admin, an account, both or nobody. */
export interface SessionView {
  admin: boolean;
  user?: UserView;
}

export const sessionQuery = queryOptions({
  queryKey: ['session'],
  queryFn: ({ signal }) => call<SessionView>('GET', '/api/sessions/current', { signal }),
  staleTime: Number.POSITIVE_INFINITY,
});

export const infoQuery = queryOptions({
  queryKey: ['info'],
  queryFn: ({ signal }) => call<ServerInfo>('GET', '/api/info', { signal }),
  staleTime: Number.POSITIVE_INFINITY,
});

export const publicQuery = queryOptions({
  queryKey: ['public'],
  queryFn: ({ signal }) => call<{ items: PublicEvent[] }>('GET', '/api/live', { signal }),
  refetchInterval: LIST_REFRESH_MS,
});

export const eventQuery = (eventId: string) =>
  queryOptions({
    queryKey: ['event', eventId],
    queryFn: ({ signal }) => call<EventView>('GET', eventPath(eventId), { signal }),
  });

export const eventsQuery = (search: string) =>
  infiniteQueryOptions({
    queryKey: ['events', search],
    queryFn: ({ pageParam, signal }) => {
      const query = new URLSearchParams({ limit: String(PAGE_SIZE) });
      if (search !== '') query.set('search', search);
      if (pageParam !== '') query.set('cursor', pageParam);
      return call<EventPage>('GET', `/api/events?${query}`, { signal });
    },
    initialPageParam: '',
    getNextPageParam: (page: EventPage) => page.cursor,
    refetchInterval: LIST_REFRESH_MS,
  });

export const eventPath = (eventId: string): string => `/api/events/${encodeURIComponent(eventId)}`;
export const sourcePath = (eventId: string, sourceId: string): string =>
  `${eventPath(eventId)}/sources/${encodeURIComponent(sourceId)}`;

/** All events of all pages that were read, each once: a new event shifts the pages. */
export function eventsOf(data: InfiniteData<EventPage> | undefined): EventView[] {
  const seen = new Map<string, EventView>();
  for (const page of data?.pages ?? []) {
    for (const event of page.items) if (!seen.has(event.eventId)) seen.set(event.eventId, event);
  }
  return [...seen.values()];
}

/** A client that knows it when a session is over: the page then asks to sign in. */
export function createQueryClient(): QueryClient {
  const client: QueryClient = new QueryClient({
    queryCache: new QueryCache({ onError: (error) => noticeSignOut(client, error) }),
    defaultOptions: {
      queries: { retry: shouldRetry, staleTime: 2_000, refetchOnWindowFocus: true },
      mutations: { onError: (error) => noticeSignOut(client, error) },
    },
  });
  return client;
}

function noticeSignOut(client: QueryClient, error: unknown): void {
  if (error instanceof Problem && error.status === 401) {
    client.setQueryData(sessionQuery.queryKey, { admin: false });
  }
}

/** What the server has refused it refuses again; what was not reachable may be back in a moment. */
export const shouldRetry = (failures: number, error: unknown): boolean =>
  failures < 3 && !(error instanceof Problem && error.status >= 400 && error.status < 500);
