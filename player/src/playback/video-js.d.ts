/** video.js without its own streaming engine: the same interface from a smaller file. */
declare module 'video.js/core.es.js' {
  import videojs from 'video.js';
  export default videojs;
}
