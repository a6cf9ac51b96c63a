import { certificatesDe } from "../../messages/de_certificates.ts";
import { certificatesEn } from "../../messages/en_certificates.ts";
import { inLanguage } from "../../messages/say.ts";

export const w = inLanguage<typeof certificatesEn>({ en: certificatesEn, de: certificatesDe });
