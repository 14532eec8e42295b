import { useMutation, useQueryClient } from '@tanstack/react-query';
import type {
  CreateSource,
  EventView,
  NewSource,
  PatchEvent,
  PlayToken,
  SourceView,
} from '#contracts';
import { call } from '../../api/client.ts';
import { eventPath, eventQuery, sourcePath } from '../../api/queries.ts';
import { keepKey } from '../fresh-keys.ts';

/** What can be done to an event. Each puts what it has learnt where the pages read it. */

export function useChangeEvent(eventId: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (change: PatchEvent) =>
      call<EventView>('PATCH', eventPath(eventId), { body: change }),
    onSuccess: (event) => client.setQueryData(eventQuery(eventId).queryKey, event),
  });
}

export function useCreatePlayToken(eventId: string) {
  return useMutation({
    mutationFn: (expiresInSeconds: number) =>
      call<PlayToken>('POST', `${eventPath(eventId)}/play-tokens`, { body: { expiresInSeconds } }),
  });
}

export function useDeleteEvent(eventId: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => call('DELETE', eventPath(eventId)),
    onSuccess: () => {
      client.removeQueries({ queryKey: eventQuery(eventId).queryKey });
      return client.invalidateQueries({ queryKey: ['events'] });
    },
  });
}

export function useAddSource(eventId: string) {
  const refresh = useRefresh(eventId);
  return useMutation({
    mutationFn: (source: CreateSource) =>
      call<NewSource>('POST', `${eventPath(eventId)}/sources`, { body: source }),
    onSuccess: (source) => {
      keepKey(source);
      return refresh();
    },
  });
}

export function useRotateKey(eventId: string) {
  return useMutation({
    mutationFn: (sourceId: string) =>
      call<NewSource>('POST', `${sourcePath(eventId, sourceId)}/rotate-key`),
    onSuccess: keepKey,
  });
}

export function useRenameSource(eventId: string) {
  const refresh = useRefresh(eventId);
  return useMutation({
    mutationFn: ({ sourceId, name }: { sourceId: string; name: string }) =>
      call<SourceView>('PATCH', sourcePath(eventId, sourceId), { body: { name } }),
    onSuccess: refresh,
  });
}

export function useRemoveSource(eventId: string) {
  const refresh = useRefresh(eventId);
  return useMutation({
    mutationFn: (sourceId: string) => call('DELETE', sourcePath(eventId, sourceId)),
    onSuccess: refresh,
  });
}

export function useTake(eventId: string) {
  return useMutation({
    mutationFn: (sourceId: string) =>
      call('PUT', `${eventPath(eventId)}/program`, { body: { take: sourceId } }),
  });
}

function useRefresh(eventId: string): () => Promise<void> {
  const client = useQueryClient();
  return () => client.invalidateQueries({ queryKey: eventQuery(eventId).queryKey });
}
