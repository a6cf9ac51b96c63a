import { vehiclesDe } from "../../messages/de_vehicles.ts";
import { vehiclesEn } from "../../messages/en_vehicles.ts";
import { inLanguage } from "../../messages/say.ts";

export const w = inLanguage<typeof vehiclesEn>({ en: vehiclesEn, de: vehiclesDe });
