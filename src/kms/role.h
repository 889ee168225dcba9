/* SPDX-License-Identifier: Apache-2.0 */
/* What both roles do alike: take their configuration. */
#ifndef MS_KMS_ROLE_H
#define MS_KMS_ROLE_H

#include "daemon/role.h"
#include "kms/config.h"
#include "priv/chan.h"

struct ms_kms_hello {
	uint32_t n_listen;
	uint32_t has_metrics;
};

/**
 * Reads the configuration that the parent left in the file `fd` and closes it. *ret_owner has the
 * memory of the texts in *ret_c (ms_config_free()). 0 or negative errno.
 */
MS_MUST_CHECK int ms_kms_role_config(int fd, struct ms_kms_hello *ret_hello,
				     struct ms_kms_config *ret_c, struct ms_config **ret_owner);

/** Takes a configuration out of a message: a copy, as ms_kms_role_config(). */
MS_MUST_CHECK int ms_kms_role_reconfig(struct ms_span body, struct ms_kms_config *ret_c,
				       struct ms_config **ret_owner);

/** Main functions of the roles; they return exit statuses. */
int ms_kms_front_main(void);
int ms_kms_vault_main(void);

#endif
