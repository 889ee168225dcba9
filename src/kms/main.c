/* SPDX-License-Identifier: Apache-2.0 */
/* mediasec-kms: which of its processes this is. */
#include <stdio.h>
#include <string.h>

#include "kms/parent.h"
#include "kms/role.h"
#include "priv/role.h"
#include "store/store.h"

static int make_master(const char *path)
{
	int err = ms_store_master_create(path);

	if (err == 0)
		return 0;
	fprintf(stderr, "mediasec-kms: %s: %s\n", path, strerror(-err));
	return 1;
}

int main(int argc, char **argv)
{
	const char *role = ms_role_self(argc, argv);

	if (role && strcmp(role, "front") == 0)
		return ms_kms_front_main();
	if (role && strcmp(role, "vault") == 0)
		return ms_kms_vault_main();
	if (argc == 3 && strcmp(argv[1], "--make-master") == 0)
		return make_master(argv[2]);
	return ms_daemon_main(&ms_kms_app, argc, argv);
}
