import type { Reporter, TestCase, TestModule } from 'vitest/node';

/**
 * Lists, after a run, the tests that passed only when they were tried again: on
 * a machine that does five things at once some waits are too short, but a fault
 * that shows now and then looks the same, and is to be looked into.
 */
export class SecondAttempts implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const again = modules.flatMap((module) =>
      [...module.children.allTests('passed')]
        .filter((test) => (test.diagnostic()?.retryCount ?? 0) > 0)
        .map((test) => `  ${module.relativeModuleId} > ${test.fullName}: ${firstError(test)}`),
    );
    if (again.length === 0) return;
    console.log(`\nPassed only when tried again (${again.length}):\n${again.join('\n')}\n`);
  }
}

function firstError(test: TestCase): string {
  return test.result().errors?.[0]?.message.split('\n')[0] ?? '';
}
