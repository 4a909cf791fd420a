export function rises(height: number): boolean {
  return height > "1";
