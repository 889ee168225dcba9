/* SPDX-License-Identifier: Apache-2.0 */
#include "mgw/role.h"

#include <string.h>

#include "priv/role.h"

int ms_mgw_role_config(struct ms_mgw_hello *ret_hello, struct ms_config **ret_owner)
{
	return ms_daemon_role_read(MS_ROLE_FD + MS_MGW_FD_CONFIG, ret_hello, sizeof(*ret_hello),
				   ms_mgw_config_fields, sizeof(struct ms_mgw_config), ret_owner);
}

void ms_mgw_role_level(struct ms_msg *m)
{
	enum ms_log_level level = (enum ms_log_level)ms_msg_u8(m);
	char category[64] = "";
	struct ms_span name = ms_msg_rest(m);

	memcpy(category, name.p, name.len < sizeof(category) ? name.len : sizeof(category) - 1);
	(void)!ms_log_set_level(category[0] ? category : NULL, level);
}
