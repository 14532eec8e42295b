import { describe, expect, it } from 'vitest';
import { safeFileName } from './file-name.ts';

describe('safeFileName', () => {
  it.each([
    ['plan.pdf', 'plan.pdf', 'pdf'],
    ['Größe 3.PNG', 'Größe 3.PNG', 'png'],
    ['../../etc/passwd', 'passwd', ''],
    ['C:\\Windows\\system32\\calc.exe', 'calc.exe', 'exe'],
    ['a/../..', 'file', ''],
    ['', 'file', ''],
    ['.', 'file', ''],
    ['.png', 'png', ''],
    ['..png', 'png', ''],
    ['invoice\u202egpj.exe', 'invoicegpj.exe', 'exe'],
    ['photo\u200b.p\u2066ng', 'photo.png', 'png'],
    ['a\r\nset-cookie: x.txt', 'aset-cookie_ x.txt', 'txt'],
    ['a\0.png', 'a.png', 'png'],
    ['<img src=x onerror=alert(1)>.png', '_img src=x onerror=alert(1)_.png', 'png'],
    ['"quoted".txt', '_quoted_.txt', 'txt'],
    ['name.png. . ', 'name.png', 'png'],
    ['con', '_con', ''],
    ['NUL.txt', '_NUL.txt', 'txt'],
    ['console.txt', 'console.txt', 'txt'],
    ['two   blanks.txt', 'two blanks.txt', 'txt'],
    ['e\u0301.txt', '\u00e9.txt', 'txt'],
    ['half \ud83d.txt', 'half.txt', 'txt'],
  ])('of %j', (typed, name, ending) => {
    expect(safeFileName(typed)).toEqual({ name, ending });
  });

  it('keeps the ending of a name that is too long, and whole characters', () => {
    expect(safeFileName(`${'x'.repeat(96)}.png`).name).toHaveLength(100);
    expect(safeFileName(`${'x'.repeat(97)}.png`).name).toBe(`${'x'.repeat(96)}.png`);
    const { name, ending } = safeFileName(`${'👩‍🚀'.repeat(300)}.jpeg`);
    expect(name.endsWith('👩‍🚀.jpeg')).toBe(true);
    expect(ending).toBe('jpeg');
    expect(safeFileName(`a.${'y'.repeat(5_000)}`).name.length).toBeLessThanOrEqual(101);
  });
});
