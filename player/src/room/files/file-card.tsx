import { Download, FileText } from 'lucide-react';
import { useEffect, useState } from 'react';
import type { ChatFile } from '#contracts';
import { textOf } from '../../api/client.ts';
import { sizeOf } from './file-words.ts';
import { download, type FilePlace, save } from './transfer.ts';
import './files.css';

/** Larger ones are shown when somebody asks for them. */
const SHOWN_AT_ONCE_BYTES = 4 * 1024 * 1024;
/** CSS pixels. */
const MOST_WIDTH = 280;
const MOST_HEIGHT = 220;

/** A file that came with a message: a picture is seen, everything can be saved. */
export function FileCard({ file, place }: { file: ChatFile; place: FilePlace }) {
  const { name, size, picture } = file;
  const [isWanted, setWanted] = useState(size <= SHOWN_AT_ONCE_BYTES);
  const [isSaving, setSaving] = useState(false);
  const [failure, setFailure] = useState<string>();
  const onSave = async () => {
    setSaving(true);
    setFailure(undefined);
    try {
      save(await download(place, file), name);
    } catch (error) {
      setFailure(textOf(error));
    } finally {
      setSaving(false);
    }
  };
  return (
    <div className="file-card">
      {picture !== undefined &&
        (isWanted ? (
          <Preview file={file} picture={picture} place={place} />
        ) : (
          <button type="button" className="file-show" onClick={() => setWanted(true)}>
            Show the picture
          </button>
        ))}
      <button type="button" className="file-save" disabled={isSaving} onClick={onSave}>
        {isSaving ? (
          <span className="btn-busy-dot" aria-hidden="true" />
        ) : picture === undefined ? (
          <FileText size={18} aria-hidden="true" />
        ) : (
          <Download size={18} aria-hidden="true" />
        )}
        <span className="file-text">
          <span className="visually-hidden">Save </span>
          <bdi className="file-name">{name}</bdi>
          <span className="dim small">{sizeOf(size)}</span>
        </span>
      </button>
      {failure !== undefined && (
        <p className="file-failure" role="alert">
          {failure}
        </p>
      )}
    </div>
  );
}

function Preview({
  file,
  picture: { width, height },
  place,
}: {
  file: ChatFile;
  picture: NonNullable<ChatFile['picture']>;
  place: FilePlace;
}) {
  const { url, failure } = usePicture(file, place);
  const scale = Math.min(1, MOST_WIDTH / width, MOST_HEIGHT / height);
  const size = { width: Math.max(1, width * scale), aspectRatio: `${width} / ${height}` };
  if (failure !== undefined) {
    return (
      <p className="file-failure" role="alert">
        {failure}
      </p>
    );
  }
  return url === undefined ? (
    <div className="file-picture skeleton" style={size} role="img" aria-label="Loading a picture" />
  ) : (
    <img className="file-picture" style={size} src={url} alt={file.name} draggable={false} />
  );
}

/** The picture under an address of this page's own, for as long as it is shown. */
function usePicture(file: ChatFile, place: FilePlace): { url?: string; failure?: string } {
  const [shown, setShown] = useState<{ url?: string; failure?: string }>({});
  // The file of an id never changes; the message around it does, at each reaction.
  // biome-ignore lint/correctness/useExhaustiveDependencies: it is loaded once.
  useEffect(() => {
    const life = new AbortController();
    let url: string | undefined;
    download(place, file, life.signal).then(
      (blob) => {
        if (life.signal.aborted) return;
        url = URL.createObjectURL(blob);
        setShown({ url });
      },
      (error: unknown) => {
        if (!life.signal.aborted) setShown({ failure: textOf(error) });
      },
    );
    return () => {
      life.abort();
      if (url !== undefined) URL.revokeObjectURL(url);
    };
  }, [file.fileId, place]);
  return shown;
}
