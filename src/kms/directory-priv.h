/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of the directory: its tables. Users own identities, keys and certificates. */
#ifndef MS_KMS_DIRECTORY_PRIV_H
#define MS_KMS_DIRECTORY_PRIV_H

#include "core/hash.h"
#include "kms/directory.h"

struct ms_kms_directory {
	struct ms_hash *users;      /* name -> struct ms_kms_user, owned */
	struct ms_hash *identities; /* uri -> struct ms_kms_identity */
	struct ms_hash *keys;       /* id -> struct ms_kms_key */
	struct ms_hash *certs;      /* fingerprint -> struct ms_kms_cert */
	struct ms_hash *psis;       /* uri -> struct ms_kms_psi, owned */
	struct ms_hash *revoked;    /* ticket identifier -> the directory itself */
	struct ms_kms_policy policy;
	size_t max;
	uint8_t hash_key[16];
};

/** Frees a PSI that has no owner any more. NULL is fine. */
void ms_kms_psi_free(struct ms_kms_psi *p);

/** Frees the user with all that hangs on it, without looking at the tables. */
void ms_kms_user_free(struct ms_kms_user *u);

#endif
