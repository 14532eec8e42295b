import { useEffect, useState } from 'react';

/** The files of a drop or a paste; text, links and folders are none. */
export const filesIn = (data: DataTransfer | null): File[] => [...(data?.files ?? [])];

const hasFiles = ({ dataTransfer }: DragEvent): boolean =>
  dataTransfer?.types.includes('Files') === true;

/**
 * Files that are dropped anywhere on the page go to `onFiles`: a browser would
 * open them in the place of the page, and the call would be over. Tells whether
 * some are being held over it.
 */
export function useDrop(onFiles: ((files: File[]) => void) | undefined): boolean {
  const [isOver, setOver] = useState(false);
  useEffect(() => {
    // Each element within sends its own enter and leave.
    let depth = 0;
    const onEnter = (event: DragEvent) => {
      if (!hasFiles(event)) return;
      depth++;
      setOver(onFiles !== undefined);
    };
    const onLeave = (event: DragEvent) => {
      if (!hasFiles(event)) return;
      depth = Math.max(0, depth - 1);
      if (depth === 0) setOver(false);
    };
    const onOver = (event: DragEvent) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      if (event.dataTransfer !== null) {
        event.dataTransfer.dropEffect = onFiles === undefined ? 'none' : 'copy';
      }
    };
    const onDrop = (event: DragEvent) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      depth = 0;
      setOver(false);
      onFiles?.(filesIn(event.dataTransfer));
    };
    addEventListener('dragenter', onEnter);
    addEventListener('dragleave', onLeave);
    addEventListener('dragover', onOver);
    addEventListener('drop', onDrop);
    return () => {
      removeEventListener('dragenter', onEnter);
      removeEventListener('dragleave', onLeave);
      removeEventListener('dragover', onOver);
      removeEventListener('drop', onDrop);
    };
  }, [onFiles]);
  return isOver;
}
