/** Says something to those who use a screen reader, without moving the focus. */
export function announce(text: string): void {
  const region = liveRegion();
  // The same words twice in a row would not be read again.
  region.textContent = '';
  requestAnimationFrame(() => {
    region.textContent = text;
  });
}

function liveRegion(): HTMLElement {
  const known = document.getElementById('announcer');
  if (known !== null) return known;
  const region = document.createElement('div');
  region.id = 'announcer';
  region.className = 'visually-hidden';
  region.setAttribute('role', 'status');
  region.setAttribute('aria-live', 'polite');
  // Modal dialogs hide everything beside them except what is marked so.
  region.setAttribute('data-live-announcer', 'true');
  document.body.append(region);
  return region;
}
