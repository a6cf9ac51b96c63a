/*
 * PKI lab: all the certificates of plug and charge, made for trying it out: a V2G root with its
 * sub-CAs and the certificate of a charger (SECC), a mobility operator's root with its sub-CAs and
 * contract certificates, the vehicle's provisioning certificate (OEM), the provisioning service's
 * (CPS), and an OCSP responder for each authority that is asked. Curves, names, lifetimes and key usage
 * are those of a profile. Not for real use: the keys lie beside the certificates.
 */
#ifndef DEPOTCTL_PKI_LAB_H
#define DEPOTCTL_PKI_LAB_H

#include <stdbool.h>
#include "csms/pki/pki_profile.h"

struct pki_lab {
	const char *dir; /* made; must not hold another lab */
	const char *ocsp; /* host:port of the first responder; the others have the ports above */
	bool has_one_port; /* one responder answers for all, by path */
	const char *emaid; /* of the contract that is good */
	const char *secc; /* SECC id */
	const struct pki_profile *profile;
};

/* 0, or -1 with one line. */
int pki_lab_make(const struct pki_lab *lab, char why[300]);

#endif
