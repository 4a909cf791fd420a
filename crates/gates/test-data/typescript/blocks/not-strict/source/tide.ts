export const height: number = 3;
