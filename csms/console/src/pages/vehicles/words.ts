import { vehiclesDe } from "../../messages/de_vehicles.ts";
import { vehiclesEn } from "../../messages/en_vehicles.ts";
import { inLanguage } from "../../messages/say.ts";

export const w = inLanguage<typeof vehiclesEn>({ en: vehiclesEn, de: vehiclesDe });

const TOLD = "told by ";

/* Of a reading: "told by anna" is said in the reader's language, a telematics source by its own name. */
export const sourceName = (source: string | undefined): string | undefined =>
	(source?.startsWith(TOLD) ? w.toldBy(source.slice(TOLD.length)) : w.sources[source ?? ""] ?? source);
