/** Whether the browser can be asked to tell of calls while the page is out of sight. */
export const mayAskToNotify = (): boolean =>
  'Notification' in window && Notification.permission === 'default';

/** Asks the person; what they answer, the browser keeps. */
export const askToNotify = async (): Promise<void> => {
  await Notification.requestPermission();
};

/** Tells of a call while the page is out of sight, where that was allowed; returns what takes it away. */
export function notifyOfCall(title: string, picture: string | undefined): () => void {
  if (!('Notification' in window) || Notification.permission !== 'granted') return () => {};
  if (!document.hidden) return () => {};
  try {
    const shown = new Notification(title, {
      requireInteraction: true,
      tag: 'amphi-call',
      ...(picture === undefined ? {} : { icon: picture }),
    });
    shown.onclick = () => {
      window.focus();
      shown.close();
    };
    return () => shown.close();
  } catch {
    // Some phones have them for service workers only.
    return () => {};
  }
}
