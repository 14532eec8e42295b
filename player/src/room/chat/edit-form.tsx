import { useEffect, useRef, useState } from 'react';
import { textOf } from '../../api/client.ts';
import { Button } from '../../ui/button.tsx';

export const MOST_CHARACTERS = 4_000;

/** A message in the hands of its writer: Enter saves, Escape leaves it as it was. */
export function EditForm({
  text: before,
  onSave,
  onCancel,
}: {
  text: string;
  /** Rejects when it was refused. */
  onSave: (text: string) => Promise<void>;
  onCancel: () => void;
}) {
  const [text, setText] = useState(before);
  const [isSaving, setSaving] = useState(false);
  const [failure, setFailure] = useState<string>();
  const field = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    const { current } = field;
    current?.focus();
    current?.setSelectionRange(current.value.length, current.value.length);
  }, []);
  const wanted = text.trim();
  const save = async () => {
    if (wanted === '' || isSaving) return;
    if (wanted === before) {
      onCancel();
      return;
    }
    setSaving(true);
    setFailure(undefined);
    try {
      await onSave(wanted);
    } catch (error) {
      setFailure(textOf(error));
      setSaving(false);
    }
  };
  return (
    <form
      className="edit-form"
      onSubmit={(event) => {
        event.preventDefault();
        save();
      }}
    >
      <textarea
        ref={field}
        aria-label="The message"
        rows={1}
        dir="auto"
        maxLength={MOST_CHARACTERS}
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          if (event.nativeEvent.isComposing) return;
          if (event.key === 'Escape') {
            // The panel would take it for its own.
            event.preventDefault();
            event.stopPropagation();
            onCancel();
          }
          if (event.key === 'Enter' && !event.shiftKey) {
            event.preventDefault();
            save();
          }
        }}
      />
      {failure !== undefined && (
        <p className="file-failure" role="alert">
          {failure}
        </p>
      )}
      <div className="edit-buttons">
        <Button size="small" look="plain" onPress={onCancel}>
          Cancel
        </Button>
        <Button
          size="small"
          look="primary"
          type="submit"
          isPending={isSaving}
          isDisabled={wanted === ''}
        >
          Save
        </Button>
      </div>
    </form>
  );
}
