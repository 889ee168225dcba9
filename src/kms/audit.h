/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The audit log: one line for each issue and resolve, granted or refused: when, what, outcome, who,
 * whom, which ticket. Never keys. Lines are gathered and leave with the answers of their batch.
 */
#ifndef MS_KMS_AUDIT_H
#define MS_KMS_AUDIT_H

#include <sys/un.h>

#include "core/buf.h"
#include "kms/config.h"
#include "mikey/kms.h"

struct ms_kms_audit {
	unsigned target; /* enum ms_kms_audit_target */
	int fd;
	struct sockaddr_un syslog;
	struct ms_buf lines;
	ms_usec second; /* the second whose text stands in `stamp` */
	char stamp[32];
	ms_usec hung; /* until then (ms_clock_mono()) syslog is not waited for */
	bool torn;    /* the file ends within a line that could not be written whole */
	uint64_t written, errors;
};

/** Opens; `path` is that of the file, or of the syslog daemon's socket. 0 or negative errno. */
MS_MUST_CHECK int ms_kms_audit_open(struct ms_kms_audit *a, unsigned target, const char *path);

/** Opens the file again, perhaps another one; on error the old one stays. 0 or negative errno. */
MS_MUST_CHECK int ms_kms_audit_reopen(struct ms_kms_audit *a, const char *file);

void ms_kms_audit_close(struct ms_kms_audit *a);

/** Adds a line about a message that was handled. `user` is the user's name or NULL. */
void ms_kms_audit_add(struct ms_kms_audit *a, ms_usec now, const struct ms_mikey_kms_outcome *o,
		      const char *reason, const char *user);

/** Adds a line about a change by the operator (uid), already free of control characters. */
void ms_kms_audit_change(struct ms_kms_audit *a, ms_usec now, unsigned uid, const char *what,
			 struct ms_span detail);

/** Drops the lines: their answers do not leave. One line says that `n` were held back. */
void ms_kms_audit_withdraw(struct ms_kms_audit *a, ms_usec now, size_t n);

/** Writes the lines. 0 or negative errno (counted; the lines are dropped then). */
int ms_kms_audit_flush(struct ms_kms_audit *a);

#endif
