import type { Playback } from '../playback.ts';
import { qualityChoices, rungLabel } from '../quality.ts';
import { h, iconButton, setText } from './dom.ts';
import { icon } from './icons.ts';

export const SPEEDS = [0.5, 0.75, 1, 1.25, 1.5, 2] as const;

export interface SettingsActions {
  toggleStats(): void;
  toggleHelp(): void;
  statsShown(): boolean;
}

interface Item {
  label: string;
  note?: string;
  /** A choice among several, or something that is done. */
  checked?: boolean;
  disabled?: boolean;
  opens?: Page;
  act?: () => void;
}

/** Players that are lower than this have no room for the longest page of the menu. */
const SHEET_BELOW_PX = 380;

type Page = 'main' | 'quality' | 'speed';

/** The menu behind the sliders: quality, speed, statistics, keys. */
export class Settings {
  readonly el: HTMLElement;
  readonly #playback: Playback;
  readonly #actions: SettingsActions;
  readonly #button: HTMLButtonElement;
  readonly #badge = h('span', { class: 'amphi-settings-badge', 'aria-hidden': 'true' });
  readonly #menu = h('div', {
    class: 'amphi-menu',
    role: 'menu',
    hidden: true,
    'aria-label': 'Settings',
  });
  #page: Page = 'main';

  constructor(playback: Playback, actions: SettingsActions) {
    this.#playback = playback;
    this.#actions = actions;
    this.#button = iconButton('amphi-settings-button', 'Settings', icon('settings'));
    this.#button.setAttribute('aria-haspopup', 'menu');
    this.#button.setAttribute('aria-expanded', 'false');
    this.#button.append(this.#badge);
    this.el = h('div', { class: 'amphi-settings' }, this.#button, this.#menu);
    this.#button.addEventListener('click', () => this.#toggle());
    this.#menu.addEventListener('keydown', (event) => this.#onKey(event));
    document.addEventListener('pointerdown', (event) => {
      if (this.open && event.target instanceof Node && !this.el.contains(event.target))
        this.close();
    });
    this.el.addEventListener('focusout', (event) => {
      const to = event.relatedTarget;
      if (this.open && to instanceof Node && !this.el.contains(to)) this.close();
    });
    for (const name of ['rungs', 'quality', 'mode'] as const) {
      playback.on(name, () => {
        this.update();
        if (this.open) this.#render(false);
      });
    }
  }

  get open(): boolean {
    return !this.#menu.hidden;
  }

  update(): void {
    const { height } = this.#onScreen ?? { height: 0 };
    setText(this.#badge, height >= 2160 ? '4K' : height >= 720 ? 'HD' : '');
  }

  close(): void {
    if (!this.open) return;
    const within = this.#menu.contains(document.activeElement);
    if (this.#menu.popover !== null) this.#menu.hidePopover();
    this.#menu.hidden = true;
    this.#button.setAttribute('aria-expanded', 'false');
    if (within) this.#button.focus();
  }

  get #onScreen() {
    const { video, rungs } = this.#playback;
    return rungs.find((rung) => rung.height === video.videoHeight && rung.height > 0);
  }

  #toggle(): void {
    if (this.open) {
      this.close();
      return;
    }
    this.#page = 'main';
    this.#menu.hidden = false;
    // In a small player there is no room above the button: the menu comes up from the edge of the screen.
    const isSheet = this.#playback.player.el().clientHeight < SHEET_BELOW_PX;
    this.#menu.popover = isSheet ? 'manual' : null;
    if (isSheet) this.#menu.showPopover();
    this.#button.setAttribute('aria-expanded', 'true');
    this.#render(true);
  }

  #go(page: Page): void {
    this.#page = page;
    this.#render(true);
  }

  #render(focus: boolean): void {
    const focused = this.#items().findIndex((item) => item === document.activeElement);
    const rows = this.#rows().map((item) => this.#row(item));
    const title =
      this.#page === 'main'
        ? undefined
        : this.#row({ label: PAGE_TITLES[this.#page], opens: 'main' }, true);
    this.#menu.replaceChildren(...(title === undefined ? rows : [title, ...rows]));
    const items = this.#items();
    if (focus) {
      (items.find((item) => item.getAttribute('aria-checked') === 'true') ?? items[0])?.focus();
    } else if (focused >= 0) {
      items[focused]?.focus();
    }
  }

  #rows(): Item[] {
    const playback = this.#playback;
    switch (this.#page) {
      case 'main':
        return [
          { label: 'Quality', note: this.#qualityNote(), opens: 'quality' },
          { label: 'Speed', note: speedLabel(playback.follower.speed ?? 1), opens: 'speed' },
          {
            label: 'Stats for nerds',
            checked: this.#actions.statsShown(),
            act: () => this.#actions.toggleStats(),
          },
          { label: 'Keyboard shortcuts', act: () => this.#actions.toggleHelp() },
        ];
      case 'quality':
        return qualityChoices(playback.rungs).map((choice) => ({
          label: choice.label,
          note: choice.id === 'auto' ? this.#autoNote() : choice.note,
          checked: (playback.quality ?? 'auto') === choice.id,
          act: () => playback.selectQuality(choice.id === 'auto' ? undefined : choice.id),
        }));
      case 'speed':
        return SPEEDS.map((speed) => ({
          label: speedLabel(speed),
          checked: (playback.follower.speed ?? 1) === speed,
          // Nobody can be faster than live.
          ...(speed > 1 && playback.follower.following === true
            ? { note: 'when behind live', disabled: true }
            : {}),
          act: () => playback.follower.setSpeed(speed),
        }));
    }
  }

  #qualityNote(): string {
    const chosen = this.#playback.rungs.find((rung) => rung.name === this.#playback.quality);
    if (chosen !== undefined) return rungLabel(chosen);
    const now = this.#autoNote();
    return now === '' ? 'Auto' : `Auto (${now})`;
  }

  #autoNote(): string {
    const rung = this.#onScreen;
    return this.#playback.quality !== undefined || rung === undefined ? '' : rungLabel(rung);
  }

  #row({ label, note, checked, disabled, opens, act }: Item, isTitle = false): HTMLElement {
    const row = h(
      'button',
      {
        class: `amphi-menu-item${isTitle ? ' amphi-menu-title' : ''}`,
        type: 'button',
        tabindex: '-1',
        role:
          checked === undefined
            ? 'menuitem'
            : this.#page === 'main'
              ? 'menuitemcheckbox'
              : 'menuitemradio',
        'aria-checked': checked === undefined ? undefined : String(checked),
        'aria-disabled': disabled === true ? 'true' : undefined,
        'aria-haspopup': opens !== undefined && !isTitle ? 'menu' : undefined,
        'aria-label': isTitle ? `${label}, back` : undefined,
      },
      h(
        'span',
        { class: 'amphi-menu-mark' },
        isTitle ? icon('back') : checked ? icon('check') : undefined,
      ),
      h('span', { class: 'amphi-menu-label' }, label),
      note === undefined || note === '' ? undefined : h('span', { class: 'amphi-menu-note' }, note),
      opens !== undefined && !isTitle ? icon('next') : undefined,
    );
    row.addEventListener('click', () => {
      if (disabled === true) return;
      if (opens !== undefined) this.#go(opens);
      else {
        act?.();
        this.close();
      }
    });
    return row;
  }

  #items(): HTMLElement[] {
    return [...this.#menu.querySelectorAll<HTMLElement>('.amphi-menu-item')];
  }

  #onKey(event: KeyboardEvent): void {
    const items = this.#items();
    const at = items.findIndex((item) => item === document.activeElement);
    const to = (index: number) => items[(index + items.length) % items.length]?.focus();
    switch (event.key) {
      case 'ArrowDown':
        to(at + 1);
        break;
      case 'ArrowUp':
        to(at - 1);
        break;
      case 'Home':
        to(0);
        break;
      case 'End':
        to(items.length - 1);
        break;
      case 'ArrowRight':
        if (items[at]?.getAttribute('aria-haspopup') !== 'menu') return;
        items[at]?.click();
        break;
      case 'ArrowLeft':
        if (this.#page === 'main') return;
        this.#go('main');
        break;
      case 'Escape':
      case 'Tab':
        this.close();
        this.#button.focus();
        break;
      default:
        return;
    }
    event.preventDefault();
    event.stopPropagation();
  }
}

const PAGE_TITLES: Readonly<Record<Page, string>> = {
  main: 'Settings',
  quality: 'Quality',
  speed: 'Speed',
};

const speedLabel = (speed: number): string => (speed === 1 ? 'Normal' : `${speed}×`);
