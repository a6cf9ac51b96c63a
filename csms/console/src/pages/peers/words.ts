import { peersDe } from "../../messages/de_peers.ts";
import { peersEn } from "../../messages/en_peers.ts";
import { inLanguage } from "../../messages/say.ts";

export const w = inLanguage<typeof peersEn>({ en: peersEn, de: peersDe });
