import { tariffsDe } from "../../messages/de_tariffs.ts";
import { tariffsEn } from "../../messages/en_tariffs.ts";
import { inLanguage } from "../../messages/say.ts";

export const w = inLanguage<typeof tariffsEn>({ en: tariffsEn, de: tariffsDe });
