/* SPDX-License-Identifier: Apache-2.0 */
#include "kms/role.h"

static void settle(struct ms_config *owner, struct ms_kms_config *ret_c,
		   struct ms_config **ret_owner)
{
	*ret_c = *(const struct ms_kms_config *)ms_config_values(owner);
	ms_kms_config_settle(ret_c);
	*ret_owner = owner;
}

int ms_kms_role_reconfig(struct ms_span body, struct ms_kms_config *ret_c,
			 struct ms_config **ret_owner)
{
	struct ms_config *owner;
	int err = ms_config_take(body, ms_kms_config_fields, sizeof(*ret_c), &owner);

	if (err == 0)
		settle(owner, ret_c, ret_owner);
	return err;
}

int ms_kms_role_config(int fd, struct ms_kms_hello *ret_hello, struct ms_kms_config *ret_c,
		       struct ms_config **ret_owner)
{
	struct ms_config *owner;
	int err = ms_daemon_role_read(fd, ret_hello, sizeof(*ret_hello), ms_kms_config_fields,
				      sizeof(*ret_c), &owner);

	if (err == 0)
		settle(owner, ret_c, ret_owner);
	return err;
}
