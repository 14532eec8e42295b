import { useEffect, useState } from 'react';
import './poster.css';

/** Posters are made anew every few seconds. */
const REFRESH_MS = 10_000;

/** The newest still of an event; nothing where there is none yet. */
export function Poster({ src }: { src: string }) {
  const [turn, setTurn] = useState(0);
  const [shown, setShown] = useState<string>();
  useEffect(() => {
    const timer = setInterval(() => setTurn((t) => t + 1), REFRESH_MS);
    return () => clearInterval(timer);
  }, []);
  useEffect(() => {
    // Loaded aside and then swapped, so that the picture never blinks.
    const url = `${src}?t=${turn}`;
    const image = new Image();
    image.onload = () => setShown(url);
    image.src = url;
    return () => {
      image.onload = null;
    };
  }, [src, turn]);
  return shown === undefined ? null : <img className="poster" src={shown} alt="" />;
}
