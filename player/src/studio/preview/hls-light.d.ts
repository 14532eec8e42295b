/** The package ships types for the whole of hls.js only; the light build is a part of it. */
declare module 'hls.js/light' {
  export * from 'hls.js';
  export { default } from 'hls.js';
}
