import { CopyField } from '../../ui/copy.tsx';
import { useFreshKey } from '../fresh-keys.ts';
import { serverOf } from './addresses.ts';

/** A key that was just made. It is shown as long as the page stays open, and never again. */
export function FreshKey({ sourceId }: { sourceId: string }) {
  const source = useFreshKey(sourceId);
  if (source === undefined) return null;
  const { rtmpUrl, whipUrl } = source;
  return (
    // Keyed, so that a new key is covered though the one before was shown.
    <div className="fresh-key" key={source.streamKey}>
      <CopyField label="Stream key" value={source.streamKey} secret />
      {rtmpUrl !== undefined && (
        <>
          <CopyField label="Server" value={serverOf(rtmpUrl)} />
          <CopyField label="Both in one address" value={rtmpUrl} secret />
        </>
      )}
      {rtmpUrl === undefined && whipUrl !== undefined && (
        <CopyField label="WHIP address" value={whipUrl} />
      )}
      <p className="dim small">Copy the key now: it is not shown again once you leave this page.</p>
    </div>
  );
}
