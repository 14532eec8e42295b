/** What every page begins with: the values, the ground rules and the letters. */
import '@fontsource-variable/familjen-grotesk/wght.css';
import './tokens.css';
import './base.css';
