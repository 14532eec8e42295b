/** Chromium says when a device changes from one network to another; others only when there is one again. */
interface NetworkInformation extends EventTarget {
  type?: string;
}

/** Calls when the network that this device is in may have become another one. Returns what ends that. */
export function onNetworkChange(changed: () => void): () => void {
  const { connection } = navigator as Navigator & { connection?: NetworkInformation };
  let type = connection?.type;
  // It also tells of every other guess at how fast the network is.
  const onType = () => {
    if (connection?.type === type) return;
    type = connection?.type;
    if (navigator.onLine) changed();
  };
  addEventListener('online', changed);
  connection?.addEventListener('change', onType);
  return () => {
    removeEventListener('online', changed);
    connection?.removeEventListener('change', onType);
  };
}
