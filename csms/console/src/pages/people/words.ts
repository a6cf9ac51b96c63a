import { peopleDe } from "../../messages/de_people.ts";
import { peopleEn } from "../../messages/en_people.ts";
import { inLanguage } from "../../messages/say.ts";

export const w = inLanguage<typeof peopleEn>({ en: peopleEn, de: peopleDe });

export const roleWord = (role: string): string => w.roles[role] ?? role;
