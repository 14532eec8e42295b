import { FileUp } from 'lucide-react';
import { useCallback, useEffect, useRef } from 'react';
import { useDrop } from './use-drop.ts';
import './files.css';

/** Shows that files which are held over the page can be let go. */
export function DropHere({
  isAllowed,
  onFiles,
}: {
  isAllowed: boolean;
  onFiles: (files: File[]) => void;
}) {
  const latest = useRef(onFiles);
  useEffect(() => {
    latest.current = onFiles;
  });
  const take = useCallback((files: File[]) => latest.current(files), []);
  const isOver = useDrop(isAllowed ? take : undefined);
  if (!isOver) return null;
  return (
    <div className="drop-here" aria-hidden="true">
      <FileUp size={40} />
      Let go to send it in the chat
    </div>
  );
}
