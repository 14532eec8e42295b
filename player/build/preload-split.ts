import type { HtmlTagDescriptor, Plugin, Rolldown } from 'vite';

/**
 * A page's first script is small and imports the rest on demand, so that it
 * can ask for the stream before the rest is there. This plugin names that rest
 * in the page, so that the browser loads both at the same time.
 */
export function preloadSplit(): Plugin {
  return {
    name: 'amphi:preload-split',
    enforce: 'post',
    transformIndexHtml: {
      order: 'post',
      handler(_html, { bundle, chunk }) {
        if (bundle === undefined || chunk === undefined) return [];
        const { scripts, styles } = reachable(bundle, chunk);
        return [
          ...styles.map((file) => link({ rel: 'stylesheet', crossorigin: '', href: `/${file}` })),
          ...scripts.map((file) =>
            link({ rel: 'modulepreload', crossorigin: '', href: `/${file}` }),
          ),
        ];
      },
    },
  };
}

const link = (attrs: Record<string, string>): HtmlTagDescriptor => ({
  tag: 'link',
  attrs,
  injectTo: 'head',
});

/** What the entry imports on demand, with what that needs; without what the page names already. */
function reachable(bundle: Rolldown.OutputBundle, entry: Rolldown.OutputChunk) {
  const chunkOf = (name: string) => {
    const file = bundle[name];
    return file?.type === 'chunk' ? file : undefined;
  };
  const named = new Set<string>();
  const walk = (names: readonly string[], found: Set<string>) => {
    for (const name of names) {
      if (named.has(name) || found.has(name)) continue;
      found.add(name);
      walk(chunkOf(name)?.imports ?? [], found);
    }
  };
  const own = new Set<string>();
  walk([entry.fileName], own);
  for (const name of own) named.add(name);
  const scripts = new Set<string>();
  walk(entry.dynamicImports, scripts);
  const styles = new Set<string>();
  for (const name of scripts) {
    const meta: unknown = Reflect.get(chunkOf(name) ?? {}, 'viteMetadata');
    const css: unknown =
      typeof meta === 'object' && meta !== null ? Reflect.get(meta, 'importedCss') : undefined;
    if (css instanceof Set) for (const file of css) styles.add(String(file));
  }
  return { scripts: [...scripts], styles: [...styles] };
}
