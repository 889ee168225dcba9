/* SPDX-License-Identifier: Apache-2.0 */
/* Giving up user, root directory and resources. */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/attr.h"
#include "priv/priv-priv.h"
#include "priv/sandbox.h"

int ms_sandbox_no_core(void)
{
	struct rlimit none = { 0, 0 };

	if (setrlimit(RLIMIT_CORE, &none) < 0)
		return -errno;
#ifdef MS_SANITIZER /* its leak check traces its own process at the end */
	return 0;
#endif
	return prctl(PR_SET_DUMPABLE, 0) < 0 ? -errno : 0;
}

struct ids {
	uid_t uid;
	gid_t gid;
};

static int is_given(const char *s)
{
	return s && *s;
}

/* Looked up before the chroot hides the files. */
static int look_up(const struct ms_sandbox_drop *d, struct ids *ret_ids)
{
	struct ids ids = { geteuid(), getegid() };
	const struct passwd *pw;
	const struct group *gr;

	if (is_given(d->user)) {
		pw = getpwnam(d->user);
		if (!pw)
			return -ENOENT;
		ids.uid = pw->pw_uid;
		ids.gid = pw->pw_gid;
	}
	if (is_given(d->group)) {
		gr = getgrnam(d->group);
		if (!gr)
			return -ENOENT;
		ids.gid = gr->gr_gid;
	}
	*ret_ids = ids;
	return 0;
}

static int change_root(const char *dir)
{
	if (chroot(dir) < 0 || chdir("/") < 0)
		return -errno;
	return 0;
}

static int change_ids(const struct ids *ids)
{
	if (geteuid() != 0)
		return ids->uid == geteuid() && ids->gid == getegid() ? 0 : -EPERM;
	if (ids->uid == 0 && ids->gid == 0)
		return 0;
	if (setgroups(1, &ids->gid) < 0 || setresgid(ids->gid, ids->gid, ids->gid) < 0 ||
	    setresuid(ids->uid, ids->uid, ids->uid) < 0)
		return -errno;
	/* Giving up must be for good. */
	return ids->uid != 0 && setuid(0) == 0 ? -EPERM : 0;
}

static int set_limit(__rlimit_resource_t which, uint64_t value)
{
	struct rlimit rl;

	if (value == 0)
		return 0;
	if (getrlimit(which, &rl) < 0)
		return -errno;
	if (value > rl.rlim_max)
		value = rl.rlim_max;
	rl.rlim_cur = rl.rlim_max = value;
	return setrlimit(which, &rl) < 0 ? -errno : 0;
}

static int set_limits(const struct ms_sandbox_drop *d)
{
	struct rlimit none = { 0, 0 };
	int err = set_limit(RLIMIT_NOFILE, d->max_files);

	if (err == 0)
		err = set_limit(RLIMIT_AS, d->max_memory);
	if (err == 0)
		err = set_limit(RLIMIT_FSIZE, d->max_file_size);
	if (err == 0 && d->no_processes && setrlimit(RLIMIT_NPROC, &none) < 0)
		err = -errno;
	return err;
}

static int fail(const char **ret_what, const char *what, int err)
{
	if (ret_what)
		*ret_what = what;
	return err;
}

int ms_sandbox_drop(const struct ms_sandbox_drop *d, const char **ret_what)
{
	struct ids ids;
	int err = look_up(d, &ids);

	if (err)
		return fail(ret_what, "user", err);
	if (is_given(d->chroot_dir)) {
		err = change_root(d->chroot_dir);
		if (err)
			return fail(ret_what, "chroot", err);
	}
	err = change_ids(&ids);
	if (err)
		return fail(ret_what, "user", err);
	err = set_limits(d);
	if (err)
		return fail(ret_what, "limits", err);
	/* A change of user cleared it, and made us dumpable as far as the system's settings go. */
	err = ms_sandbox_no_core();
	if (err == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		err = -errno;
	return err ? fail(ret_what, "no-new-privs", err) : 0;
}
