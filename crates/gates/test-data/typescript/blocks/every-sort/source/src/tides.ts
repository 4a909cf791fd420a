import { harbours } from "./harbours";

interface Tide {
  harbour: string;
  height: number;
}

export function first(tides: Tide[]): string {
  return tides.find((tide) => tide.height > 3).harbour;
}

export function highest(tides) {
  return tides;
}

export const spring: Tide = { harbour: "Brest" };

export const name: string = ["Brest", "Cuxhaven"].at(0);

document.title = "Tides";

export const all = harbours;
