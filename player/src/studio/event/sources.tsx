import {
  Camera,
  EllipsisVertical,
  KeyRound,
  Pencil,
  Plus,
  Radio,
  Trash2,
  TriangleAlert,
} from 'lucide-react';
import { type FormEvent, useState } from 'react';
import { Menu, MenuItem, MenuTrigger, Popover } from 'react-aria-components';
import type { EventView, SourceView } from '#contracts';
import { textOf } from '../../api/client.ts';
import { announce } from '../../ui/announce.ts';
import { Button, IconButton } from '../../ui/button.tsx';
import { ConfirmDialog, Dialog } from '../../ui/dialog.tsx';
import { TextField } from '../../ui/field.tsx';
import { bitrate, size } from '../../ui/format.ts';
import { Notice } from '../../ui/notice.tsx';
import { shownStatus } from '../../ui/shown-status.ts';
import { encoderName } from '../words.ts';
import {
  useAddSource,
  useRemoveSource,
  useRenameSource,
  useRotateKey,
  useTake,
} from './changes.ts';
import { FreshKey } from './fresh-key.tsx';
import '../../ui/status.css';
import './sources.css';

/** Where pictures come from, and which of them is on air. */
export function Sources({
  event,
  onUseCamera,
}: {
  event: EventView;
  /** Undefined while this device is in use already. */
  onUseCamera: (() => void) | undefined;
}) {
  const [adding, setAdding] = useState(false);
  return (
    <section className="sources panel" aria-labelledby="sources-title">
      <div className="sources-head">
        <h2 id="sources-title">Sources</h2>
        {onUseCamera !== undefined && (
          <Button size="small" icon={<Camera size={16} aria-hidden="true" />} onPress={onUseCamera}>
            Use this camera
          </Button>
        )}
        <Button
          size="small"
          icon={<Plus size={16} aria-hidden="true" />}
          onPress={() => setAdding(true)}
        >
          Add
        </Button>
      </div>
      <ul className="sources-list">
        {event.sources.map((source) => (
          <SourceCard key={source.sourceId} event={event} source={source} />
        ))}
      </ul>
      {event.sources.length === 0 && (
        <p className="sources-none dim">No source: add one to get a stream key.</p>
      )}
      <AddSource event={event} isOpen={adding} onClose={() => setAdding(false)} />
    </section>
  );
}

type Asking = 'rename' | 'rotate' | 'remove' | undefined;

function SourceCard({ event, source }: { event: EventView; source: SourceView }) {
  const { eventId } = event;
  const { sourceId, name, health } = source;
  const take = useTake(eventId);
  const rotate = useRotateKey(eventId);
  const remove = useRemoveSource(eventId);
  const [asking, setAsking] = useState<Asking>();
  const connected = health?.connected === true;
  const onAir = event.onAir === sourceId && event.open;
  const status = shownStatus(event);
  const mayTake = connected && !onAir && (status === 'live' || status === 'interrupted');
  const done = () => setAsking(undefined);

  return (
    <li className="source" data-on-air={onAir ? '' : undefined}>
      <div className="source-head">
        <h3 className="source-name">{name}</h3>
        <span className="state-tag source-state" data-connected={connected ? '' : undefined}>
          {onAir ? 'On air' : connected ? 'Ready' : 'Not connected'}
        </span>
        <MenuTrigger>
          <IconButton
            label={`More for ${name}`}
            size="small"
            icon={<EllipsisVertical size={16} aria-hidden="true" />}
          />
          <Popover className="popover" placement="bottom end">
            <Menu className="menu" onAction={(key) => setAsking(key as Asking)}>
              <MenuItem id="rename" className="menu-item">
                <Pencil size={16} aria-hidden="true" /> Rename
              </MenuItem>
              <MenuItem id="rotate" className="menu-item">
                <KeyRound size={16} aria-hidden="true" /> New stream key
              </MenuItem>
              <MenuItem id="remove" className="menu-item menu-item-danger">
                <Trash2 size={16} aria-hidden="true" /> Remove
              </MenuItem>
            </Menu>
          </Popover>
        </MenuTrigger>
      </div>
      <SourceFacts source={source} />
      <SourceAdvice source={source} />
      {mayTake && (
        <Button
          look="primary"
          icon={<Radio size={16} aria-hidden="true" />}
          isPending={take.isPending}
          aria-label={`Put on air: ${name}`}
          onPress={() =>
            take.mutate(sourceId, { onSuccess: () => announce(`${name} goes on air`) })
          }
        >
          Put on air
        </Button>
      )}
      {take.isError && <Notice level="danger">{textOf(take.error)}</Notice>}
      <FreshKey sourceId={sourceId} />

      <RenameSource event={event} source={source} isOpen={asking === 'rename'} onClose={done} />
      <ConfirmDialog
        title={`A new key for ${name}?`}
        action="Make a new key"
        look="primary"
        isOpen={asking === 'rotate'}
        onClose={done}
        onConfirm={() => rotate.mutateAsync(sourceId)}
      >
        The old key stops working at once
        {connected
          ? ', and the encoder that is connected with it is cut off within two seconds'
          : ''}
        . The new one is shown to you once.
      </ConfirmDialog>
      <ConfirmDialog
        title={`Remove ${name}?`}
        action="Remove source"
        isOpen={asking === 'remove'}
        onClose={done}
        onConfirm={() => remove.mutateAsync(sourceId)}
      >
        Its stream key stops working{connected ? ' and its encoder is disconnected' : ''}. This
        cannot be undone.
      </ConfirmDialog>
    </li>
  );
}

function SourceFacts({ source }: { source: SourceView }) {
  const { health } = source;
  if (health?.connected !== true) return null;
  const { video, audio, encoder } = health;
  const facts = [
    video === undefined
      ? 'no picture'
      : `${size(video.width, video.height)}, ${Math.round(video.fps)} fps, ${bitrate(video.bitsPerSecond)}`,
    audio === undefined
      ? 'no sound'
      : `${audio.codec} ${audio.sampleRate / 1000} kHz, ${bitrate(audio.bitsPerSecond)}`,
  ];
  return (
    <div className="source-facts">
      {facts.map((fact) => (
        <p key={fact}>{fact}</p>
      ))}
      {encoder !== undefined && <p title={encoder}>{encoderName(encoder)}</p>}
    </div>
  );
}

/** The most urgent thing to change on the encoder; the tab with its measurements has the rest. */
function SourceAdvice({ source }: { source: SourceView }) {
  const urgent = source.health?.advice.find(({ level }) => level === 'warn');
  if (urgent === undefined) return null;
  return (
    <p className="source-advice">
      <TriangleAlert size={16} aria-hidden="true" />
      {urgent.text}
    </p>
  );
}

interface SourceDialogProps {
  event: EventView;
  isOpen: boolean;
  onClose: () => void;
}

function AddSource({ event, isOpen, onClose }: SourceDialogProps) {
  const add = useAddSource(event.eventId);
  return (
    <NameDialog
      title="Add a source"
      action="Add source"
      initial={`Camera ${event.sources.length + 1}`}
      isOpen={isOpen}
      onClose={onClose}
      onSave={(name) => add.mutateAsync({ name })}
    />
  );
}

function RenameSource({
  event,
  source,
  isOpen,
  onClose,
}: SourceDialogProps & { source: SourceView }) {
  const rename = useRenameSource(event.eventId);
  return (
    <NameDialog
      title="Rename the source"
      action="Rename"
      initial={source.name}
      isOpen={isOpen}
      onClose={onClose}
      onSave={(name) => rename.mutateAsync({ sourceId: source.sourceId, name })}
    />
  );
}

interface NameDialogProps {
  title: string;
  action: string;
  initial: string;
  isOpen: boolean;
  onClose: () => void;
  onSave: (name: string) => Promise<unknown>;
}

function NameDialog({ title, isOpen, onClose, ...form }: NameDialogProps) {
  return (
    <Dialog title={title} isOpen={isOpen} onClose={onClose}>
      <NameForm {...form} onClose={onClose} />
    </Dialog>
  );
}

function NameForm({ action, initial, onClose, onSave }: Omit<NameDialogProps, 'title' | 'isOpen'>) {
  const [name, setName] = useState(initial);
  const [pending, setPending] = useState(false);
  const [failure, setFailure] = useState<string>();
  const save = async (submit: FormEvent) => {
    submit.preventDefault();
    if (pending) return;
    setPending(true);
    try {
      await onSave(name.trim());
      onClose();
    } catch (error) {
      setFailure(textOf(error));
      setPending(false);
    }
  };
  return (
    <form className="dialog-body" onSubmit={save}>
      <TextField
        label="Name"
        value={name}
        onChange={setName}
        maxLength={80}
        error={failure}
        autoFocus
      />
      <div className="dialog-buttons">
        <Button onPress={onClose}>Cancel</Button>
        <Button type="submit" look="primary" isPending={pending} isDisabled={name.trim() === ''}>
          {action}
        </Button>
      </div>
    </form>
  );
}
