/* SPDX-License-Identifier: Apache-2.0 */
#include "mgw/role.h"

#include "priv/role.h"

int ms_mgw_role_config(struct ms_mgw_hello *ret_hello, struct ms_config **ret_owner)
{
	return ms_daemon_role_read(MS_ROLE_FD + MS_MGW_FD_CONFIG, ret_hello, sizeof(*ret_hello),
				   ms_mgw_config_fields, sizeof(struct ms_mgw_config), ret_owner);
}
