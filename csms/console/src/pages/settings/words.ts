import { settingsDe } from "../../messages/de_settings.ts";
import { settingsEn } from "../../messages/en_settings.ts";
import { inLanguage } from "../../messages/say.ts";

export const w = inLanguage<typeof settingsEn>({ en: settingsEn, de: settingsDe });
