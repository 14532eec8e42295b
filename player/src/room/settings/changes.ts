import type { MeetingSettings, PatchMeeting } from '#contracts';

/** What is changed in the dialog; the rest of a meeting's settings stays as it is. */
export interface SettingsForm {
  title: string;
  /** Whether one is asked for at the door. */
  hasPassword: boolean;
  /** A new one; empty keeps the one that there is. */
  password: string;
  waitingRoom: boolean;
  muteOnEntry: boolean;
  unmuteSelf: boolean;
  entryRole: MeetingSettings['entryRole'];
  chat: MeetingSettings['chat'];
  screenShare: MeetingSettings['screenShare'];
  whenHostLeaves: MeetingSettings['whenHostLeaves'];
}

interface Meeting {
  title: string;
  settings: MeetingSettings;
}

export function formOf({ title, settings }: Meeting): SettingsForm {
  const { waitingRoom, muteOnEntry, unmuteSelf, entryRole, chat } = settings;
  const { screenShare, whenHostLeaves, hasPassword } = settings;
  return {
    ...{ title, hasPassword, password: '', waitingRoom, muteOnEntry, unmuteSelf, entryRole },
    ...{ chat, screenShare, whenHostLeaves },
  };
}

/** What the form lacks to be kept, in words; undefined when it is complete. */
export function lackOf(form: SettingsForm, { settings }: Meeting): string | undefined {
  if (form.title.trim() === '') return 'Give the room a title.';
  if (form.hasPassword && !settings.hasPassword && form.password === '') {
    return 'Type the password, or switch it off.';
  }
  return undefined;
}

/**
 * What has to be said so that the meeting becomes as the form has it; undefined
 * when it is so already. Only what was changed here: others may change the rest
 * at the same time.
 */
export function changesOf(form: SettingsForm, opened: SettingsForm): PatchMeeting | undefined {
  const { title, hasPassword, password, ...chosen } = form;
  const changed = Object.entries(chosen).filter(
    ([name, value]) => opened[name as keyof typeof chosen] !== value,
  );
  const settings: PatchMeeting['settings'] = {
    ...(Object.fromEntries(changed) as Partial<typeof chosen>),
    ...(hasPassword && password !== '' ? { password } : {}),
    ...(!hasPassword && opened.hasPassword ? { password: null } : {}),
  };
  const patch: PatchMeeting = {
    ...(title.trim() === opened.title ? {} : { title: title.trim() }),
    ...(Object.keys(settings).length === 0 ? {} : { settings }),
  };
  return Object.keys(patch).length === 0 ? undefined : patch;
}
