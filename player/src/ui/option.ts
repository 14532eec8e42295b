/** One of several to choose from. */
export interface Option<Value extends string> {
  value: Value;
  label: string;
  hint?: string;
}
