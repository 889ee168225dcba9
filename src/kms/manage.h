/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The operator's commands in the vault: manage-*.c have a table each. A change goes to the store
 * and the directory in one transaction, is in the audit log, and either happens whole or not at all.
 */
#ifndef MS_KMS_MANAGE_H
#define MS_KMS_MANAGE_H

#include "kms/vault.h"

/** Most entries of a list in one answer. */
#define MS_KMS_LIST_MAX 2000

/** A change under way. */
struct ms_kms_edit {
	struct ms_kms_vault *v;
	json_t *args;
	json_t *result; /* owned; what is answered */
	ms_usec now;
	char why[256]; /* what is wrong with the arguments; "" : the store's message */
};

/** Runs `f` in a transaction and answers. `what` is for the audit log, `of` the args member that
 * names the thing changed. */
void ms_kms_change(struct ms_control_request *r, json_t *args, struct ms_kms_vault *v,
		   const char *what, const char *of, int (*f)(struct ms_kms_edit *e));

/** A command `function` that is the change do_function(). */
#define MS_KMS_CHANGE(function, what, of)                                           \
	static void function(struct ms_control_request *r, json_t *args, void *arg) \
	{                                                                           \
		ms_kms_change(r, args, arg, what, of, do_##function);               \
	}

/** A text member that must be there; 0 or -EINVAL with e->why. Borrowed from args. */
MS_MUST_CHECK int ms_kms_need(struct ms_kms_edit *e, const char *name, struct ms_span *ret_s);

/** A number that may be left out (then *ret_v stays). 0 or -EINVAL with e->why. */
MS_MUST_CHECK int ms_kms_number(struct ms_kms_edit *e, const char *name, uint64_t max,
				uint64_t *ret_v);

/** Sets e->why and gives -EINVAL. */
int ms_kms_complain(struct ms_kms_edit *e, const char *fmt, ...) MS_PRINTF(2, 3);

/** Octets as text if they are printable, else "hex:..."; new reference or NULL. */
json_t *ms_kms_json_id(struct ms_span id);

/** A time as ISO text, or "never"; new reference or NULL. */
json_t *ms_kms_json_time(ms_usec t);

extern const struct ms_control_command ms_kms_manage_user[], ms_kms_manage_policy[],
	ms_kms_manage_ticket[];

#endif
