/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vault: the role that has the keys. It opens the store, has no network, runs under a system
 * call filter, and answers the front's messages and the operator's commands on its control socket.
 *
 * vault.c the process; vault-batch.c requests in and answers out; vault-ops.c what the engine of
 * src/mikey asks; vault-manage.c and manage-*.c the operator's commands.
 */
#ifndef MS_KMS_VAULT_H
#define MS_KMS_VAULT_H

#include "daemon/control.h"
#include "kms/audit.h"
#include "kms/config.h"
#include "kms/directory.h"
#include "kms/replay.h"
#include "kms/tpk.h"
#include "loop/loop.h"
#include "mikey/kms.h"
#include "priv/chan.h"

struct ms_kms_result {
	uint64_t id;
	uint8_t answer; /* enum ms_kms_answer */
	size_t at, len; /* in batch.out */
};

/** What one round of the loop has handled and not yet answered. */
struct ms_kms_batch {
	struct ms_buf out;
	struct ms_kms_result *result; /* owned, MS_KMS_BATCH_MAX */
	size_t n;
	struct ms_defer end;
};

#define MS_KMS_BATCH_MAX 1024

struct ms_kms_vault {
	struct ms_kms_config config;
	struct ms_config *config_owner; /* owned; the texts in `config` are in it */
	struct ms_store *store;
	struct ms_kms_directory *dir;
	struct ms_kms_keyring tpks;
	struct ms_kms_replay *replay;
	struct ms_kms_audit audit;
	struct ms_mikey_local local;
	struct ms_mikey_kms engine;
	struct ms_mikey_credential *credential;
	uint8_t hash_key[16];

	struct ms_chan *parent, *link;
	struct ms_control *control;
	struct ms_control_command *commands; /* owned */
	struct ms_timer second, sync;
	struct ms_kms_batch batch;
	bool clock_reported;
	ms_usec started;
	ms_usec rotate_again, purge_again; /* not before then, by ms_loop_now() */

	/* during one ms_mikey_kms_handle() */
	ms_usec now;
	const char *reason; /* more exact than the engine's, or NULL */
	const char *user;   /* name of the user found, or NULL */
	struct ms_mikey_kms_outcome outcome;
};

/** Takes all values from a configuration: at start, and at a reload. */
void ms_kms_vault_apply(struct ms_kms_vault *v);

/**
 * Messages are remembered by their T: by the end of their window, which the engine gives, they would
 * be looked for in another place after a change of the clock skew. For the journals all times are
 * therefore earlier by this much, the clock's as well.
 */
ms_usec ms_kms_vault_window(const struct ms_kms_vault *v);

/** How far our clock is behind messages accepted before; 0: not at all. */
ms_usec ms_kms_vault_behind(const struct ms_kms_vault *v);

/** The engine's questions. */
extern const struct ms_mikey_kms_ops ms_kms_vault_ops;

/** Prepares a batch. -ENOMEM. */
MS_MUST_CHECK int ms_kms_batch_init(struct ms_kms_vault *v);
void ms_kms_batch_done(struct ms_kms_vault *v);

/** One message from the front. */
void ms_kms_batch_handle(struct ms_kms_vault *v, uint64_t id, struct ms_span body);

/** Writes journal and audit log, then answers everything handled so far. */
void ms_kms_batch_end(struct ms_kms_vault *v);

/** Fills the gauges. */
void ms_kms_vault_gauges(struct ms_kms_vault *v);

/** Listens for the operator. 0 or negative errno. */
MS_MUST_CHECK int ms_kms_manage_start(struct ms_kms_vault *v);
void ms_kms_manage_stop(struct ms_kms_vault *v);

/** Makes a new ticket protection key the current one; logs what went wrong. 0 or negative errno. */
int ms_kms_vault_rotate(struct ms_kms_vault *v, ms_usec now);

extern struct ms_log_category ms_kms_log_ticket, ms_kms_log_store;

#endif
