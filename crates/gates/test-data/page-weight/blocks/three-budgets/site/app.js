export const words = "enough different letters to be heavier than the budget allows";
