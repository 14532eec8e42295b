/** The same playlist, whatever token the address carries and by whatever loopback name. */
export function sameAddress(a: string, b: string): boolean {
  const [left, right] = [new URL(a, location.href), new URL(b, location.href)];
  return left.origin === right.origin && left.pathname === right.pathname;
}
