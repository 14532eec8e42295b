const MINIMUM = [20, 19, 0];

/** Stops with a clear word when this Node.js is too old. */
export function requireNode() {
  const have = process.versions.node.split('.').map(Number);
  for (let i = 0; i < MINIMUM.length; i++) {
    if (have[i] > MINIMUM[i]) return;
    if (have[i] < MINIMUM[i]) {
      process.stderr.write(
        `Amphi needs Node.js ${MINIMUM.join('.')} or newer; this is ${process.versions.node}.\n`,
      );
      process.exit(69);
    }
  }
}
