import { useState } from 'react';
import type { MeetingSettings } from '#contracts';
import { call, textOf } from '../../api/client.ts';
import { announce } from '../../ui/announce.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { Choices, Select, TextField } from '../../ui/field.tsx';
import { Notice } from '../../ui/notice.tsx';
import type { Option } from '../../ui/option.ts';
import { Toggle } from '../../ui/toggle.tsx';
import { hostTokenOf } from '../host-token.ts';
import { changesOf, formOf, lackOf, type SettingsForm } from './changes.ts';
import './settings.css';

const WHO: readonly Option<MeetingSettings['chat']>[] = [
  { value: 'everyone', label: 'Everybody' },
  { value: 'hosts', label: 'Hosts' },
  { value: 'nobody', label: 'Nobody' },
];
const ENTRY_ROLES: readonly Option<MeetingSettings['entryRole']>[] = [
  { value: 'participant', label: 'Participants', hint: 'Are seen and heard' },
  { value: 'viewer', label: 'Viewers', hint: 'Watch, listen and write' },
];
const RULES: readonly Option<MeetingSettings['whenHostLeaves']>[] = [
  { value: 'hand-over', label: 'Somebody else hosts until a host is back' },
  { value: 'stay', label: 'The meeting goes on without a host' },
  { value: 'end', label: 'The meeting ends' },
];
const MOST_TITLE = 140;
const MOST_PASSWORD = 200;

interface Meeting {
  meetingId: string;
  title: string;
  settings: MeetingSettings;
}

/** What the room is called, who may come in, and what they may do; for who made it. */
export function SettingsDialog({
  meeting,
  isOpen,
  onClose,
}: {
  meeting: Meeting;
  isOpen: boolean;
  onClose: () => void;
}) {
  return (
    <Dialog title="Room settings" isOpen={isOpen} onClose={onClose}>
      <Form meeting={meeting} onClose={onClose} />
    </Dialog>
  );
}

function Form({ meeting, onClose }: { meeting: Meeting; onClose: () => void }) {
  // As it was when it was opened: what others change meanwhile is not changed back.
  const [opened] = useState(() => formOf(meeting));
  const [form, setForm] = useState(opened);
  const [failure, setFailure] = useState<string>();
  const [isSaving, setSaving] = useState(false);
  const change = (more: Partial<SettingsForm>) => setForm({ ...form, ...more });
  const save = async () => {
    const lack = lackOf(form, meeting);
    setFailure(lack);
    if (lack !== undefined) return;
    const body = changesOf(form, opened);
    if (body === undefined) {
      onClose();
      return;
    }
    setSaving(true);
    try {
      const { meetingId } = meeting;
      const token = hostTokenOf(meetingId);
      await call('PATCH', `/api/meetings/${encodeURIComponent(meetingId)}`, { body, token });
      announce('Settings saved');
      onClose();
    } catch (error) {
      setFailure(textOf(error));
    } finally {
      setSaving(false);
    }
  };
  return (
    <form
      className="room-settings"
      onSubmit={(event) => {
        event.preventDefault();
        if (!isSaving) save();
      }}
    >
      <TextField
        label="Title"
        value={form.title}
        onChange={(title) => change({ title })}
        maxLength={MOST_TITLE}
      />
      <fieldset>
        <legend>At the door</legend>
        <Toggle isOn={form.waitingRoom} onChange={(waitingRoom) => change({ waitingRoom })}>
          Waiting room: a host lets people in
        </Toggle>
        <Toggle isOn={form.hasPassword} onChange={(hasPassword) => change({ hasPassword })}>
          Ask for a password
        </Toggle>
        {form.hasPassword && (
          <TextField
            label={opened.hasPassword ? 'New password' : 'Password'}
            hint={
              opened.hasPassword ? 'Leave it empty to keep the present one.' : 'Tell it to guests.'
            }
            value={form.password}
            onChange={(password) => change({ password })}
            maxLength={MOST_PASSWORD}
            autoComplete="off"
          />
        )}
        <Choices
          label="People come in as"
          options={ENTRY_ROLES}
          value={form.entryRole}
          onChange={(entryRole) => change({ entryRole })}
        />
      </fieldset>
      <fieldset>
        <legend>In the room</legend>
        <Toggle isOn={form.muteOnEntry} onChange={(muteOnEntry) => change({ muteOnEntry })}>
          Mute whoever comes in
        </Toggle>
        <Toggle isOn={form.unmuteSelf} onChange={(unmuteSelf) => change({ unmuteSelf })}>
          People may unmute themselves
        </Toggle>
        <Choices
          label="Who may write"
          options={WHO}
          value={form.chat}
          onChange={(chat) => change({ chat })}
        />
        <Choices
          label="Who may share a screen"
          options={WHO}
          value={form.screenShare}
          onChange={(screenShare) => change({ screenShare })}
        />
        <Select
          label="When the last host leaves"
          options={RULES}
          value={form.whenHostLeaves}
          onChange={(whenHostLeaves) => change({ whenHostLeaves })}
        />
      </fieldset>
      {failure !== undefined && <Notice level="danger">{failure}</Notice>}
      <div className="dialog-buttons">
        <Button onPress={onClose}>Cancel</Button>
        <Button type="submit" look="primary" isPending={isSaving}>
          Save
        </Button>
      </div>
    </form>
  );
}
