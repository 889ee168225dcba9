/* SPDX-License-Identifier: Apache-2.0 */
/* mediasec-mgw: which of its processes this is. */
#include <string.h>

#include "mgw/parent.h"
#include "mgw/role.h"
#include "priv/role.h"

int main(int argc, char **argv)
{
	const char *role = ms_role_self(argc, argv);

	if (role && strcmp(role, "control") == 0)
		return ms_mgw_control_main();
	if (role && strcmp(role, "media") == 0)
		return ms_mgw_media_main();
	return ms_daemon_main(&ms_mgw_app, argc, argv);
}
