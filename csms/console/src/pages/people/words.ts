import { peopleDe } from "../../messages/de_people.ts";
import { peopleEn } from "../../messages/en_people.ts";
import { inLanguage, say } from "../../messages/say.ts";

export const w = inLanguage<typeof peopleEn>({ en: peopleEn, de: peopleDe });

export const roleWord = (role: string): string => say.roles[role] ?? role;
