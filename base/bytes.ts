/**
 * A copy of its own. `slice()` will not do: on a Node.js `Buffer`, which is a
 * `Uint8Array`, it returns a view of the same memory.
 */
export const copyBytes = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => new Uint8Array(bytes);
