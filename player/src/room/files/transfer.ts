import type { ChatFile, FileLimits, ServerInfo } from '#contracts';
import { call, Problem, problemOf } from '../../api/client.ts';

/** The way of files to the server and back. Their token goes in a header, never in an address. */
export interface FilePlace {
  meetingId: string;
  /** The newest one: they run out. */
  token: () => string;
}

const pathOf = ({ meetingId }: FilePlace): string =>
  `/api/meetings/${encodeURIComponent(meetingId)}/files`;

/** What may be sent. Asked once. */
export const fileLimits = (): Promise<FileLimits> => {
  limits ??= call<ServerInfo>('GET', '/api/info').then(
    ({ files }) => files,
    (error: unknown) => {
      limits = undefined;
      throw error;
    },
  );
  return limits;
};
let limits: Promise<FileLimits> | undefined;

/** Uploads a file; `onProgress` hears what part of it has gone, from 0 to 1. Rejects with `Problem`. */
export function upload(
  place: FilePlace,
  file: File,
  { onProgress, signal }: { onProgress: (part: number) => void; signal: AbortSignal },
): Promise<ChatFile> {
  return new Promise((resolve, reject) => {
    // `fetch` does not tell how far an upload is.
    const request = new XMLHttpRequest();
    request.open('POST', `${pathOf(place)}?name=${encodeURIComponent(file.name.slice(-255))}`);
    request.setRequestHeader('authorization', `Bearer ${place.token()}`);
    request.setRequestHeader('content-type', 'application/octet-stream');
    request.upload.onprogress = ({ loaded, total }) => onProgress(total > 0 ? loaded / total : 0);
    request.onload = () => {
      const { status, responseText } = request;
      if (status === 201) resolve(JSON.parse(responseText) as ChatFile);
      else reject(problemOf(status, responseText));
    };
    request.onerror = () => reject(new Problem('offline', 0, 'The connection broke.'));
    request.onabort = () => reject(new Problem('aborted', 0, 'Given up.'));
    signal.addEventListener('abort', () => request.abort(), { once: true });
    request.send(file);
  });
}

/** The bytes of a file. Rejects with `Problem`. */
export async function download(
  place: FilePlace,
  file: ChatFile,
  signal?: AbortSignal,
): Promise<Blob> {
  let response: Response;
  try {
    response = await fetch(`${pathOf(place)}/${file.fileId}`, {
      headers: { authorization: `Bearer ${place.token()}` },
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Problem('offline', 0, 'The server cannot be reached.');
  }
  if (!response.ok) throw problemOf(response.status, await response.text());
  // Of the types of pictures that the server has found; of nothing that a page would run.
  const type = file.picture?.type ?? 'application/octet-stream';
  return new Blob([await response.arrayBuffer()], { type });
}

/** Has the browser save it. */
export function save(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The browser has to come to it first.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
