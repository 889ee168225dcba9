/* SPDX-License-Identifier: Apache-2.0 */
/* What both roles do alike: take their configuration, say that they serve, hear the parent. */
#ifndef MS_KMS_ROLE_H
#define MS_KMS_ROLE_H

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

/** Writes a configuration into a new file without a name; *ret_fd is owned. 0 or negative errno. */
MS_MUST_CHECK int ms_kms_role_write(const struct ms_kms_hello *hello, const struct ms_kms_config *c,
				    int *ret_fd);

/** Tells the parent that the role serves, and closes the pipe. */
void ms_kms_role_ready(int status_fd);

/** Signals of the terminal are for the parent, who ends us. 0 or negative errno. */
MS_MUST_CHECK int ms_kms_role_signals(void);

/** Drops privileges as the configuration says; logs what failed. */
MS_MUST_CHECK int ms_kms_role_drop(const struct ms_kms_config *c, bool with_chroot);

/** Main functions of the roles; they return exit statuses. */
int ms_kms_front_main(void);
int ms_kms_vault_main(void);

#endif
