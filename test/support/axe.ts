import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';

const SOURCE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

interface AxeResult {
  violations: {
    id: string;
    impact: string | null;
    help: string;
    nodes: { html: string; failureSummary?: string }[];
  }[];
}

/** What axe finds on the page that is serious or critical, one line a finding; none on a good page. */
export async function seriousFindings(page: Page): Promise<string[]> {
  // Evaluated from outside, so that the page's own security policy stays as it is.
  await page.evaluate(SOURCE);
  const result = await page.evaluate(async () => {
    // What is still fading in has the contrast of neither its beginning nor its end.
    const ending = document
      .getAnimations()
      .filter(({ effect }) => effect?.getComputedTiming().iterations !== Number.POSITIVE_INFINITY);
    await Promise.all(ending.map(({ finished }) => finished.catch(() => {})));
    const { axe } = window as unknown as { axe: { run(): Promise<AxeResult> } };
    return axe.run();
  });
  return result.violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, help, nodes }) =>
      nodes.map(
        ({ html, failureSummary = '' }) => `${id}: ${help}\n  ${html}\n  ${failureSummary}`,
      ),
    );
}
