import { sessionsDe } from "../../messages/de_sessions.ts";
import { sessionsEn } from "../../messages/en_sessions.ts";
import { inLanguage } from "../../messages/say.ts";

export const w = inLanguage<typeof sessionsEn>({ en: sessionsEn, de: sessionsDe });
